"""PL clocks: which frequency a processing system can really make, and with which divisors."""

from __future__ import annotations

from dataclasses import dataclass

from lutdla.errors import ConfigError

DIVISOR_LIMIT = 63
"""Both divisors have 6 bits."""


@dataclass(frozen=True)
class PlClock:
    """A clock that the processing system makes: IO PLL / (divisor0 * divisor1)."""

    mhz: float
    divisor0: int
    divisor1: int


def pl_clock(io_pll_mhz: float, clock_mhz: float) -> PlClock:
    """The fastest clock that divisors make of the IO PLL and that is not faster than `clock_mhz`.

    A design timed for `clock_mhz` must not get more. One part in a thousand is allowed above, for the crystal that
    is called 33.333 MHz.

    Raises:
        ConfigError: when no divisors reach it.
    """
    made = [PlClock(round(io_pll_mhz / (d0 * d1), 6), d0, d1)
            for d0 in range(1, DIVISOR_LIMIT + 1) for d1 in range(1, d0 + 1)]  # fmt: skip
    slow_enough = [clock for clock in made if clock.mhz <= clock_mhz * 1.001]
    if not slow_enough or not 0 < clock_mhz <= io_pll_mhz / 2:
        raise ConfigError(f"clock_mhz is {clock_mhz}: the IO PLL's {io_pll_mhz:.3f} MHz are divided by two numbers of "
                          f"1 to {DIVISOR_LIMIT}, use {io_pll_mhz / DIVISOR_LIMIT**2:.3f} to {io_pll_mhz / 2:.1f}")
    return max(slow_enough, key=lambda clock: (clock.mhz, -clock.divisor0))
