"""Emulated PYNQ device: the real `pynq` package runs over a `CoreModel`, with DDR, caches, DMA and clocks modelled.

    pynq Overlay, DefaultIP, DMA, MMIO, RegisterMap, Clocks, allocate     (the real package)
      EmulatedDevice    device.py     what pynq asks of a device
        AddressMap      registers.py  register accesses by address, traced
        Ddr             memory.py     DDR, buffers with a host copy and a DDR copy
        AxiDma          dma.py        AXI DMA registers, joined to the streams of a CoreModel
        clocks          ps.py         clock registers of the processing system

Importing this package loads pynq. `LUTDLA_EMULATE=1` makes pynq find an emulated device by itself; import this
package before pynq looks for devices.
"""

from lutdla.emulation.board import emulated_board
from lutdla.emulation.device import EmulatedDevice

__all__ = ["EmulatedDevice", "emulated_board"]
