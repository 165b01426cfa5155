"""`Network`: a loaded model that is called with arrays."""

from __future__ import annotations

import zlib
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from lutdla.backends.protocol import Buffer
from lutdla.errors import CoreError, DeviceError, FitError, LutdlaError
from lutdla.runtime.core import Core
from lutdla.runtime.profile import Profile
from lutdla.spec.artefact import Artefact
from lutdla.spec.packets import result_bytes, run_bytes, run_parts, trailers_crc, unpack_results
from lutdla.spec.registers import COUNTERS

if TYPE_CHECKING:
    from lutdla.runtime.accelerator import Accelerator

CHUNK_BYTES = 1 << 20
"""Most bytes of one exchange, in or out, unless one pass of the program needs more: what one DMA buffer holds."""

STREAMED_CHUNK_BYTES = 8 << 20
"""The same where tables are streamed, and come again in each pass: between two exchanges the core waits for the first
frame and the first tables, so that one should be several passes."""


class Network:
    """A model on a device. Made by `Accelerator.load`; valid until another model is loaded or it is closed.

    Attributes:
        artefact: what was loaded.

    Raises:
        FitError: one pass of the program needs a longer frame than the device can carry.
    """

    def __init__(self, accelerator: Accelerator, artefact: Artefact) -> None:
        self.artefact = artefact
        self._accelerator = accelerator
        self._buffers: tuple[Buffer, Buffer] | None = None
        self._profile = Profile(config=accelerator.config, cycle_exact=accelerator.cycle_exact)
        config, backend = accelerator.config, accelerator.core().backend
        self._per_pass, self._rows = artefact.image.program.images, artefact.image.program.output_rows
        self._overhead = run_bytes(artefact.image, config, 0)
        self._pass_bytes = run_bytes(artefact.image, config, self._per_pass) - self._overhead
        self._result_bytes = result_bytes(self._per_pass, self._rows, config)
        most = max(self._overhead + self._pass_bytes, self._result_bytes)
        if most > backend.max_frame_bytes:
            raise FitError(f"{backend.name}: a pass of {self._per_pass} images and {len(artefact.image.pieces)} table "
                           f"pieces moves {most} bytes, the device's max_frame_bytes is {backend.max_frame_bytes}: "
                           "compile with fewer images in a pass or more tables in the core")
        chunk = STREAMED_CHUNK_BYTES if artefact.image.pieces else CHUNK_BYTES
        room = min(chunk, backend.max_frame_bytes) - self._overhead
        self._chunk = self._per_pass * max(1, room // max(self._pass_bytes, self._result_bytes))

    # -- calls -------------------------------------------------------------------------------------------------------
    def __call__(self, x: npt.ArrayLike, *, timeout_s: float | None = None) -> npt.NDArray[np.float32]:
        """Real results of a batch.

        Args:
            x: (batch, *input shape) real values, or int8 for values already quantized.
            timeout_s: longest wait for one exchange of 1 MiB, or of one pass where it is larger; default: the
                accelerator's.

        Returns:
            float32 (batch, outputs)

        Raises:
            InputError: wrong shape or type, or values that are not finite.
            DeviceError: closed, or another model was loaded since.
            CoreError, DeadlineError: the device failed; it is usable again afterwards.
        """
        return self.artefact.dequantize(self.raw(x, timeout_s=timeout_s))

    def raw(self, x: npt.ArrayLike, *, timeout_s: float | None = None) -> npt.NDArray[np.int32]:
        """Integer accumulators of the last layer, int32 (batch, outputs): see `__call__`."""
        values = self.artefact.quantize(x)
        timeout_s = self._accelerator.timeout(timeout_s)
        with self._accelerator.turn(timeout_s):
            return self.artefact.select(self._run_all(self._core(), values, timeout_s))

    def _run_all(self, core: Core, values: npt.NDArray[np.int8], timeout_s: float) -> npt.NDArray[np.int32]:
        """Raw results (images, rows * lanes), exchange by exchange."""
        results = np.empty((len(values), self._rows * self._accelerator.config.lanes), np.int32)
        totals, before = dict.fromkeys(COUNTERS, 0), core.counters()
        for start in range(0, len(values), self._chunk):
            part = values[start : start + self._chunk]
            results[start : start + len(part)] = self._accelerator.run(
                self, partial(self._run, values=part, timeout_s=timeout_s), timeout_s)[: len(part)]
            after = core.counters()
            for name in COUNTERS:  # a counter of 32 bits may wrap between two calls, but not within one exchange
                totals[name] += (after[name] - before[name]) & 0xFFFFFFFF
            before = after
        self._profile = self._read_profile(core, totals)
        return results

    @property
    def profile(self) -> Profile:
        """What the newest call cost; zeros before the first."""
        return self._profile

    def _run(self, core: Core, values: npt.NDArray[np.int8], timeout_s: float) -> npt.NDArray[np.int32]:
        """One exchange: raw results (images filled up to whole passes, rows * lanes)."""
        frames, config = self.artefact.frames(values), self._accelerator.config
        images = len(frames)
        outgoing, incoming = self._room(core, images // self._per_pass)
        packets = run_parts(frames, self.artefact.image, config)
        size = 0
        for packet in packets:
            outgoing[size : size + len(packet)] = np.frombuffer(packet, np.uint8)
            size += len(packet)
        expected = images // self._per_pass * self._result_bytes
        try:
            received = core.exchange(f"running {images} images", outgoing[:size], incoming[:expected], timeout_s)
        except LutdlaError:
            self._free()  # a buffer may have been the reason
            raise
        if received != expected:
            raise CoreError(f"{core.backend.name}: a run of {images} images gave {received} bytes, expected "
                            f"{expected}: results were lost on their way", "DMA")
        results = bytes(incoming[:expected])
        self._check_sums(core, trailers_crc(packets, config), zlib.crc32(results))
        return unpack_results(results, images, config)

    def _check_sums(self, core: Core, sent: int, received: int) -> None:
        """Check that the core ran what was sent, on this network, and that its results arrived as it sent them."""
        for register, value, what in (
            ("CRC_RUN", sent, "it ran on other data than was sent: a cache was not flushed, or packets were lost"),
            ("CRC_RESULT", received, "results were damaged on their way: a cache was not invalidated, or DMA failed"),
            ("MODEL", self.artefact.model_id, "the core holds another model: something else has loaded it"),
        ):
            found = core.read(register)
            if found != value:
                raise CoreError(f"{core.backend.name}: after a run, register {register} is {found:#010x}, expected "
                                f"{value:#010x}: {what}", "CRC")

    def _room(self, core: Core, passes: int) -> tuple[Buffer, Buffer]:
        """DMA buffers for a chunk of passes: kept, and replaced by larger ones when needed."""
        sizes = self._overhead + passes * self._pass_bytes, passes * self._result_bytes
        if self._buffers is None or any(len(have) < need for have, need in zip(self._buffers, sizes)):
            self._free()
            self._buffers = core.backend.allocate(sizes[0]), core.backend.allocate(sizes[1])
        return self._buffers

    def _read_profile(self, core: Core, totals: dict[str, int]) -> Profile:
        exact, records = self._accelerator.cycle_exact, []
        if exact and totals["IMAGES"]:
            names = self.artefact.layers or [f"record {i}" for i in range(len(self.artefact.image.program.records))]
            for row, name in enumerate(names):
                core.write("PROFILE_ROW", ROW=row)
                records.append((name, core.read("PROFILE_CYCLES")))
        counted = {name.lower(): value for name, value in totals.items()}
        return Profile(config=self._accelerator.config, cycle_exact=exact, records=tuple(records), **counted)

    def _core(self) -> Core:
        core = self._accelerator.core()
        if self._accelerator.network is not self:
            raise DeviceError("this network is not on the device any more: it was closed or another model was loaded, "
                              "load it again with Accelerator.load")
        return core

    # -- end ---------------------------------------------------------------------------------------------------------
    def close(self) -> None:
        """Free the buffers; may be called twice. The accelerator stays open."""
        self._accelerator.forget(self)
        self._free()

    def _free(self) -> None:
        if self._buffers is not None and self._accelerator.is_open:
            for buffer in self._buffers:
                self._accelerator.core().backend.free(buffer)
        self._buffers = None

    def __enter__(self) -> Network:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
