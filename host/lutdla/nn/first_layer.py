"""How the input map is cut into slices: images have 1 to 3 channels, fewer than a subspace has values.

* scalar: a codebook for each channel of its own, of single values: a quantizer of c levels that is not uniform.
* slices: v channels in a subspace, as in all other maps.
* space_to_depth: squares of pixels become channels of one pixel first. Exact only where the first convolution's stride
  is the side of the squares: its kernel then covers whole squares.
"""

from __future__ import annotations

from lutdla.errors import CompileError, InputError
from lutdla.nn.folding import to_depth
from lutdla.nn.graph import Network
from lutdla.spec.frame_layout import FrameLayout

FIRST = ("scalar", "space_to_depth", "slices")
SCALAR_CHANNELS = 3
"""Inputs with up to so many channels are cut into single values unless told otherwise (docs/decisions/0007)."""


def input_layout(network: Network, v: int, first: str | None) -> FrameLayout | None:
    """The input feature map; None for a vector that is cut into slices. With space-to-depth, the input and its reading
    are changed to it.

    Args:
        v: values in a subspace of the layers that read it.
        first: one of `FIRST`, or None: scalar for maps of up to 3 channels, else slices. Scalar also suits tables of
            few features: values that share a codebook are told apart no better than its centroids are.

    Raises:
        InputError: there is no such choice.
        CompileError: space-to-depth is not exact for this model.
    """
    source = network.input
    if first is not None and first not in FIRST:
        raise InputError(f"first is {first!r}: use one of {', '.join(FIRST)}")
    if source.rank == 1:
        if first == "space_to_depth":
            raise InputError("first is 'space_to_depth': the first layer takes vectors, which have no squares of "
                             "pixels: use scalar or slices, or leave it out")
        return FrameLayout(source.channels, slice=1) if first == "scalar" else None
    size = (source.channels, source.height, source.width)
    if first == "space_to_depth":
        side = _side(network)
        source.channels, source.height, source.width = size[0] * side * side, size[1] // side, size[2] // side
        return FrameLayout(*size, slice=v, space_to_depth=side)
    scalar = first == "scalar" or (first is None and source.channels <= SCALAR_CHANNELS)
    return FrameLayout(*size, slice=1 if scalar else v)


def _side(network: Network) -> int:
    """Side of the squares; gives the first reading its geometry on them."""
    source, readings = network.input, network.readers(network.input)
    reading = readings[0]
    stride = reading.geometry.stride
    reason = None
    if len(readings) > 1:
        reason = f"layer {readings[1].name} also reads the input"
    elif stride[0] != stride[1] or stride[0] == 1 or reading.geometry.area > 1:
        reason = f"it has stride {stride[0]} x {stride[1]}, it must move by whole squares: one stride of 2 or more"
    elif source.height % stride[0] or source.width % stride[1]:
        reason = f"its stride {stride[0]} does not divide {source.height} x {source.width} pixels"
    if reason:
        raise CompileError(f"layer {reading.name}: cannot take its input as space-to-depth: {reason}: use "
                           "first='scalar'")
    reading.to_depth = to_depth(reading.geometry, stride[0], source.height, source.width)
    return stride[0]
