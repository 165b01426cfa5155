"""Cores that the search finds: they exist, fit the board, and run the network in the cycles that were predicted."""

import re
from dataclasses import replace

import numpy as np
import pytest

from lutdla.compiler.assemble import assemble
from lutdla.compiler.cost import predict
from lutdla.compiler.topologies import topology
from lutdla.errors import ConfigError
from lutdla.explore.area import estimate
from lutdla.explore.choice import choose, order
from lutdla.explore.limits import SPARE
from lutdla.explore.rating import rate
from lutdla.explore.shapes import NetworkShape
from lutdla.explore.space import AXES, space
from lutdla.spec.config import CoreConfig
from lutdla_overlay.boards import load_board
from lutdla_overlay.limits import limits_of

FEW = {"v": (4,), "c": (16,), "metric": ("l1", "l2"), "ports": (1, 3, 5), "blocks": (2, 4), "lanes": (8, 16),
       "encoders": (1, 2)}  # fmt: skip


def shape_of(name):
    return NetworkShape.of(topology(name, CoreConfig()), name)


@pytest.fixture(scope="module")
def small():
    """LeNet-5 on the smallest board: some cores hold all tables, most do not."""
    limits = limits_of(load_board("zybo-z7-10"))
    shape = shape_of("lenet5")
    return shape, limits, rate(shape, limits, **FEW)


def test_a_space_has_every_core_that_the_hardware_can_have():
    found = space(64, **FEW)
    expected = 0
    for ports in FEW["ports"]:
        for blocks in FEW["blocks"]:
            for lanes in FEW["lanes"]:
                for encoders in FEW["encoders"]:
                    try:
                        CoreConfig(ports=ports, blocks=blocks, lanes=lanes, encoders=encoders)
                    except ConfigError:
                        continue
                    expected += len(FEW["metric"])
    assert len(found) == expected
    assert {found.config(i).metric for i in range(len(found))} == {"l1", "l2"}
    assert len(space()) > 10_000


def test_an_impossible_space_is_refused():
    with pytest.raises(ConfigError, match=f"axis 'lane' is unknown: use some of {', '.join(AXES)}"):
        space(lane=(1,))
    with pytest.raises(ConfigError, match=r"no core has these values: encoders=\[8\], blocks=\[4\]"):
        space(encoders=(8,), blocks=(4,))


def test_rated_cores_exist_and_fit(small):
    _, limits, rated = small
    assert 0 < len(rated.image) < rated.considered
    assert (rated.streamed > 0).any()
    for row in np.random.default_rng(0).integers(0, len(rated.image), 30):
        config = rated.cores.config(int(row))
        area = estimate(config, limits.family, bool(rated.ultra_ram[row]))
        assert area.ramb36 == rated.area.ramb36[row]
        assert area.ramb36 <= (1 - SPARE["ramb36"]) * limits.amounts["ramb36"]
        assert area.lut + area.lutram <= (1 - SPARE["lut"]) * limits.amounts["lut"]


@pytest.mark.parametrize("objective", ["throughput", "latency", "area"])
def test_the_choice_runs_the_network_as_predicted(small, objective):
    shape, limits, rated = small
    choice = choose(shape, rated, limits, objective)
    network = topology("lenet5", choice.config)
    artefact = assemble(network, choice.config)
    costs = predict(artefact.image.program, [piece.tables.shape[1] for piece in artefact.image.pieces], choice.config)
    assert costs.cycles_per_pass / artefact.image.program.images == choice.cycles_per_image
    assert choice.images_per_s == pytest.approx(limits.clock_mhz * 1e6 / choice.cycles_per_image)
    assert choice.latency_us == pytest.approx(choice.cycles_per_image * choice.images / limits.clock_mhz)
    assert choice.streamed_bytes == sum(piece.tables.nbytes for piece in artefact.image.pieces)
    assert choice.memory_bytes_per_image > choice.streamed_bytes / choice.images
    assert choice.limits[0].startswith("lookups fill")


def test_objectives_differ(small):
    shape, limits, rated = small
    fast, soon, little = (choose(shape, rated, limits, objective) for objective in ("throughput", "latency", "area"))
    assert fast.cycles_per_image <= soon.cycles_per_image
    assert soon.latency_us <= fast.latency_us
    assert little.shares["lut"] + little.shares["ramb36"] < fast.shares["lut"] + fast.shares["ramb36"]
    with pytest.raises(ConfigError, match="objective is 'beauty': use one of throughput, latency, area"):
        order(rated, limits, "beauty")


def test_no_core_is_better_than_the_choice_where_all_tables_fit():
    limits, shape = limits_of(load_board("zcu104")), shape_of("resnet8")
    rated = rate(shape, limits, **FEW)
    choice = choose(shape, rated, limits)
    assert choice.streamed_bytes == 0
    assert choice.cycles_per_image == rated.image[rated.streamed == 0].min()


def test_what_blocks_a_faster_core_is_named():
    limits, shape = limits_of(load_board("pynq-z2")), shape_of("resnet8")
    rated = rate(shape, limits, v=(4,), c=(16,), metric=("l1",), ports=(12,), blocks=(4,), lanes=(16,), encoders=(4,))
    choice = choose(shape, rated, limits)
    assert choice.cycles_per_image == pytest.approx(6210, rel=0.002)  # what the Verilated core counts
    why = choice.limits[-1]
    assert re.match(r"with (blocks=8|ports=16) and all tables in the core, an image would take [56],", why)
    assert "of the block RAMs" in why


def test_nothing_fits_a_tiny_part(small):
    shape, limits, _ = small
    tiny = replace(limits, amounts={**limits.amounts, "ramb36": 2})
    assert choose(shape, rate(shape, tiny, **FEW), tiny) is None
