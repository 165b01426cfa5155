import pytest

from lutdla.errors import ConfigError
from lutdla_overlay.clocks import pl_clock

ZYNQ, MPSOC = 1000.0, 1499.985


@pytest.mark.parametrize(("asked", "mhz"), [(100.0, 100.0), (125.0, 125.0), (150.0, 1000 / 7), (170.0, 1000 / 6)])
def test_zynq_7000_divides_1000_mhz(asked, mhz):
    clock = pl_clock(ZYNQ, asked)
    assert clock.mhz == pytest.approx(mhz)
    assert clock.mhz == pytest.approx(1000 / (clock.divisor0 * clock.divisor1), abs=1e-6)


@pytest.mark.parametrize("pll", [ZYNQ, MPSOC])
@pytest.mark.parametrize("asked", [0.5, 33.3, 100.0, 142.9, 199.0, 300.0])
def test_a_clock_is_never_faster_than_asked_and_close_below(pll, asked):
    clock = pl_clock(pll, asked)
    assert clock.mhz <= asked * 1.001
    assert 1 <= clock.divisor1 <= clock.divisor0 <= 63
    product = clock.divisor0 * clock.divisor1
    assert product == 1 or pll / (product - 1) > asked or product > 63, "no small divisor comes closer"


@pytest.mark.parametrize("asked", [0.0, -1.0, 0.1, 900.0])
def test_an_impossible_clock_is_refused_with_the_limits(asked):
    with pytest.raises(ConfigError, match=rf"clock_mhz is {asked}: .*use 0\.252 to 500\.0"):
        pl_clock(ZYNQ, asked)
