"""The depths that an artefact asks for are enough, also for maps that are encoded several times."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from lutdla.compiler.assemble import assemble
from lutdla.compiler.random_network import NetworkBuilder
from lutdla.errors import CompileError
from lutdla.spec.artefact import Artefact
from lutdla.spec.config import CoreConfig
from tests.compiler.networks import cores, networks


def least(artefact: Artefact) -> CoreConfig:
    """The smallest core with the depths that an artefact asks for."""
    depths = {name: max(2, 1 << (need - 1).bit_length()) for name, need in artefact.requires().items()}
    return replace(artefact.config, **{**depths, "table_rows": max(depths["table_rows"], 2 * artefact.config.c)})


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_core_of_the_depths_asked_for_runs_the_network(data):
    config = data.draw(cores())
    try:
        artefact = assemble(data.draw(networks(config)), config)
    except CompileError:
        return
    artefact.check_fits(least(artefact))


def test_every_encoding_of_a_map_is_counted():
    config = CoreConfig(v=2, c=2, ports=1, blocks=1, lanes=4, encoders=1)
    net = NetworkBuilder(config, (1,), slice=1)
    artefact = assemble(net.build(net.conv("input", 1, v=1), 1), config)
    assert artefact.requires()["index_words"] == 5  # 1 of the input, 2 of each encoding
    artefact.check_fits(least(artefact))
