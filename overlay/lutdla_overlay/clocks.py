"""PL clocks: which frequency a processing system can really make, and with which divisors."""

from __future__ import annotations

from dataclasses import dataclass

from lutdla.errors import ConfigError

IO_PLL_MHZ = {"processing_system7": 1000.0, "zynq_ultra_ps_e": 33.333 * 45}
"""The IO PLL on PYNQ boards as the pynq package computes it: 50 MHz x 20, and 33.333 MHz x 90 / 2."""

DIVISOR_LIMIT = 63
"""Both divisors have 6 bits."""


@dataclass(frozen=True)
class PlClock:
    """A clock that the processing system makes: IO PLL / (divisor0 * divisor1)."""

    mhz: float
    divisor0: int
    divisor1: int


def pl_clock(ps_kind: str, clock_mhz: float) -> PlClock:
    """The fastest clock the processing system can make that is not faster than `clock_mhz`.

    A design timed for `clock_mhz` must not get more. One part in a thousand is allowed above, for the crystal that
    is called 33.333 MHz.

    Raises:
        ConfigError: when no divisors reach it.
    """
    pll = IO_PLL_MHZ[ps_kind]
    made = [PlClock(round(pll / (d0 * d1), 6), d0, d1)
            for d0 in range(1, DIVISOR_LIMIT + 1) for d1 in range(1, d0 + 1)]  # fmt: skip
    slow_enough = [clock for clock in made if clock.mhz <= clock_mhz * 1.001]
    if not slow_enough or not 0 < clock_mhz <= pll / 2:
        raise ConfigError(f"clock_mhz is {clock_mhz}: {ps_kind} divides {pll:.3f} MHz by two numbers of 1 to "
                          f"{DIVISOR_LIMIT}, use {pll / DIVISOR_LIMIT**2:.3f} to {pll / 2:.1f}")
    return max(slow_enough, key=lambda clock: (clock.mhz, -clock.divisor0))
