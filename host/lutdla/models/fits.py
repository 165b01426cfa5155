"""Whether a network can be built for an input: refusals that name the network, the size and the limit."""

from __future__ import annotations

from collections.abc import Sequence

from lutdla.errors import InputError


def check_map(name: str, shape: tuple[int, int, int], least: tuple[int, int], why: str) -> None:
    """The map must have this many pixels.

    Args:
        name: of the network.
        shape: channels, height, width.
        least: height and width that still fit.
        why: what it is that needs them.

    Raises:
        InputError: it is smaller.
    """
    if shape[1] < least[0] or shape[2] < least[1]:
        raise InputError(f"{name} cannot take maps of {shape[1]} x {shape[2]} pixels: {why} needs {least[0]} x "
                         f"{least[1]} or more: enlarge the inputs or use another network")


def check_sizes(name: str, option: str, sizes: Sequence[int]) -> None:
    """Sizes of layers must be numbers of 1 or more.

    Raises:
        InputError: one is not.
    """
    if not all(isinstance(size, int) and size >= 1 for size in sizes):
        raise InputError(f"{name} has {option}={tuple(sizes)}: each must be 1 or more")
