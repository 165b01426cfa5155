"""`LUTLinear`: a fully connected layer of vectors as table lookups."""

from __future__ import annotations

from torch import Tensor, nn

from lutdla.errors import InputError
from lutdla.nn.geometry import Geometry
from lutdla.nn.lut_layer import LUTLayer


class LUTLinear(LUTLayer):
    """y = W x + bias, computed as: encode slices of v values, look up table rows, add. See `LUTLayer`.

    Args:
        in_features, out_features: as in nn.Linear; inputs are filled up with 0 to a multiple of v.
        v: values in a subspace.
        c: centroids in a codebook.
        metric: name of the encoder's distance.
        slice: values in a subspace, v or fewer; None: v.
    """

    def __init__(self, in_features: int, out_features: int, v: int = 4, c: int = 16, metric: str = "l2",
                 slice: int | None = None) -> None:
        super().__init__(in_features, out_features, Geometry(), v=v, c=c, metric=metric, slice=slice)
        self.weight = nn.Parameter(self.weight.detach().flatten(1))  # (N, K), as in nn.Linear

    def forward(self, x: Tensor, shortcut: Tensor | None = None, residual: Tensor | None = None) -> Tensor:
        """(M, K) on the int8 grid -> (M, N): on the int8 grid, or real in the last layer."""
        if x.ndim != 2 or x.shape[1] != self.inputs:
            raise InputError(f"LUTLinear got shape {tuple(x.shape)}: it takes (batch, {self.inputs})")
        more = [None if vector is None else vector[:, :, None, None] for vector in (shortcut, residual)]
        return self.run(x[:, :, None, None], *more).flatten(1)
