"""`EmulatedDevice`: the pynq device. The real Overlay, DefaultIP, DMA, MMIO and allocate run over it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message="Pynq does not support the CPU Architecture")
    import pynq.ps
    from pynq.pl_server.device import Device

from lutdla.backends.protocol import CoreModel
from lutdla.emulation.dma import AxiDma
from lutdla.emulation.memory import Ddr, EmulatedMemory, copy_from_ddr, copy_to_ddr
from lutdla.emulation.metadata import forget_clocks, read_metadata
from lutdla.emulation.ps import attach_clocks
from lutdla.emulation.registers import AddressMap, RegisterArray, WordRegisters
from lutdla.errors import DeviceError
from lutdla.spec.config import CoreConfig

CORE_TYPE = "lutdla:ip:lutdla_core"
DMA_TYPE = "xilinx.com:ip:axi_dma"
INTERRUPTS_TYPE = "xilinx.com:ip:axi_intc"
"""Its registers can be set; no interrupt comes."""

MakeModel = Callable[[CoreConfig], CoreModel]

ENVIRONMENT = "LUTDLA_EMULATE"
"""When this variable is set and not empty, pynq finds an emulated device by itself."""


class CoreRegisters:
    """The core's AXI4-Lite registers on the bus."""

    def __init__(self, model: CoreModel) -> None:
        self.model = model

    def read(self, offset: int) -> int:
        """The register at a byte offset."""
        return self.model.read_register(offset)

    def write(self, offset: int, value: int) -> None:
        """Write the register at a byte offset."""
        self.model.write_register(offset, value)


