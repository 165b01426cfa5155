"""Clock registers of the processing systems, as after boot of a PYNQ image, so that `pynq.Clocks` works.

pynq computes with a 50 MHz crystal on Zynq-7000 and 33.333 MHz on Zynq UltraScale+, whatever the board has; the PLL
settings here give the PLL frequencies of `lutdla_overlay.clocks` under that assumption.
"""

from __future__ import annotations

from lutdla.emulation.registers import AddressMap, WordRegisters

ZYNQ_SLCR = 0xF800_0000
"""System level control registers of Zynq-7000."""
ULTRASCALE_CRL, ULTRASCALE_CRF = 0xFF5E_0000, 0xFD1A_0000
"""Clock and reset registers of Zynq UltraScale+: low power and full power domain."""


def attach_clocks(bus: AddressMap, arch: str) -> None:
    """Put the clock registers of an architecture (armv7l or aarch64) on the bus; all PL clocks at 100 MHz."""
    if arch == "armv7l":
        registers = dict.fromkeys((0x100, 0x104, 0x108), 20 << 12)  # ARM, DDR, IO PLL: 50 MHz x 20
        registers |= dict.fromkeys((0x170, 0x180, 0x190, 0x1A0), 2 << 20 | 5 << 8)  # FCLK0..3: / 2 / 5
        registers[0x120] = 2 << 8  # CPU: / 2
        bus.attach("slcr", ZYNQ_SLCR, 0x1000, WordRegisters(registers))
        return
    pll = 90 << 8 | 1 << 16  # 33.333 MHz x 90 / 2
    low = {0x20: pll, 0x30: pll}  # IO PLL, RPLL
    low |= dict.fromkeys((0xC0, 0xC4, 0xC8, 0xCC), 1 << 24 | 1 << 16 | 15 << 8)  # PL0..3: on, / 1 / 15
    full = {0x20: pll, 0x2C: pll, 0x38: pll, 0x60: 1 << 8}  # APLL, DPLL, VPLL, CPU: / 1
    bus.attach("crl_apb", ULTRASCALE_CRL, 0x1000, WordRegisters(low))
    bus.attach("crf_apb", ULTRASCALE_CRF, 0x1000, WordRegisters(full))
