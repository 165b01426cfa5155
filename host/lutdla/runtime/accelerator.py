"""`Accelerator`: an opened device."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, overload

import numpy as np

from lutdla.backends.protocol import Backend
from lutdla.errors import DeviceError, FitError, InputError
from lutdla.runtime.core import Core, error_text
from lutdla.runtime.network import Network
from lutdla.runtime.pipeline import PipelineNetwork
from lutdla.spec.artefact import Artefact
from lutdla.spec.config import CoreConfig
from lutdla.spec.packets import load_packets, memory_crcs
from lutdla.spec.pipeline import Pipeline, load_model
from lutdla.spec.registers import MEMORY_CRCS

TIMEOUTS_S = {"emulator": 60.0, "rtl": 600.0, "myhdl": 600.0, "pynq": 60.0}
"""Back end -> longest wait for one exchange, unless the caller says otherwise; simulators are slow."""


class Accelerator:
    """A device, checked when it is opened. Made by `lutdla.open`; close it, or use it in a `with` statement.

    Args:
        name: of the back end, for messages and the usual deadline.
        backend: the device, closed with the accelerator. None: a model that can be any core; it is built when it is
            first needed, for the configuration of the artefact that is loaded, and again for one that does not fit.
        build: opens such a model for a configuration.
        timeout_s: longest wait for one exchange; None: `TIMEOUTS_S`.

    Raises:
        DeviceError: the device is no core, or one that this version does not drive.
    """

    def __init__(self, name: str, backend: Backend | None, *, build: Callable[[CoreConfig], Backend] | None = None,
                 timeout_s: float | None = None) -> None:
        self.name = name
        self._build = build
        self._timeout_s = TIMEOUTS_S.get(name, 60.0) if timeout_s is None else _positive(timeout_s)
        self._core: Core | None = None
        self._config: CoreConfig | None = None
        self._network: Network | None = None
        self._pipeline: PipelineNetwork | None = None
        self._closed = False
        if backend is not None:
            self._attach(backend)

    def _attach(self, backend: Backend) -> Core:
        core = Core(backend)
        try:
            self._config = core.identify()
            core.recover()  # whatever an earlier user left behind
        except BaseException:
            backend.close()
            raise
        self._core = core
        return core

    def _detach(self) -> None:
        if self._network is not None:
            self._network.close()
        if self._core is not None:
            self._core.backend.close()
        self._core = self._config = None

    # -- state -------------------------------------------------------------------------------------------------------
    @property
    def config(self) -> CoreConfig:
        """The core's configuration, read from its capability registers."""
        self.core()
        assert self._config is not None
        return self._config

    @property
    def cycle_exact(self) -> bool:
        """Whether cycle counters are those of hardware."""
        return self.core().backend.cycle_exact

    @property
    def is_open(self) -> bool:
        """Whether the device can be used."""
        return not self._closed

    @property
    def network(self) -> Network | None:
        """The network on the device, None without one."""
        return self._network

    @property
    def pipeline(self) -> PipelineNetwork | None:
        """The pipeline that was loaded, whose parts take turns on the device; None without one."""
        return self._pipeline

    def core(self) -> Core:
        """The core's registers and streams.

        Raises:
            DeviceError: the accelerator is closed.
        """
        if self._closed:
            raise DeviceError("this accelerator is closed: open it again with lutdla.open")
        if self._core is None:
            return self._model(CoreConfig())
        return self._core

    def _model(self, config: CoreConfig) -> Core:
        """The model of a core, built for a configuration; whatever was on the old one ends."""
        assert self._build is not None
        self._detach()
        return self._attach(self._build(config))

    def timeout(self, timeout_s: float | None) -> float:
        """A caller's deadline in seconds, or the accelerator's."""
        return self._timeout_s if timeout_s is None else _positive(timeout_s)

    def status(self) -> dict[str, Any]:
        """State of the core: fields of STATUS, the error in words, counters, and the model's identifier."""
        core = self.core()
        return {
            "backend": self.name, **{name.lower(): value for name, value in core.fields("STATUS").items()},
            "error": error_text(core.fields("ERROR")["CODE"]), "model": f"{core.read('MODEL'):08x}",
            "streams": core.backend.stream_status(),
            **{name.lower(): value for name, value in core.counters().items()},
        }  # fmt: skip

    # -- models ------------------------------------------------------------------------------------------------------
    @overload
    def load(self, model: Artefact, *, timeout_s: float | None = None) -> Network: ...
    @overload
    def load(self, model: Pipeline, *, timeout_s: float | None = None) -> PipelineNetwork: ...
    @overload
    def load(self, model: str | Path, *, timeout_s: float | None = None) -> Any: ...
    def load(self, model: str | Path | Artefact | Pipeline, *, timeout_s: float | None = None) -> Any:
        """Load a model by DMA and check what arrived; networks loaded earlier end.

        A pipeline's parts are checked now, and loaded when their turn comes.

        Args:
            model: an artefact or a pipeline, or its file.
            timeout_s: longest wait for the transfer.

        Returns:
            a `Network`, of a pipeline a `PipelineNetwork`

        Raises:
            ArtefactError: the file is no whole artefact or pipeline, or a pipeline has steps that cannot be computed.
            FitError: this core cannot hold the model, or its DMA not one pass of it: names what, need, limit and fix.
            DeviceError: closed, or the device holds something else than what was sent.
            CoreError, DeadlineError: the transfer failed; the device is usable again afterwards.
        """
        if self._closed:
            self.core()  # raises
        timeout_s = self.timeout(timeout_s)
        if not isinstance(model, Artefact | Pipeline):
            model = load_model(model)
        if isinstance(model, Pipeline):
            return self._take(model)
        network = self._load(model, timeout_s)
        self._pipeline = None
        return network

    def _take(self, pipeline: Pipeline) -> PipelineNetwork:
        """Make a pipeline the loaded one."""
        network = PipelineNetwork(self, pipeline)
        if self._build is None:
            for name, artefact in pipeline.parts.items():
                try:
                    artefact.check_fits(self.config)
                except FitError as error:
                    raise FitError(f"part {name}: {error}") from error
        if self._network is not None:
            self._network.close()
        self._pipeline = network
        return network

    def load_part(self, owner: PipelineNetwork, artefact: Artefact,
                  timeout_s: float | None) -> tuple[Network, bool]:
        """The network of a part of the loaded pipeline, loaded if it is not on the core: called by the pipeline.

        Returns:
            the network, and whether it had to be loaded
        """
        if self._pipeline is not owner:
            raise DeviceError("another model was loaded while a pipeline ran: load the pipeline again")
        if self._network is not None and self._network.artefact is artefact:
            return self._network, False
        return self._load(artefact, self.timeout(timeout_s)), True

    def _load(self, artefact: Artefact, timeout_s: float) -> Network:
        core = self._core_for(artefact)
        network = Network(self, artefact)
        if self._network is not None:
            self._network.close()
        for frame in _frames(load_packets(artefact.image, self.config, artefact.model_id), core.backend):
            self._send(core, frame, timeout_s)
        core.wait_loaded(timeout_s)
        self._check_loaded(core, artefact)
        self._network = network
        return network

    def _core_for(self, artefact: Artefact) -> Core:
        """The core, checked that it can hold a model; where the device can be any core, one that can."""
        if self._core is None:
            return self._model(artefact.config)
        try:
            artefact.check_fits(self.config)
        except FitError:
            if self._build is None:
                raise
            return self._model(artefact.config)
        return self._core

    @staticmethod
    def _send(core: Core, frame: bytes, timeout_s: float) -> None:
        buffer = core.backend.allocate(len(frame))
        try:
            buffer[: len(frame)] = np.frombuffer(frame, np.uint8)
            core.exchange(f"loading {len(frame)} bytes", buffer[: len(frame)], None, timeout_s)
        finally:
            core.backend.free(buffer)

    def _check_loaded(self, core: Core, artefact: Artefact) -> None:
        expected = {MEMORY_CRCS[memory]: crc for memory, crc in memory_crcs(artefact.image, self.config).items()}
        for register, value in {**expected, "MODEL": artefact.model_id}.items():
            found = core.read(register)
            if found != value:
                raise DeviceError(f"{core.backend.name}: after loading, register {register} is {found:#010x}, expected "
                                  f"{value:#010x}: the data was damaged on its way, load it again")

    def forget(self, network: Network) -> None:
        """End a network: called by `Network.close`."""
        if self._network is network:
            self._network = None

    def forget_pipeline(self, pipeline: PipelineNetwork) -> None:
        """End a pipeline: called by `PipelineNetwork.close`."""
        if self._pipeline is pipeline:
            self._pipeline = None
            if self._network is not None:
                self._network.close()

    # -- end ---------------------------------------------------------------------------------------------------------
    def close(self) -> None:
        """Free the device and everything on it; may be called twice."""
        self._detach()
        self._closed = True

    def __enter__(self) -> Accelerator:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _frames(packets: list[bytes], backend: Backend) -> Iterator[bytes]:
    """Packets joined to frames as long as the back end can carry."""
    frame: list[bytes] = []
    size = 0
    for packet in packets:
        if frame and size + len(packet) > backend.max_frame_bytes:
            yield b"".join(frame)
            frame, size = [], 0
        frame.append(packet)
        size += len(packet)
    yield b"".join(frame)


def _positive(timeout_s: float) -> float:
    if not timeout_s > 0:
        raise InputError(f"timeout_s is {timeout_s}: it must be more than 0 seconds")
    return timeout_s