class EmulatedDevice(Device):  # type: ignore[misc]  # pynq has no types
    """A PYNQ board whose programmable logic is a model.

    An overlay's hwh decides what is on the bus: the lutdla core becomes a model made by `make_model` for the
    configuration that the IP's parameters describe, the AXI DMA is joined to its streams, any other IP is absent
    (an access to it raises). As on a board, nothing is there before an overlay has been downloaded.

    Args:
        make_model: makes the core; called when an overlay is loaded. None: `lutdla.backends.emulator.EmulatorModel`.
        arch: armv7l (Zynq-7000) or aarch64 (Zynq UltraScale+).
        name: of the board, as PYNQ images call it.
        ddr_mib: size of DDR.
        poll_limit: see `AxiDma`.
    """

    shared = False
    """Other processes cannot see it, so no lock is needed."""

    _probe_priority_: int | None = 10  # a lower number is asked first; pynq's own devices have 40, 50, 100, 200

    @classmethod
    def _probe_(cls) -> list[EmulatedDevice]:
        # a user's own program may call wait(), which must not spin for ever
        return [cls(poll_limit=1_000_000)] if os.environ.get(ENVIRONMENT) else []

    def __init__(self, make_model: MakeModel | None = None, *, arch: str = "armv7l", name: str = "Pynq-Z2",
                 ddr_mib: int = 512, tag: str = "emulated", poll_limit: int | None = None) -> None:  # fmt: skip
        if arch not in (pynq.ps.ZYNQ_ARCH, pynq.ps.ZU_ARCH):
            raise DeviceError(f"arch is {arch!r}: use {pynq.ps.ZYNQ_ARCH} or {pynq.ps.ZU_ARCH}")
        super().__init__(tag)
        self.name, self.arch = name, arch
        self.capabilities = {"MEMORY_MAPPED": True, "REGISTER_RW": True}
        self.bitfile_name: str | None = None
        self.timestamp = ""
        self.bus = AddressMap()
        self.ddr = Ddr(ddr_mib << 20)
        self.model: CoreModel | None = None
        self.dma: AxiDma | None = None
        self._make_model, self._poll_limit = make_model or _emulator_model, poll_limit
        attach_clocks(self.bus, arch)

    @property
    def cycle_exact(self) -> bool:
        """Whether the core's cycle counters are those of the hardware."""
        return self.model is not None and self.model.cycle_exact

    # -- registers -------------------------------------------------------------------------------------------------
    def mmap(self, base_addr: int, length: int) -> RegisterArray:
        """The registers at an address, as pynq.MMIO uses them."""
        self.bus.find(base_addr)
        return RegisterArray(self.bus, base_addr, length)

    def read_registers(self, address: int, length: int) -> bytes:
        """Registers as bytes; part of pynq's interface of a device."""
        words = [self.bus.read(address + offset) for offset in range(0, length, 4)]
        return np.array(words, "<u4").tobytes()

    def write_registers(self, address: int, data: bytes) -> None:
        """Write registers from bytes; part of pynq's interface of a device."""
        for i, word in enumerate(np.frombuffer(data, "<u4")):
            self.bus.write(address + 4 * i, int(word))

    # -- buffers ---------------------------------------------------------------------------------------------------
    @property
    def default_memory(self) -> EmulatedMemory:
        """DDR, from which pynq.allocate takes buffers."""
        return self.get_memory({"base_address": 0, "size": self.ddr.size})

    def get_memory(self, description: dict[str, Any]) -> EmulatedMemory:
        """The memory that a description in mem_dict means: DDR, there is no other."""
        return EmulatedMemory(self, description)

    def flush(self, bo: tuple[int, npt.NDArray[np.uint8]], offset: int, vaddr: int, nbytes: int) -> None:
        """Cache flush of a part of a buffer; `vaddr` is not needed."""
        copy_to_ddr(self.ddr, bo, offset, nbytes)

    def invalidate(self, bo: tuple[int, npt.NDArray[np.uint8]], offset: int, vaddr: int, nbytes: int) -> None:
        """Cache invalidation of a part of a buffer; `vaddr` is not needed."""
        copy_from_ddr(self.ddr, bo, offset, nbytes)

    # -- overlays --------------------------------------------------------------------------------------------------
    def get_bitfile_metadata(self, bitfile_name: str, partial: bool = False) -> Any:
        """The metadata that pynq's own parser finds in the hwh beside the bit file.

        Raises:
            DeviceError: no hwh there.
        """
        return read_metadata(bitfile_name, self.ddr.size)

    def set_bitfile_name(self, bitfile_name: str) -> None:
        """Read an overlay's metadata; called by Overlay before it downloads or attaches."""
        super().set_bitfile_name(bitfile_name)
        forget_clocks()

    def download(self, bitstream: Any, parser: Any = None) -> None:
        """Load an overlay: every IP starts anew."""
        if bitstream.partial:
            raise DeviceError("the emulated device has no partial reconfiguration: load a whole overlay")
        self.close()
        self.attach_overlay()
        self.post_download(bitstream, parser, self.name)

    def attach_overlay(self) -> None:
        """Put on the bus what the hwh names; `set_bitfile_name` has read it."""
        by_type = {entry["type"].rpartition(":")[0]: entry for entry in self.ip_dict.values() if entry.get("type")}
        core, dma, interrupts = (by_type.get(kind) for kind in (CORE_TYPE, DMA_TYPE, INTERRUPTS_TYPE))
        if interrupts is not None:
            self.bus.attach("interrupts", interrupts["phys_addr"], interrupts["addr_range"], WordRegisters())
        if core is not None:
            self.model = self._make_model(config_of(core["parameters"]))
            self.bus.attach("lutdla", core["phys_addr"], core["addr_range"], CoreRegisters(self.model))
        if self.model is not None and dma is not None:
            self.dma = AxiDma(self.ddr, self.model, dma["parameters"], self._poll_limit)
            self.bus.attach("dma", dma["phys_addr"], dma["addr_range"], self.dma)

    def shutdown(self) -> None:
        """Nothing to shut down before a download; pynq's own looks for the files of a board."""

    def gen_cache(self, bitstream: Any, parser: Any = None) -> None:
        """No metadata cache: the hwh is read each time."""

    def close(self) -> None:
        """Empty the programmable logic and free the model; may be called twice."""
        for name in ("lutdla", "dma", "interrupts"):
            self.bus.detach(name)
        if self.model is not None:
            self.model.close()
        self.model = self.dma = None


def config_of(parameters: dict[str, str]) -> CoreConfig:
    """The configuration that the parameters of a lutdla IP in a hwh describe.

    Raises:
        DeviceError: a field is missing.
        ConfigError: impossible values.
    """
    values: dict[str, Any] = {}
    for name, default in CoreConfig().to_dict().items():
        if name.upper() not in parameters:
            raise DeviceError(f"the hwh's lutdla IP has no parameter {name.upper()}: write the hwh again")
        text = parameters[name.upper()]
        values[name] = text if isinstance(default, str) else int(text, 0)
    return CoreConfig.from_dict(values)


def _emulator_model(config: CoreConfig) -> CoreModel:
    from lutdla.backends.emulator import EmulatorModel

    return EmulatorModel(config)
