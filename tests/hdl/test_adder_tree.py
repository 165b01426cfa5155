import random

import pytest

from lutdla_hdl.adder_tree import adder_tree, stages
from lutdla_hdl.interfaces import bits, flag, signed_bits
from tests.hdl.bench import Bench


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("terms", [1, 2, 3, 5, 8, 9])
def test_a_set_of_terms_is_summed_each_cycle(terms, signed):
    rng, late = random.Random(terms), stages(terms)
    assert late == {1: 1, 2: 1, 3: 2, 5: 3, 8: 3, 9: 4}[terms]
    clk, inputs = flag(), [bits(8) for _ in range(terms)]
    total = (signed_bits if signed else bits)(8 + late)
    low, high = (-128, 127) if signed else (0, 255)
    sets = [[low] * terms, [high] * terms, *([rng.randint(low, high) for _ in range(terms)] for _ in range(20))]
    seen = []
    with Bench(clk, adder_tree(clk, inputs, total, signed)) as bench:
        for values in sets + [[0] * terms] * late:
            for signal, value in zip(inputs, values):
                signal.next = value & 0xFF
            bench.step()
            seen.append(int(total))
    assert seen[late - 1 : late - 1 + len(sets)] == [sum(values) for values in sets]
