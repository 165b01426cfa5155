"""Whole convolutional networks on chip, end to end: reference, emulator and Verilated core agree on every bit.

The core is the XC7Z020's with deeper memories, so that all six networks fit one build: ResNet-20 and VGG-small with
streamed tables, the others resident.
"""

from dataclasses import replace

import numpy as np
import pytest

import lutdla
from benchmarks.layout import LAYOUT
from lutdla.backends.myhdl import MyhdlModel
from lutdla.backends.rtl import RtlModel
from lutdla.compiler.assemble import assemble
from lutdla.compiler.random_network import NetworkBuilder
from lutdla.compiler.topologies import TOPOLOGIES, topology
from lutdla.spec.config import CoreConfig
from lutdla.verify import make_vectors, reference_results
from tests.hdl.cores import check, load, read, run, write

LARGE = replace(
    LAYOUT, table_rows=2048, deep_banks=0, index_words=16384, constant_rows=128,
    codebook_rows=128, program_rows=64, window_rows=128, value_rows=2048,
)  # fmt: skip

CASES = {
    "lenet5": ({}, 2), "resnet8": ({}, 2), "resnet20": ({"dataflow": "stationary", "batch": 2}, 2),
    "vgg-small": ({"batch": 1}, 1), "autoencoder": ({}, 6), "kws": ({}, 2),
}  # fmt: skip
"""Network -> arguments of `assemble`, images."""

pytestmark = pytest.mark.timeout(900)  # the core is built in a minute, on a busy machine in some


def test_every_network_is_here():
    assert set(CASES) == set(TOPOLOGIES)


@pytest.mark.parametrize("name", CASES)
def test_reference_emulator_and_core_agree(name):
    flow, images = CASES[name]
    artefact = assemble(topology(name, LARGE), LARGE, **flow)
    x = make_vectors(artefact, 12 + images)[12:] if images < 3 else make_vectors(artefact, images)
    expected = reference_results(artefact, x)
    assert len(np.unique(expected)) > 5
    with lutdla.open("emulator", config=LARGE) as accelerator:
        np.testing.assert_array_equal(accelerator.load(artefact).raw(x), expected)
    model = RtlModel(LARGE, stall=0.15, seed=len(name))
    try:
        load(model, artefact.image, LARGE)
        found = run(model, artefact.image, artefact.frames(artefact.quantize(x)), LARGE)
        np.testing.assert_array_equal(found[: len(x), : artefact.outputs], expected)
        assert read(model, "STALL_ENCODER") <= read(model, "CYCLES") // 20  # as many encoders as a row needs
    finally:
        model.close()


def test_resnet8_takes_at_most_7000_cycles_an_image():
    artefact = assemble(topology("resnet8", LARGE), LARGE)
    cycles = []
    for images in (2, 4):
        model = RtlModel(LARGE)
        load(model, artefact.image, LARGE)
        write(model, "CONTROL", CLEAR_COUNTERS=1)
        run(model, artefact.image, artefact.frames(artefact.quantize(make_vectors(artefact, images))), LARGE)
        model.step()
        cycles.append(read(model, "CYCLES"))
        slots = (read(model, "LOOKUPS") + read(model, "PADDING")) / images
        model.close()
    per_image = (cycles[1] - cycles[0]) / 2
    assert per_image <= 7000
    assert slots / (per_image * LARGE.banks) >= 0.85


TINY_CONV = CoreConfig(
    v=2, c=4, metric="chebyshev", ports=3, blocks=2, lanes=4, encoders=2, table_rows=48, index_words=96,
    accumulator_rows=4, constant_rows=16, codebook_rows=16, program_rows=16, window_rows=16, value_rows=32,
    packet_beats=64,
)  # fmt: skip


def tiny_network():
    """3 x 3 convolutions with padding, a stride, a residual, a shortcut and a pool, on 4 x 4 pixels."""
    net = NetworkBuilder(TINY_CONV, (2, 4, 4), slice=1, seed=3)
    stem = net.conv("input", 4, 3, padding=1)
    inner = net.conv(stem, 4, 3, padding=1)
    block = net.conv(inner, 4, (1, 3), padding=(0, 1), residual=stem)
    half = net.conv(block, 4, 3, stride=2, padding=1, shortcut=block, shortcut_stride=2)
    return net.build(net.conv(half, 4, 1, pool=2), 4)


@pytest.mark.parametrize(("flow", "stall"), [({"batch": 1}, 0.4), ({"dataflow": "stationary", "batch": 2}, 0.0)])
def test_a_tiny_convolutional_network_in_myhdl(flow, stall):
    network = tiny_network()
    artefact = assemble(network, replace(TINY_CONV, table_rows=128) if flow["batch"] == 1 else TINY_CONV, **flow)
    assert bool(artefact.image.pieces) == (flow.get("dataflow") == "stationary")
    model = MyhdlModel(artefact.config, stall, seed=1)
    try:
        check(model, artefact.image, artefact.frames(artefact.quantize(make_vectors(artefact, 2))), artefact.config)
    finally:
        model.close()
