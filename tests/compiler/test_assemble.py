"""What the compiler lays out for known networks, and what it refuses."""

from dataclasses import replace

import numpy as np
import pytest

import lutdla
from lutdla.compiler.assemble import assemble
from lutdla.compiler.cost import predict
from lutdla.compiler.evaluate import evaluate
from lutdla.compiler.misfit import Misfit
from lutdla.compiler.random_network import NetworkBuilder, random_network
from lutdla.compiler.topologies import TOPOLOGIES, topology
from lutdla.errors import CompileError
from lutdla.spec.config import CoreConfig
from tests.compiler.networks import images
from tests.compiler.test_programs import results
from tests.strategies import TINY

Z7020 = CoreConfig(
    v=4, c=16, metric="l1", ports=9, blocks=4, lanes=16, encoders=4, table_rows=576, index_words=4096,
    accumulator_rows=64, constant_rows=32, codebook_rows=32, program_rows=16, window_rows=32, value_rows=1024,
)  # fmt: skip
ROOMY = replace(Z7020, table_rows=1 << 14, index_words=1 << 13, constant_rows=128, codebook_rows=128, program_rows=128,
                window_rows=64, value_rows=2048)


def lookups_of_later_layers():
    """Of ResNet-8, for each row of lanes: windows of stride 2 with padding read 47 or 23 pixels a side, of stride 1
    46 or 22; then shortcuts, and 64 pixels of 16 subspaces."""
    second = 2 * (47 * 47 * 4 + 46 * 46 * 8 + 256 * 4)
    third = 4 * (23 * 23 * 8 + 22 * 22 * 16 + 64 * 8)
    return second + third + 64 * 16


def test_resnet8_stays_in_the_core_within_its_cycles():
    network = topology("resnet8", Z7020)
    artefact = assemble(network, Z7020)
    program = artefact.image.program
    assert artefact.image.tables.shape[1] == 36 * 16
    assert (program.images, artefact.image.pieces) == (1, ())
    assert [record.steps() for record in program.lookups] == [1024, 1024, 1024, 512, 1536, 512, 1280, 32]
    assert not any(record.drain for record in program.lookups)
    assert program.lookups[0].wait_input
    assert program.lookups[0].free_input  # the next image loads while this one computes
    assert predict(program, [], Z7020).cycles_per_pass <= 7000
    x = images(network, 2)
    found, reference = results(artefact, x)
    np.testing.assert_array_equal(found, evaluate(network, x, "l1"))
    inside = 94 * 94  # pixels that 3 x 3 windows with padding read in a map of 32 x 32
    stage1 = inside * (3 + 4 + 4)  # subspaces of the image, and of two maps
    assert reference.lookups / 2 == stage1 + lookups_of_later_layers()


def test_resnet20_streams_its_tables_through_a_small_core():
    config = replace(ROOMY, table_rows=512)
    network = topology("resnet20", config)
    artefact = assemble(network, config)
    assert artefact.image.pieces
    x = images(network, 1)
    with lutdla.open("emulator", config=config) as accelerator:  # the reference takes a minute
        np.testing.assert_array_equal(accelerator.load(artefact).raw(x.reshape(1, *network.input_shape)),
                                      evaluate(network, x, "l1"))


@pytest.mark.parametrize("name", [name for name in TOPOLOGIES if name != "vgg-small"])
def test_topologies_stay_in_a_roomy_core(name):
    network = topology(name, ROOMY)
    artefact = assemble(network, ROOMY, dataflow="resident")
    x = images(network, 1)
    np.testing.assert_array_equal(results(artefact, x)[0], evaluate(network, x, "l1"))


def test_a_batch_of_a_resident_network():
    artefact = assemble(topology("lenet5", ROOMY), ROOMY, dataflow="resident", batch=3)
    assert artefact.image.program.images == 3
    assert [record.wait_input for record in artefact.image.program.lookups].count(True) == 3


def test_layers_and_provenance_are_named():
    artefact = assemble(random_network(TINY, (10, 8, 6)), TINY, {"by": "hand"})
    assert artefact.layers == ("input", "layer0", "layer1")
    assert artefact.provenance == {"by": "hand"}
    assert (artefact.input_shape, artefact.outputs) == ((10,), 6)


def test_what_cannot_be_chosen_is_named():
    network = random_network(TINY, (10, 6))
    with pytest.raises(CompileError, match="dataflow is 'fast': use one of auto, resident, stationary"):
        assemble(network, TINY, dataflow="fast")
    with pytest.raises(CompileError, match="batch is 0: it must be 1"):
        assemble(network, TINY, batch=0)
    with pytest.raises(CompileError, match="unknown topology 'alexnet': use one of lenet5, "):
        topology("alexnet", TINY)


