"""`Network`: a loaded model that is called with arrays."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lutdla.backends.protocol import Buffer
from lutdla.errors import CoreError, DeviceError, FitError, LutdlaError
from lutdla.native.crc import crc32
from lutdla.runtime.core import Core
from lutdla.runtime.profile import Profile
from lutdla.runtime.quantize import quantize
from lutdla.runtime.run_frame import RunFrame
from lutdla.spec.artefact import Artefact
from lutdla.spec.packets import result_bytes, run_bytes, unpack_results
from lutdla.spec.registers import COUNTERS

if TYPE_CHECKING:
    from lutdla.runtime.accelerator import Accelerator
    from lutdla.runtime.watch import Watch

STREAMED_CHUNK_BYTES = 8 << 20
"""Most bytes of one exchange where tables are streamed, and come again in each pass: between two exchanges the core
waits for the first frame and the first tables, so that one should be several passes. Elsewhere the back end says what
suits it."""


@dataclass
class _Slot:
    """Buffers of an exchange, kept from call to call. Two take turns: one is filled while the device has the other."""

    outgoing: Buffer
    incoming: Buffer
    frame: RunFrame

    def free(self, core: Core) -> None:
        for buffer in (self.outgoing, self.incoming):
            core.backend.free(buffer)


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
        self._slots: dict[int, _Slot] = {}
        self._filled: dict[int, _Slot] = {}  # first image of an exchange -> where it is
        self._measured: dict[str, Any] = {}
        """Fields of `Profile`: made when someone asks for it."""
        self._exact, self._config = accelerator.cycle_exact, accelerator.config
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
        chunk = STREAMED_CHUNK_BYTES if artefact.image.pieces else backend.usual_frame_bytes
        room = min(chunk, backend.max_frame_bytes) - self._overhead
        self._chunk = self._per_pass * max(1, room // max(self._pass_bytes, self._result_bytes))

    # -- calls -------------------------------------------------------------------------------------------------------
    def __call__(self, x: npt.ArrayLike, *, timeout_s: float | None = None) -> npt.NDArray[np.float32]:
        """Real results of a batch.

        Args:
            x: (batch, *input shape) real values, or int8 for values already quantized.
            timeout_s: longest wait for one exchange of 1 MiB (of 4 on the emulator), or of one pass where it is
                larger; default: the accelerator's.

        Returns:
            float32 (batch, outputs)

        Raises:
            InputError: wrong shape or type, or values that are not finite.
            DeviceError: closed, or another model was loaded since.
            CoreError, DeadlineError: the device failed; it is usable again afterwards.
        """
        raw = self.raw(x, timeout_s=timeout_s)
        begin = time.perf_counter()
        results = self.artefact.dequantize(raw)
        self._measured["host_s"] += time.perf_counter() - begin
        return results

    def raw(self, x: npt.ArrayLike, *, timeout_s: float | None = None) -> npt.NDArray[np.int32]:
        """Integer accumulators of the last layer, int32 (batch, outputs): see `__call__`."""
        begin = time.perf_counter()
        inputs = self.artefact.accept(x)
        timeout_s = self._accelerator.timeout(timeout_s)
        with self._accelerator.turn(timeout_s):
            return self.artefact.select(self._run_all(self._core(), inputs, timeout_s, begin))

    def _run_all(self, core: Core, inputs: npt.NDArray[Any], timeout_s: float,
                 begin: float) -> npt.NDArray[np.int32]:
        """Raw results (batch, rows * lanes) of accepted inputs (batch, values), exchange by exchange."""
        results = np.empty((len(inputs), self._rows * self._config.lanes), np.int32)
        totals, before = dict.fromkeys(COUNTERS, 0), core.counters()
        self._filled.clear()
        self._exchange_s = 0.0
        for start in range(0, len(inputs), self._chunk):
            into = results[start : start + self._chunk]
            self._accelerator.run(self, partial(self._run, inputs=inputs, start=start, results=into,
                                                timeout_s=timeout_s), timeout_s)
            after = core.counters()
            for name in COUNTERS:  # a counter of 32 bits may wrap between two calls, but not within one exchange
                totals[name] += (after[name] - before[name]) & 0xFFFFFFFF
            before = after
        self._measured = {name.lower(): value for name, value in totals.items()} | {
            "records": self._read_records(core) if self._exact and totals["IMAGES"] else (),
            "exchange_s": self._exchange_s, "host_s": time.perf_counter() - begin - self._exchange_s,
        }  # fmt: skip
        return results

    @property
    def profile(self) -> Profile:
        """What the newest call cost; zeros before the first."""
        return Profile(config=self._config, cycle_exact=self._exact, **self._measured)

    def _run(self, core: Core, inputs: npt.NDArray[Any], start: int, results: npt.NDArray[np.int32],
             timeout_s: float) -> None:
        """One exchange: raw results of the inputs from `start` on; while the device works, the next is prepared."""
        config, following = self._config, start + self._chunk
        if start not in self._filled:
            self._fill(core, inputs, start)
        slot = self._filled[start]
        host_s = 0.0

        def prepare_next() -> None:
            nonlocal host_s
            begin = time.perf_counter()
            if following < len(inputs) and following not in self._filled:
                self._fill(core, inputs, following)
            host_s = time.perf_counter() - begin

        images = slot.frame.images
        expected, begin = images // self._per_pass * self._result_bytes, time.perf_counter()
        try:
            received = core.exchange(f"running {images} images", slot.frame.bytes, slot.incoming[:expected], timeout_s,
                                     prepare_next)
        except LutdlaError:
            self._free()  # a buffer may have been the reason
            raise
        finally:
            self._exchange_s += time.perf_counter() - begin - host_s
        if received != expected:
            raise CoreError(f"{core.backend.name}: a run of {images} images gave {received} bytes, expected "
                            f"{expected}: results were lost on their way", "DMA")
        arrived = np.asarray(slot.incoming)[:expected]
        self._check_sums(core, slot.frame.crc(), crc32(arrived))
        results[:] = unpack_results(arrived, images, config)[: len(results)]
        del self._filled[start]

    def _fill(self, core: Core, inputs: npt.NDArray[Any], start: int) -> None:
        """Prepare the exchange of inputs from `start` on, in the buffers that the one before the last used."""
        values = quantize(self.artefact, inputs[start : start + self._chunk])
        number, images = start // self._chunk % 2, len(values) + -len(values) % self._per_pass
        sizes = (self._overhead + images // self._per_pass * self._pass_bytes,
                 images // self._per_pass * self._result_bytes)
        slot = self._slots.get(number)
        if slot is None or len(slot.outgoing) < sizes[0] or len(slot.incoming) < sizes[1]:
            if slot is not None:
                del self._slots[number]
                slot.free(core)
            outgoing = core.backend.allocate(sizes[0])
            incoming = core.backend.allocate(sizes[1])
            slot = self._slots[number] = _Slot(
                outgoing, incoming, RunFrame(outgoing, self.artefact, self._config, images))
        elif slot.frame.images != images:
            slot.frame = RunFrame(slot.outgoing, self.artefact, self._config, images)
        slot.frame.fill(values)
        self._filled[start] = slot

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

    def _read_records(self, core: Core) -> tuple[tuple[str, int], ...]:
        """Name of each record's layer, and its cycles in the newest pass."""
        names = self.artefact.layers or [f"record {i}" for i in range(len(self.artefact.image.program.records))]
        records = []
        for row, name in enumerate(names):
            core.write("PROFILE_ROW", ROW=row)
            records.append((name, core.read("PROFILE_CYCLES")))
        return tuple(records)

    def _core(self) -> Core:
        core = self._accelerator.core()
        if self._accelerator.network is not self:
            raise DeviceError("this network is not on the device any more: it was closed or another model was loaded, "
                              "load it again with Accelerator.load")
        return core

    def watch(self, images: Any, *, labels: npt.ArrayLike | None = None, **options: Any) -> Watch:
        """Run images batch by batch with a live view of figures: iterate over it, or call its `run()`.

        Args:
            images: (images, *input shape), or an iterator of batches.
            labels: class numbers (images,).
            options: batch, names, view, every_s, timeout_s: see `lutdla.runtime.watch.Watch`.
        """
        from lutdla.runtime.watch import Watch

        return Watch(self, images, labels=labels, **options)

    # -- end ---------------------------------------------------------------------------------------------------------
    def close(self) -> None:
        """Free the buffers; may be called twice. The accelerator stays open."""
        self._accelerator.forget(self)
        self._free()

    def _free(self) -> None:
        slots, self._slots = self._slots, {}
        self._filled.clear()
        if self._accelerator.is_open:
            for slot in slots.values():
                slot.free(self._accelerator.core())

    def __enter__(self) -> Network:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
