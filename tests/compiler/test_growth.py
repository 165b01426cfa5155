"""The work of compiling grows with the network and no faster: counted in function calls, so that no clock can mislead.

What a call costs is measured by `benchmarks.compile_growth`.
"""

import cProfile
import pstats
from dataclasses import replace

import pytest

from lutdla.compiler.assemble import assemble
from lutdla.compiler.cost import predict
from lutdla.compiler.dataflow import _flows, choose
from lutdla.compiler.layer_plan import plan_layers
from lutdla.compiler.random_network import NetworkBuilder
from lutdla.spec.artefact import Artefact
from lutdla.spec.config import CoreConfig
from lutdla.spec.packets import load_packets, schedule

ROOMY = CoreConfig(
    v=4, c=16, metric="l1", ports=9, blocks=4, lanes=16, encoders=4, table_rows=1 << 14, index_words=1 << 12,
    accumulator_rows=64, constant_rows=1024, codebook_rows=1024, program_rows=256, window_rows=256, value_rows=1 << 12,
)  # fmt: skip
SMALL = replace(ROOMY, table_rows=512)

DOUBLE = 2.3
"""Most that twice the network may take: linear, and what rounding to tiles and pieces adds."""


def calls(work):
    """Function calls that `work` makes, those to functions of C among them."""
    profile = cProfile.Profile()
    profile.runcall(work)
    return pstats.Stats(profile).total_calls


def network(config, layers, channels):
    """A plain stack of 3 x 3 convolutions; every second layer adds the map before it."""
    net = NetworkBuilder(config, (channels, 4, 4))
    at = before = net.conv("input", channels, 3, padding=1, low=0)
    for number in range(1, layers):
        residual = before if number % 2 == 0 else None
        at = net.conv(at, channels, 3, padding=1, low=0, residual=residual)
        before = at if number % 2 == 0 else before
    return net.build(at, 10, average=True)


def factors(counts):
    return [after / before for before, after in zip(counts, counts[1:])]


@pytest.mark.parametrize("sizes", [((8, 16), (16, 16), (32, 16), (64, 16)), ((4, 16), (4, 32), (4, 64))],
                         ids=["layers", "channels"])
def test_doubling_a_network_at_most_doubles_the_work(sizes, tmp_path):
    steps = {"assemble": [], "save": [], "read": [], "packets": []}
    path = tmp_path / "network.lut"
    for layers, channels in sizes:
        made = network(ROOMY, layers, channels)
        artefact = assemble(made, ROOMY, dataflow="resident")
        steps["assemble"].append(calls(lambda made=made: assemble(made, ROOMY, dataflow="resident")))
        steps["save"].append(calls(lambda artefact=artefact: artefact.save(path)))
        steps["read"].append(calls(lambda: Artefact.load(path)))
        steps["packets"].append(calls(lambda artefact=artefact: load_packets(artefact.image, ROOMY, 1)))
    for step, counts in steps.items():
        assert max(factors(counts)) < DOUBLE, (step, counts)


def test_dataflows_are_listed_in_time_that_is_linear_in_the_layers():
    counts = []
    for layers in (16, 32, 64):
        made = network(SMALL, layers, 32)
        plans = plan_layers(made, SMALL)
        counts.append(calls(lambda made=made, plans=plans: list(_flows(made, plans, SMALL, 1))))
    assert max(factors(counts)) < DOUBLE, counts


def test_prediction_and_order_of_the_stream_are_linear_in_the_passes():
    artefact = assemble(network(SMALL, 8, 32), SMALL, dataflow="stationary", batch=4)
    program, rows = artefact.image.program, [piece.tables.shape[1] for piece in artefact.image.pieces]
    assert rows
    for work in (lambda passes: predict(program, rows, SMALL, passes), lambda passes: list(schedule(program, passes))):
        counts = [calls(lambda work=work, passes=passes: work(passes)) for passes in (8, 16, 32)]
        assert max(factors(counts)) < DOUBLE, counts


def test_the_order_of_the_stream_is_linear_in_the_records():
    """A program's records are not walked again for each thing that the stream brings."""
    programs = [assemble(network(SMALL, layers, 32), SMALL, dataflow="stationary", batch=1).image.program
                for layers in (8, 16, 32)]
    each = [calls(lambda program=program: list(schedule(program, 4))) / len(program.records) for program in programs]
    assert max(each) < 1.5 * min(each), each


def test_a_batch_that_the_program_has_little_room_for_is_found_in_linear_time():
    config, counts = replace(ROOMY, index_words=1 << 15, value_rows=1 << 15), []
    for layers in (32, 64, 128):
        made = network(config, layers, 16)
        plans = plan_layers(made, config)
        counts.append(calls(lambda made=made, plans=plans: choose(made, plans, config, "resident", 8)))
    assert max(factors(counts)) < DOUBLE, counts