def changed(**fields):
    """A network whose first layer differs."""
    network = random_network(TINY, (10, 7, 6))
    return replace(network, layers=(replace(network.layers[0], **fields), network.layers[1]))


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (random_network(replace(TINY, c=8), (10, 6)), "input: trained with v=2, c=8, this core has v=2, c=4"),
        (changed(low=1), "layer layer0: 7 outputs are filled up to a multiple of v=2 with 0, which its clamp 1.."),
        (changed(target=None), "layer layer0: the last layer, and no other, gives its sums to the host"),
        (changed(residual="input"), "layer layer0: adds the network's input"),
        (changed(residual="mist"), "layer layer0: adds map mist, which no earlier layer writes"),
        (changed(height=2), "layer layer0: gives height 2 behind its pool"),
        (changed(operand=replace(changed().layers[0].operand, source="mist")), "layer layer0: reads map mist"),
        (changed(operand=replace(changed().layers[0].operand, kernel=(2, 2))), "layer layer0: takes 5 subspaces"),
    ],
)
def test_what_is_no_network_of_this_core_is_named(network, message):
    with pytest.raises(CompileError, match=message):
        assemble(network, TINY)


@pytest.mark.parametrize(
    ("memory", "small", "fix"),
    [("index_words", 1024, "index_words=4096 or more"), ("value_rows", 512, "value_rows=1024 or more"),
     ("table_rows", 256, "dataflow='stationary'"), ("constant_rows", 8, "constant_rows=16"),
     ("codebook_rows", 8, "codebook_rows=16"), ("program_rows", 4, "program_rows=16"),
     ("window_rows", 4, "window_rows=32")],
)
def test_a_memory_that_is_too_small_is_named_with_what_would_do(memory, small, fix):
    with pytest.raises(Misfit, match=fix) as raised:
        assemble(topology("resnet8", Z7020), replace(Z7020, **{memory: small}), dataflow="resident")
    assert raised.value.memory == memory
    assert raised.value.limit == small < raised.value.need
    assert f"this core has {memory}={small}" in str(raised.value)


def test_sums_that_do_not_fit_the_accumulators_are_named():
    network = random_network(replace(TINY, acc_bits=24), (64, 4))
    with pytest.raises(CompileError, match=r"layer layer0: sums reach \d+, acc_bits=12 holds 2047: use acc_bits=1[34]"):
        assemble(network, replace(TINY, acc_bits=12))


def test_a_kernel_that_does_not_fit_is_named():
    net = NetworkBuilder(TINY, (2, 3, 3))
    with pytest.raises(CompileError, match=r"layer wide: a kernel of \(5, 5\) does not fit into map input"):
        net.conv("input", 4, 5, name="wide")


def test_parts_of_a_sum_are_for_the_same_images():
    """An odd number of pieces is made even by cutting one; a part of a sum is not cut by images: the sums of its first
    half would be lost when the second half takes their accumulators."""
    config = CoreConfig(
        v=2, c=4, metric="chebyshev", ports=4, blocks=2, lanes=4, encoders=1, table_rows=8, index_words=4096,
        accumulator_rows=32, constant_rows=256, codebook_rows=256, program_rows=128, window_rows=512, value_rows=2048,
        packet_beats=64,
    )  # fmt: skip
    net = NetworkBuilder(config, (3, 6, 5), slice=1, seed=1)
    at = net.conv("input", 10, (3, 1), stride=(1, 2), padding=(1, 0), shortcut="input", shortcut_stride=(1, 2), low=0)
    at = net.conv(at, 5, (1, 4), stride=2, padding=(0, 2), low=0)
    network = net.build(net.conv(at, 9, 2, stride=(2, 1), low=0), 4)
    artefact = assemble(network, config, dataflow="stationary", batch=14)
    begun = None
    for record in artefact.image.program.lookups:
        if record.begin:
            begun = record
        assert (record.index - begun.index < 3, record.loops[0].count) == (True, begun.loops[0].count)
    x = images(network, 14)
    np.testing.assert_array_equal(results(artefact, x)[0], evaluate(network, x, config.metric))


def test_sums_of_pools_that_overlap_are_counted():
    """Each pixel is summed for every pool that it lies in: so many accumulators hold what is streamed in parts."""
    config = CoreConfig(
        v=1, c=4, ports=1, blocks=2, lanes=4, encoders=2, table_rows=96, index_words=1 << 12, accumulator_rows=64,
        constant_rows=256, codebook_rows=256, program_rows=128, window_rows=512, value_rows=1 << 11, packet_beats=64,
    )  # fmt: skip
    net = NetworkBuilder(config, (8, 6, 5))
    network = net.build(net.conv("input", 4, 3, padding=1, pool=3, pool_stride=1), 4, average=True)
    with pytest.raises(Misfit, match="layer0: accumulator memory needs 108 rows, this core has accumulator_rows=64"):
        assemble(network, config, dataflow="stationary")
    assert assemble(network, replace(config, accumulator_rows=128), dataflow="stationary").image.pieces
