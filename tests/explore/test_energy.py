"""Energy of an image: by hand for a core, and as the search uses it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lutdla.compiler.topologies import topology
from lutdla.explore.choice import choose, order
from lutdla.explore.columns import Columns
from lutdla.explore.energy import ADD_BIT_PJ, DRAM_BIT_PJ, MEMORY_BIT_PJ, MULTIPLY_PJ, image_energy
from lutdla.explore.rating import rate
from lutdla.explore.shapes import LayerShape, MapShape, NetworkShape, OperandShape
from lutdla.spec.config import CoreConfig
from lutdla_overlay.boards import load_board
from lutdla_overlay.limits import limits_of

ONE = NetworkShape("one", MapShape("in", 8, 1, 1, written=False),
                   (LayerShape("layer", OperandShape(MapShape("in", 8, 1, 1, written=False)), 1, 1, 8),))


def test_an_image_by_hand():
    config = CoreConfig(v=4, c=16, metric="l2", ports=2, blocks=1, lanes=8, encoders=1, acc_bits=24)
    bits = config.distance_bits
    looked_up = 3 * 2 * 8 * (8 * MEMORY_BIT_PJ + 12 * ADD_BIT_PJ) + 2 * 3 * 8 * 24 * MEMORY_BIT_PJ
    indices = 3 * 2 * 4 * MEMORY_BIT_PJ
    encoded = 2 * 16 * (4 * (2 * bits * ADD_BIT_PJ + MULTIPLY_PJ) + bits * ADD_BIT_PJ)
    expected = (looked_up + indices + encoded + 100 * 8 * DRAM_BIT_PJ) / 1e6
    assert image_energy(ONE, Columns.of([config]), 3, 100)[0] == pytest.approx(expected)


@given(st.integers(1, 10_000), st.integers(0, 1 << 20))
def test_more_of_anything_takes_more(steps, moved):
    cores = Columns.of([CoreConfig(metric=metric) for metric in ("l2", "l1")])
    found = image_energy(ONE, cores, steps, moved)
    assert found[0] > found[1] > 0  # multiplications
    assert (image_energy(ONE, cores, steps + 1, moved) > found).all()
    assert (image_energy(ONE, cores, steps, moved + 1) > found).all()


def test_the_search_finds_the_least():
    shape, limits = NetworkShape.of(topology("lenet5", CoreConfig())), limits_of(load_board("pynq-z2"))
    rated = rate(shape, limits, v=(4,), c=(16,), metric=("l1", "l2"), ports=(1, 5, 9), blocks=(2, 4), lanes=(8, 16, 32))
    best = order(rated, limits, "energy")
    assert rated.energy[best[0]] < 1.03 * rated.energy.min()
    chosen, fastest = choose(shape, rated, limits, "energy"), choose(shape, rated, limits)
    assert chosen.energy_uj <= fastest.energy_uj
    assert chosen.cycles_per_image >= fastest.cycles_per_image
    assert chosen.energy_uj == pytest.approx(float(rated.energy[best[0]]), rel=0.1)  # of the compiled program
