"""`Accelerator`: an opened device."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, overload

from lutdla.backends.protocol import Backend
from lutdla.errors import CoreError, DeadlineError, DeviceError, FitError, InputError
from lutdla.runtime.core import Core, error_text
from lutdla.runtime.loading import holds, send_model
from lutdla.runtime.network import Network
from lutdla.runtime.pipeline import PipelineNetwork
from lutdla.runtime.recovery import RetryPolicy
from lutdla.spec.artefact import Artefact
from lutdla.spec.config import CoreConfig
from lutdla.spec.pipeline import Pipeline, load_model

TIMEOUTS_S = {"emulator": 60.0, "rtl": 600.0, "myhdl": 600.0, "pynq": 60.0}
"""Back end -> longest wait for one exchange, unless the caller says otherwise; simulators are slow."""


class Accelerator:
    """A device, checked when it is opened. Made by `lutdla.open`; close it, or use it in a `with` statement.

    Threads may share one: each call has the device for itself, others wait for it, never longer than their deadline.

    Args:
        name: of the back end, for messages and the usual deadline.
        backend: the device, closed with the accelerator. None: a model that can be any core; it is built when it is
            first needed, for the configuration of the artefact that is loaded, and again for one that does not fit.
        build: opens such a model for a configuration.
        timeout_s: longest wait for one exchange; None: `TIMEOUTS_S`.
        retries: times that a load or an exchange which the core or the DMA refused is tried again.

    Attributes:
        policy: the retries, and the errors that they mended.

    Raises:
        DeviceError: the device is no core, or one that this version does not drive.
    """

    def __init__(self, name: str, backend: Backend | None, *, build: Callable[[CoreConfig], Backend] | None = None,
                 timeout_s: float | None = None, retries: int = 1) -> None:
        self.name = name
        self.policy = RetryPolicy(retries)
        self._lock, self._holder = threading.RLock(), ""
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

    @contextmanager
    def turn(self, timeout_s: float | None = None) -> Iterator[None]:
        """The device for this thread only, until the end of the `with` statement.

        Raises:
            DeadlineError: another thread did not leave it within `timeout_s`.
        """
        wait = self.timeout(timeout_s)
        if not self._lock.acquire(timeout=wait):
            raise DeadlineError(f"{self.name}: thread {self._holder} has used this accelerator for all of {wait:g} s: "
                                "give a longer timeout_s, smaller batches, or each thread an accelerator of its own")
        try:
            self._holder = threading.current_thread().name
            yield
        finally:
            self._lock.release()

    def status(self) -> dict[str, Any]:
        """State of the core: fields of STATUS, the error in words, counters, and the model's identifier.

        `recoveries` counts the errors that a retry mended (at most the 100 newest): `policy` has their texts.
        """
        with self.turn():
            core = self.core()
            return {
                "backend": self.name, **{name.lower(): value for name, value in core.fields("STATUS").items()},
                "error": error_text(core.fields("ERROR")["CODE"]), "model": f"{core.read('MODEL'):08x}",
                "streams": core.backend.stream_status(), "recoveries": len(self.policy.recoveries),
                **{name.lower(): value for name, value in core.counters().items()},
            }  # fmt: skip

    def recover(self, timeout_s: float | None = None) -> None:
        """Bring the device back after an error: streams empty, no error, and the network that was loaded still there.

        Core and DMA are reset, in this order; if the core is still the one that was opened but does not hold the
        network any more, that is loaded again. Calls do all this by themselves when they fail; this is for a device
        that something else has disturbed.

        Args:
            timeout_s: longest wait for one exchange.

        Raises:
            DeviceError: closed, or the device is another one than was opened: another overlay was downloaded.
            CoreError, DeadlineError: it does not come back: close it and open it again, with the overlay's path.
        """
        with self.turn(timeout_s):
            core = self.core()
            core.recover()
            found = core.identify()
            if found != self._config:
                raise DeviceError(f"{self.name}: the core was opened as ({self._config}), now it is ({found}): another "
                                  "overlay was downloaded meanwhile, close this accelerator and open it again")
            if self._network is not None:
                self._restore(core, self._network.artefact, self.timeout(timeout_s))

    def _restore(self, core: Core, artefact: Artefact, timeout_s: float) -> None:
        """Idle, with this model on the core."""
        core.recover()
        if not holds(core, artefact, self.config):
            send_model(core, artefact, self.config, timeout_s)

    def run(self, network: Network, exchange: Callable[[Core], Any], timeout_s: float) -> Any:
        """An exchange of the loaded network, tried again as `policy` says; called by the network."""
        core = self.core()
        try:
            return self.policy.run(lambda: exchange(core), lambda: self._restore(core, network.artefact, timeout_s))
        except CoreError:
            core.recover()
            raise

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
        with self.turn(timeout_s):
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
        self._network = None  # from here on it is gone, whatever comes
        self.policy.run(lambda: send_model(core, artefact, self.config, timeout_s), core.recover)
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
        """Free the device and everything on it; may be called twice.

        Raises:
            DeadlineError: another thread uses it for longer than the accelerator's deadline.
        """
        with self.turn():
            self._detach()
            self._closed = True

    def __enter__(self) -> Accelerator:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _positive(timeout_s: float) -> float:
    if not timeout_s > 0:
        raise InputError(f"timeout_s is {timeout_s}: it must be more than 0 seconds")
    return timeout_s
