import random

import numpy as np
import pytest
from myhdl import block

from lutdla import reference
from lutdla.spec.config import CoreConfig
from lutdla_hdl.encoder import centroid_distance
from lutdla_hdl.interfaces import bits, flag, named
from tests.hdl.bench import pack
from tests.hdl.replay import RecordedBench, assert_verilog_agrees, cut


@block
def copied(clk, x, centroid, distance, config):
    """Slices are taken of signals, not of top-level ports."""
    x_here, centroid_here = bits(len(x)), bits(len(centroid))
    cuts = [named(cut(x, x_here), "cut0"), named(cut(centroid, centroid_here), "cut1")]
    return cuts, named(centroid_distance(clk, x_here, centroid_here, distance, config), "unit")


def make(v):
    config = CoreConfig(v=v, c=4, metric="l1", ports=1, blocks=1, lanes=4 * v, encoders=1)
    clk, inputs = flag(), {"x": bits(8 * v), "centroid": bits(8 * v)}
    outputs = {"distance": bits(config.distance_bits)}
    return copied(clk, *inputs.values(), *outputs.values(), config), clk, inputs, outputs


@pytest.mark.parametrize("v", [1, 2, 3, 4, 7])
def test_distances_equal_the_reference(v, tmp_path):
    rng = random.Random(v)
    made, clk, inputs, outputs = make(v)
    ends = (-128, -127, -1, 0, 1, 127)
    sets = [([-128] * v, [127] * v), ([127] * v, [-128] * v), ([5] * v, [5] * v)]
    sets += [tuple([rng.choice((rng.choice(ends), rng.randint(-128, 127))) for _ in range(v)] for _ in range(2))
             for _ in range(80)]  # fmt: skip
    seen = []
    with RecordedBench(clk, made, inputs, outputs) as bench:
        bench.undefined = 3
        for x, centroid in [*sets, *sets[:2]]:
            inputs["x"].next, inputs["centroid"].next = pack(x, 8), pack(centroid, 8)
            bench.step()
            seen.append(int(outputs["distance"]))
    assert seen[2:] == [int(reference.distance(np.array(x), np.array([c]), "l1")[0]) for x, c in sets]
    assert_verilog_agrees(bench, make(v)[0], tmp_path, lambda row: outputs)
