"""Parts for many positions of a sequence compute what they compute for one."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import lutdla
from lutdla.compiler.evaluate import evaluate
from lutdla.compiler.export import integer_network
from lutdla.errors import CompileError
from lutdla.nn import convert, freeze
from lutdla.nn.segments.widen import can_widen, compile_sequence, segments, widened
from lutdla.verify import reference_results
from tests.nn.segments.models import CORE, OPTIONS, seeded
from tests.strategies import TINY


def part(layer, shape, **options):
    network = convert(seeded(lambda: nn.Sequential(layer())), torch.randn(128, *shape), **(OPTIONS | options))
    freeze(network)
    return integer_network(network)


def linear(inputs=8, outputs=24, **options):
    return part(lambda: nn.Linear(inputs, outputs), (inputs,), **options)


def convolution(kernel, inputs=8, outputs=20, **options):
    return part(lambda: nn.Conv1d(inputs, outputs, kernel), (inputs, kernel), **options)


def position_by_position(network, x, cut, kernel, stride, metric):
    """Sums of every position of segments (images, channels, size): (images, positions, outputs)."""
    windows = [x[:, :, at * stride : at * stride + kernel] for at in range(cut.positions)]
    return np.stack([evaluate(network, window.reshape(len(x), -1), metric) for window in windows], axis=1)


@pytest.mark.parametrize(("kernel", "stride"), [(1, 1), (3, 1), (5, 2), (2, 3)])
def test_a_wide_part_computes_every_position(kernel, stride):
    network = linear() if kernel == 1 else convolution(kernel)
    cut = segments(7, 1, kernel, stride)
    wide = widened(network, cut, stride)
    x = np.random.default_rng(0).integers(-128, 128, (3, 8, cut.size)).astype(np.int8)
    want = position_by_position(network, x, cut, kernel, stride, "l2")
    np.testing.assert_array_equal(evaluate(wide, x.reshape(3, -1), "l2"), want.reshape(3, -1))
    artefact, found = compile_sequence(network, CORE, 7, kernel, stride, {}, {})
    assert found == cut
    assert (artefact.output_pixels, artefact.outputs) == (7, 7 * len(network.output_scale))
    np.testing.assert_array_equal(reference_results(artefact, x), want.reshape(3, -1))
    with lutdla.open("emulator") as accelerator:
        np.testing.assert_array_equal(accelerator.load(artefact).raw(x), want.reshape(3, -1))


@pytest.mark.parametrize("kernel", [1, 3])
@pytest.mark.parametrize("dataflow", ["auto", "stationary"])
@pytest.mark.parametrize("outputs", [10, 37])
def test_results_of_streamed_pieces_are_put_together(kernel, dataflow, outputs):
    """On the smallest core, whose tables come in pieces: also in the hardware."""
    options = {"v": TINY.v, "c": TINY.c, "metric": TINY.metric}
    network = linear(6, outputs, **options) if kernel == 1 else convolution(kernel, 6, outputs, **options)
    artefact, cut = compile_sequence(network, TINY, 9, kernel, 1, {}, {"dataflow": dataflow})
    assert cut.positions > 1
    if dataflow == "stationary" and outputs == 37:
        assert len(artefact.image.program.output_shares) > 1
    x = np.random.default_rng(1).integers(-128, 128, (4, 6, cut.size)).astype(np.int8)
    want = position_by_position(network, x, cut, kernel, 1, TINY.metric).reshape(4, -1)
    np.testing.assert_array_equal(reference_results(artefact, x), want)
    for backend in ("emulator", "rtl"):
        with lutdla.open(backend, config=TINY) as accelerator:
            np.testing.assert_array_equal(accelerator.load(artefact).raw(x), want)
    assert artefact.output_pixels == cut.positions


def test_segments_cover_all_positions():
    cut = segments(508, 3, 5, 1)
    assert (cut.positions, cut.count, cut.size, cut.step) == (170, 3, 174, 170)
    assert cut.length == 514
    assert segments(5, 4, 1, 1).count == 3
    assert segments(5, 9, 1, 1).positions == 1


def test_which_parts_can_take_many_positions():
    stack = part(lambda: nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 4)), (8,))
    assert can_widen(stack)
    assert can_widen(linear())
    convolutions = part(lambda: nn.Sequential(nn.Conv1d(8, 8, 3), nn.ReLU(), nn.Conv1d(8, 4, 3)), (8, 5))
    assert not can_widen(convolutions)
    pooled = part(lambda: nn.Sequential(nn.AvgPool1d(2), nn.Conv1d(8, 8, 3)), (8, 6))
    assert not can_widen(pooled)


@pytest.mark.parametrize("dataflow", ["auto", "stationary"])
def test_a_feed_forward_network_computes_all_tokens_at_once(dataflow):
    stack = part(lambda: nn.Sequential(nn.Linear(8, 30), nn.GELU(), nn.Linear(30, 12)), (8,))
    artefact, cut = compile_sequence(stack, CORE, 9, 1, 1, {}, {"dataflow": dataflow})
    assert (cut.positions, artefact.output_pixels) == (9, 9)
    x = np.random.default_rng(2).integers(-128, 128, (3, 8, 9)).astype(np.int8)
    want = position_by_position(stack, x, cut, 1, 1, "l2").reshape(3, -1)
    np.testing.assert_array_equal(reference_results(artefact, x), want)
    with lutdla.open("emulator") as accelerator:
        np.testing.assert_array_equal(accelerator.load(artefact).raw(x), want)


def test_a_core_that_cannot_hold_a_single_position_is_named():
    with pytest.raises(CompileError, match=r"codebook memory needs \d+ rows, this core has codebook_rows=2"):
        compile_sequence(linear(40, 8), replace(CORE, codebook_rows=2), 64, 1, 1, {}, {})
    few = replace(CORE, index_words=8)
    _, cut = compile_sequence(linear(), few, 64, 1, 1, {}, {})
    assert 1 < cut.positions <= 8
    with pytest.raises(CompileError, match="index memory needs 10 words, this core has index_words=8"):
        compile_sequence(linear(160, 8), few, 3, 1, 1, {}, {})
