"""How an input array becomes an input frame: pixels of channel slices, as the encoders take them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lutdla.errors import ProgramError
from lutdla.spec.config import CoreConfig


@dataclass(frozen=True)
class FrameLayout:
    """The input feature map.

    Attributes:
        channels, height, width: of the input array, in this order; a flat input has 1 x 1 pixel.
        slice: channels in a subspace, at most v; the rest of a slice is 0, as the codebooks' centroids are there. 1
            makes every value a subspace of its own (a quantizer of c levels).
        space_to_depth: squares of this many pixels on a side become channels of one pixel first.
    """

    channels: int
    height: int = 1
    width: int = 1
    slice: int = 4
    space_to_depth: int = 1

    def check(self, config: CoreConfig) -> None:
        """Check that a core can take such inputs.

        Raises:
            ProgramError: names the field, its value and what it must be.
        """
        for name in ("channels", "height", "width", "slice", "space_to_depth"):
            if getattr(self, name) < 1:
                raise ProgramError(f"layout: {name} is {getattr(self, name)}, it must be 1 or more")
        if self.slice > config.v:
            raise ProgramError(f"layout: slice is {self.slice}, this core has v={config.v}: at most that")
        if self.height % self.space_to_depth or self.width % self.space_to_depth:
            raise ProgramError(f"layout: space_to_depth is {self.space_to_depth}, it must divide height {self.height} "
                               f"and width {self.width}")

    @property
    def values(self) -> int:
        """Values of an input."""
        return self.channels * self.height * self.width

    @property
    def map_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the feature map."""
        side = self.space_to_depth
        return self.channels * side * side, self.height // side, self.width // side

    @property
    def subspaces(self) -> int:
        """Subspaces of a pixel of the feature map."""
        return -(-self.map_shape[0] // self.slice)

    def groups_per_pixel(self, config: CoreConfig) -> int:
        """Groups of `encoders` slices that a pixel takes: whole words of the index memory."""
        return -(-self.subspaces // config.blocks) * config.groups_per_word

    def groups(self, config: CoreConfig) -> int:
        """Groups of a frame."""
        _, height, width = self.map_shape
        return height * width * self.groups_per_pixel(config)

    def arrange(self, values: npt.NDArray[np.int8], config: CoreConfig) -> npt.NDArray[np.int8]:
        """Frames of inputs: int8 (images, channels * height * width) -> (images, groups * encoders * v)."""
        frames = np.zeros((len(values), self.groups(config) * config.group), np.int8)
        self.place(values, frames, config)
        return frames

    def place(self, values: npt.NDArray[np.int8], frames: npt.NDArray[np.int8], config: CoreConfig) -> None:
        """Write inputs into frames that are as `arrange` makes them, 0 where nothing is written."""
        images, side = len(values), self.space_to_depth
        channels, height, width = self.map_shape
        cut = values.reshape(images, self.channels, height, side, width, side)
        pixels = cut.transpose(0, 2, 4, 1, 3, 5).reshape(images, height * width, channels)
        slices = frames.reshape(images, height * width, self.groups_per_pixel(config) * config.encoders, config.v)
        if channels < height * width:  # numpy is quick along the longer axis
            for k in range(channels):
                slices[:, :, k // self.slice, k % self.slice] = pixels[:, :, k]
            return
        whole = channels // self.slice
        full = pixels[:, :, : whole * self.slice]
        slices[:, :, :whole, : self.slice] = full.reshape(images, height * width, whole, self.slice)
        if whole < self.subspaces:
            slices[:, :, whole, : channels - whole * self.slice] = pixels[:, :, whole * self.slice :]

    def restore(self, frames: npt.NDArray[np.int8], config: CoreConfig) -> npt.NDArray[np.int8]:
        """Inputs (images, channels * height * width) of frames: the inverse of `arrange`."""
        images, side = len(frames), self.space_to_depth
        channels, height, width = self.map_shape
        slices = frames.reshape(images, height * width, self.groups_per_pixel(config) * config.encoders, config.v)
        used = slices[:, :, : self.subspaces, : self.slice]
        pixels = used.reshape(images, height * width, self.subspaces * self.slice)[:, :, :channels]
        cut = pixels.reshape(images, height, width, self.channels, side, side)
        return np.ascontiguousarray(cut.transpose(0, 3, 1, 4, 2, 5)).reshape(images, self.values)
