"""The maximum over the rows of a pool, with noise on the wires between its groups."""

import random
from dataclasses import replace

import pytest

from lutdla_hdl.interfaces import bits, flag
from lutdla_hdl.pool import max_pool
from tests.hdl.bench import Bench, unpack
from tests.strategies import TINY


@pytest.mark.parametrize("lanes", [2, 6], ids=["a group a row", "3 groups a row"])
def test_only_groups_of_the_pool_enter_its_maximum(lanes):
    config, rng = replace(TINY, lanes=lanes), random.Random(lanes)
    groups = config.groups_per_row
    clk, valid, first, number = flag(), flag(), flag(), bits(2)
    values, pooled = [bits(8) for _ in range(config.group)], bits(8 * config.group)
    with Bench(clk, max_pool(clk, valid, first, number, values, pooled, config)) as bench:
        for _ in range(20):
            best = [[-129] * config.group for _ in range(groups)]
            for row in range(rng.randrange(1, 5)):
                for group in range(groups):
                    for offered in [False] * rng.randrange(3) + [True]:  # groups come with pauses
                        fresh = [rng.randrange(-128, 128) for _ in values]
                        valid.next, first.next = offered, row == 0 if offered else rng.random() < 0.5
                        number.next = group
                        for signal, value in zip(values, fresh):
                            signal.next = value & 0xFF
                        bench.step()
                    best[group] = [max(pair) for pair in zip(best[group], fresh)]
                    assert unpack(pooled, 8, config.group) == best[group]
