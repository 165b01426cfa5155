"""`FaultyDevice`: the emulated PYNQ device with room for one fault at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lutdla.backends.protocol import CoreModel
from lutdla.emulation.device import EmulatedDevice, MakeModel
from lutdla.emulation.memory import EmulatedBuffer, EmulatedMemory
from lutdla.emulation.registers import Target
from lutdla.faults.fault import Fault
from lutdla.spec.artefact import Artefact
from lutdla.spec.config import CoreConfig


class FaultyModel:
    """A `CoreModel` whose streams and registers pass through the device's fault."""

    def __init__(self, device: FaultyDevice, model: CoreModel) -> None:
        self._device, self._model = device, model

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def read_register(self, offset: int) -> int:
        """A register of the core, as the fault shows it."""
        return self._device.fault.read("core", offset, self._model.read_register(offset)) & 0xFFFF_FFFF

    def write_register(self, offset: int, value: int) -> None:
        """A write to the core, unless the fault loses it."""
        changed = self._device.fault.write("core", offset, value)
        if changed is not None:
            self._model.write_register(offset, changed)

    def send(self, frame: bytes) -> None:
        """Frames to the core, as the fault makes them arrive."""
        for arriving in self._device.fault.send(frame):
            if arriving:
                self._model.send(arriving)

    def sent(self) -> bool:
        """Whether the DMA has got rid of everything."""
        return self._device.fault.sent(self._model.sent())

    def receive(self) -> bytes | None:
        """A result frame, as the fault makes it arrive."""
        frame = self._model.receive()
        arriving = self._device.fault.receive(frame)
        if frame is not None:
            self._device.last_result = frame
        return arriving

    def step(self) -> None:
        """Let time pass."""
        self._device.fault.step()
        self._model.step()


class FaultyRegisters:
    """The DMA's registers through the device's fault."""

    def __init__(self, device: FaultyDevice, target: Target) -> None:
        self._device, self._target = device, target

    def read(self, offset: int) -> int:
        """A register, as the fault shows it."""
        return self._device.fault.read("dma", offset, self._target.read(offset))

    def write(self, offset: int, value: int) -> None:
        """A write, unless the fault loses it."""
        changed = self._device.fault.write("dma", offset, value)
        if changed is not None:
            self._target.write(offset, changed)


class FaultyMemory(EmulatedMemory):
    """DDR whose new buffers pass through the device's fault."""

    def allocate(self, *arguments: Any, **options: Any) -> EmulatedBuffer:
        """A buffer that may not be where it should."""
        buffer = super().allocate(*arguments, **options)
        true = buffer.device_address
        try:
            buffer.device_address = self.device.fault.address(true)
        except (OSError, RuntimeError):
            self.device.ddr.free(true)
            raise
        return buffer


class FaultyDevice(EmulatedDevice):
    """An emulated device in which something goes wrong.

    Attributes:
        fault: what can happen now; `Fault` alone is none.
        whole: the core without any fault.
        last_result: the newest result frame, as the core sent it.
        strangers: models that somebody else may load.
    """

    _probe_priority_ = None  # pynq does not find it by itself

    def __init__(self, make_model: MakeModel | None = None, strangers: tuple[Artefact, ...] = (),
                 **options: Any) -> None:  # fmt: skip
        super().__init__(make_model, **options)
        self.fault: Fault
        self.calm()
        self.strangers = strangers
        self.last_result: bytes | None = None
        make = self._make_model

        def wrapped(config: CoreConfig) -> CoreModel:
            self.config, self.whole = config, make(config)
            return FaultyModel(self, self.whole)

        self._make_model = wrapped

    def calm(self) -> None:
        """Let nothing go wrong any more."""
        from random import Random

        if hasattr(self, "fault"):
            self.fault.disarm()
        self.fault = Fault(Random(0))

    def strike(self, fault: Fault) -> None:
        """Let something go wrong soon."""
        self.calm()
        self.fault = fault
        fault.arm(self)

    def attach_overlay(self) -> None:
        """As always, with the fault before the DMA."""
        super().attach_overlay()
        if self.dma is not None:
            entry = next(e for e in self.ip_dict.values() if str(e.get("type")).startswith("xilinx.com:ip:axi_dma"))
            self.bus.attach("dma", entry["phys_addr"], entry["addr_range"], FaultyRegisters(self, self.dma))

    def get_memory(self, description: dict[str, Any]) -> EmulatedMemory:
        """DDR with the fault in front."""
        return FaultyMemory(self, description)

    def flush(self, bo: tuple[int, npt.NDArray[np.uint8]], offset: int, vaddr: int, nbytes: int) -> None:
        """Cache flush, as far as the fault lets it go."""
        super().flush(bo, offset, vaddr, self.fault.flush(nbytes))

    def invalidate(self, bo: tuple[int, npt.NDArray[np.uint8]], offset: int, vaddr: int, nbytes: int) -> None:
        """Cache invalidate, as far as the fault lets it go."""
        super().invalidate(bo, offset, vaddr, self.fault.invalidate(nbytes))
