"""Layers read back from programs: they are those that were compiled."""

from dataclasses import replace

import pytest

from lutdla.compiler.assemble import assemble
from lutdla.compiler.explain import explain
from lutdla.compiler.topologies import topology
from lutdla.inspection import inspect_artefact
from lutdla_overlay.cores import load_core


@pytest.fixture(scope="module")
def resnet8():
    core = load_core("xc7z020").config
    return assemble(topology("resnet8", core), core)


@pytest.fixture(scope="module")
def lenet5():
    core = load_core("xc7z010").config
    return assemble(topology("lenet5", core), core)


def layer(artefact, name):
    return next(layer for layer in inspect_artefact(artefact).layers if layer.name == name)


@pytest.mark.parametrize(("name", "described", "result"), [
    ("stem", "convolution 3 x 3", "32 x 32 x 16"),
    ("stage1.0.conv2", "convolution 3 x 3 + residual", "32 x 32 x 16"),
    ("stage2.0.conv1", "convolution 3 x 3, stride 2 x 2", "16 x 16 x 32"),
    ("stage3.0.conv2", "convolution 3 x 3 + shortcut", "8 x 8 x 64"),
    ("fc", "fully connected", "10"),
])  # fmt: skip
def test_a_residual_network(resnet8, name, described, result):
    found = layer(resnet8, name)
    assert (found.described, found.result, found.dataflow, found.waits) == (described, result, "resident", 0)


def test_maps_are_traced_to_the_layers_that_wrote_them(resnet8):
    reads = {found.name: (found.reads, found.adds) for found in inspect_artefact(resnet8).layers}
    assert reads["stem"] == (("input",), ())
    assert reads["stage1.0.conv2"] == (("stage1.0.conv1",), ("stem",))
    assert reads["stage2.0.conv2"] == (("stage2.0.conv1", "stage1.0.conv2"), ())


def test_streamed_layers_of_many_records(lenet5):
    conv, full, last = (layer(lenet5, name) for name in ("conv1", "fc1", "fc3"))
    assert (conv.described, conv.result, conv.dataflow) == ("convolution 5 x 5, max-pool 2 x 2", "14 x 14 x 16",
                                                            "streamed")
    assert conv.records == 24
    assert conv.waits > 0
    assert (full.described, full.result) == ("fully connected", "128")  # 120 in whole tiles of 16
    assert (last.result, last.dataflow) == ("10", "resident")


@pytest.mark.parametrize("network", ["resnet8", "lenet5"])
def test_layers_add_up_to_the_whole(network, request):
    artefact = request.getfixturevalue(network)
    found, whole = inspect_artefact(artefact), explain(artefact)
    assert sum(one.steps for one in found.layers) == pytest.approx(whole.steps_per_image)
    assert sum(one.records for one in found.layers) == len(whole.records)
    assert sum(one.table_bytes for one in found.layers) == whole.table_bytes == found.table_bytes


def test_memories_against_the_depth_of_the_core(resnet8):
    artefact = replace(resnet8, config=replace(resnet8.config, index_words=8192))
    found = {memory.memory: memory for memory in inspect_artefact(artefact).memories}
    assert (found["index"].used, found["index"].depth, found["index"].unit) == (3072, 8192, "words")
    assert found["index"].share == 0.375
    assert found["index"].word_bytes == 2  # four blocks of four bits
    assert found["table"].used * found["table"].word_bytes == resnet8.table_bytes
