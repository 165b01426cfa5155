import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

import lutdla
from lutdla.compiler import compile
from lutdla.errors import CompileError, InputError
from lutdla.nn import QuantizeInput, convert, freeze
from lutdla.nn.folding import to_depth, weight_to_depth
from lutdla.nn.geometry import Geometry
from lutdla.nn.layers import PIXELS
from lutdla.nn.lookups import convolve
from lutdla.nn.lut_layer import lut_layers
from lutdla.spec.config import CoreConfig
from lutdla.spec.frame_layout import FrameLayout

IMAGES = torch.randint(0, 256, (60, 3, 8, 12), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def model(channels=3, kernel=3, stride=2, padding=1):
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(channels, 8, kernel, stride, padding), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
                         nn.Flatten(), nn.Linear(8, 4)).eval()


@given(side=st.integers(2, 4), kernel=st.tuples(st.integers(1, 7), st.integers(1, 7)),
       padding=st.tuples(st.integers(0, 4), st.integers(0, 4)))
@settings(max_examples=60, deadline=None)
def test_space_to_depth_is_the_same_convolution(side, kernel, padding):
    height, width = 3 * side, 4 * side
    before = Geometry(kernel, (side, side), padding, padding)
    assume(min(before.output(height, width)) >= 1)
    after = to_depth(before, side, height, width)
    generator = torch.Generator().manual_seed(0)
    x, weight = torch.rand(2, 3, height, width, generator=generator), torch.rand(5, 3, *kernel, generator=generator)
    got = convolve(F.pixel_unshuffle(x, side), weight_to_depth(weight, before, after, side), after)
    torch.testing.assert_close(got, convolve(x, weight, before))


@pytest.mark.parametrize("layout", [FrameLayout(3, 8, 12, slice=1), FrameLayout(3, 8, 12, slice=3),
                                    FrameLayout(3, 8, 12, slice=4, space_to_depth=2)], ids=str)
def test_torch_arranges_inputs_as_frames_do(layout):
    x = IMAGES[:5]
    maps = QuantizeInput(PIXELS, (3, 8, 12), layout)(x)
    assert maps.shape == (5, *layout.map_shape)
    config = CoreConfig(blocks=1, encoders=1, lanes=16)
    values = (x.numpy().astype(np.int16) - 128).astype(np.int8).reshape(5, -1)
    frames = layout.arrange(values, config).reshape(5, -1, layout.subspaces, 4)[..., : layout.slice]
    pixels = frames.reshape(5, *layout.map_shape[1:], -1)[..., : layout.map_shape[0]]
    np.testing.assert_array_equal(maps.permute(0, 2, 3, 1).numpy(), pixels)


@pytest.mark.parametrize(
    ("first", "channels", "layout"),
    [(None, 3, FrameLayout(3, 8, 12, slice=1)), ("scalar", 3, FrameLayout(3, 8, 12, slice=1)),
     ("slices", 3, FrameLayout(3, 8, 12, slice=4)), ("space_to_depth", 3, FrameLayout(3, 8, 12, 4, 2))],
)  # fmt: skip
def test_the_first_layer_is_cut_as_asked(first, channels, layout):
    network = convert(model(), IMAGES, first=first, iterations=1)
    assert network.quantize_input.layout == layout
    made = lut_layers(network)["0"]
    assert (made.inputs, made.slice) == (layout.map_shape[0], layout.slice)
    assert network(IMAGES[:3]).shape == (3, 4)


def test_many_channels_are_cut_into_slices():
    network = convert(model(5), torch.rand(50, 5, 8, 8), iterations=0)
    assert network.quantize_input.layout == FrameLayout(5, 8, 8, slice=4)


def test_a_vector_may_be_cut_into_single_values():
    dense = nn.Sequential(nn.Linear(10, 8), nn.ReLU(), nn.Linear(8, 4)).eval()
    rows = torch.randn(400, 10, generator=torch.Generator().manual_seed(0))
    sliced, single = (convert(dense, rows, first=first, iterations=5) for first in ("slices", "scalar"))
    assert single.quantize_input.layout == FrameLayout(10, slice=1)
    assert [(layer.slice, layer.subspaces) for layer in lut_layers(single).values()] == [(1, 10), (4, 2)]
    errors = [(network(rows) - dense(rows)).square().mean() for network in (sliced, single)]
    assert errors[1] < 0.5 * errors[0]
    freeze(single)
    config = CoreConfig(blocks=2)
    with lutdla.open("emulator", config=config) as accelerator:
        np.testing.assert_array_equal(accelerator.load(compile(single, config))(rows.numpy()), single(rows).numpy())


def test_every_cut_computes_nearly_the_dense_network():
    """With 256 centroids for single values nothing is lost; the other two lose little on smooth images."""
    dense = model()
    coarse = torch.rand(40, 3, 2, 3, generator=torch.Generator().manual_seed(0))
    images = F.interpolate(coarse, (8, 12), mode="bilinear")
    want = dense(images)
    for first, limit in (("scalar", 0.08), ("slices", 0.2), ("space_to_depth", 0.2)):
        got = convert(dense, images, first=first, c=256, iterations=5)(images)
        assert (got - want).abs().max() < limit * (want.max() - want.min()), first


class Twice(nn.Module):
    """Two layers read the input."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(3, 8, 1, 2)
        self.c = nn.Linear(8, 4)

    def forward(self, x):
        return self.c((self.a(x) + self.b(x)).mean((2, 3)))


@pytest.mark.parametrize(
    ("make", "images", "error", "message"),
    [
        (lambda: model(stride=1), IMAGES, CompileError,
         "layer 0: cannot take its input as space-to-depth: it has stride 1 x 1, .*use first='scalar'"),
        (lambda: model(stride=(2, 1)), IMAGES, CompileError, "it has stride 2 x 1"),
        (lambda: model(stride=5, kernel=5), IMAGES, CompileError, "its stride 5 does not divide 8 x 12 pixels"),
        (Twice, IMAGES, CompileError, "layer a: cannot take .*: layer b also reads the input"),
        (lambda: nn.Sequential(nn.Flatten(), nn.Linear(288, 4)), IMAGES, InputError,
         "first is 'space_to_depth': the first layer takes vectors"),
    ],
)
def test_space_to_depth_is_refused_where_it_is_not_exact(make, images, error, message):
    with pytest.raises(error, match=message):
        convert(make(), images, first="space_to_depth")


def test_an_unknown_cut_is_refused():
    with pytest.raises(InputError, match="first is 'patches': use one of scalar, space_to_depth, slices"):
        convert(model(), IMAGES, first="patches")
