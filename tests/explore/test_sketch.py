"""Without weights, the compiler draws up the same program."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lutdla.compiler.assemble import assemble
from lutdla.compiler.topologies import TOPOLOGIES, topology
from lutdla.errors import CompileError
from lutdla.explore.shapes import NetworkShape
from lutdla.explore.sketch import sketch
from tests.compiler.networks import cores, networks
from tests.explore.test_cycles import roomy


def same(network, config, **flow):
    shape = NetworkShape.of(network)
    drawn = assemble(sketch(shape, config), config, **flow).image
    made = assemble(network, config, **flow).image
    assert [record.loops for record in drawn.program.lookups] == [record.loops for record in made.program.lookups]
    assert [record.drain for record in drawn.program.lookups] == [record.drain for record in made.program.lookups]
    assert drawn.windows == made.windows
    assert drawn.tables.shape == made.tables.shape
    assert [piece.tables.shape for piece in drawn.pieces] == [piece.tables.shape for piece in made.pieces]
    assert not drawn.tables.any()
    return made


@pytest.mark.parametrize("name", [name for name in TOPOLOGIES if name != "vgg-small"])
def test_known_networks(name):
    config = roomy({"metric": "l1", "ports": 9, "encoders": 4})
    assert np.any(same(topology(name, config), config).tables)


@given(st.data(), cores())
def test_random_networks(data, config):
    network = data.draw(networks(config))
    if network.layout.space_to_depth > 1:
        return
    try:
        same(network, config)
    except CompileError as error:
        with pytest.raises(CompileError, match=str(error)[:30].replace("(", ".").replace(")", ".")):
            assemble(sketch(NetworkShape.of(network), config), config)
