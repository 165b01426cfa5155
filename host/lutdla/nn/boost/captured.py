"""The maps that reach lookup layers: seen by hooks while a network runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from lutdla.nn.clustering import kmeans
from lutdla.nn.lookups import Lookups
from lutdla.nn.lut_layer import LUTLayer

VECTORS = 1 << 14
"""Vectors of a subspace that k-means sees, at most."""

Look = Callable[[str, LUTLayer, Tensor, "Tensor | None"], None]
"""Called with a layer's name, the layer, its map and the map of its shortcut, both (B, C, H, W), before it runs."""


@contextmanager
def looking(layers: Mapping[str, LUTLayer], look: Look) -> Iterator[None]:
    """`look` at what reaches each layer, while within."""
    handles = [layer.register_forward_pre_hook(_hook(name, look), with_kwargs=True) for name, layer in layers.items()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _hook(name: str, look: Look) -> Callable[..., None]:
    def hook(layer: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        assert isinstance(layer, LUTLayer)
        x = args[0]
        shortcut = args[1] if len(args) > 1 else kwargs.get("shortcut")
        with torch.no_grad():
            look(name, layer, _as_map(x), None if shortcut is None else _as_map(shortcut))

    return hook


def _as_map(x: Tensor) -> Tensor:
    return (x if x.ndim == 4 else x[:, :, None, None]).detach()


def readings(layer: LUTLayer, x: Tensor, shortcut: Tensor | None) -> list[tuple[Lookups, Tensor]]:
    """The lookups of a layer with the map that each reads."""
    return [(layer, x)] + ([] if layer.shortcut is None or shortcut is None else [(layer.shortcut, shortcut)])


def vectors(part: Lookups, x: Tensor, most: int, seed: int) -> Tensor:
    """Slices (S, M, slice) of a random choice of at most `most` pixels of maps (B, C, H, W)."""
    pixels = x.permute(0, 2, 3, 1).flatten(0, 2)  # (B * H * W, C)
    if len(pixels) > most:
        pick = torch.randperm(len(pixels), generator=torch.Generator().manual_seed(seed))[:most]
        pixels = pixels[pick.to(pixels.device)]
    return part.slices(pixels[:, :, None, None]).contiguous()


@torch.no_grad()
def cluster(part: Lookups, slices: list[Tensor], iterations: int, seed: int) -> None:
    """Codebooks by k-means of slices (S, M, slice) each."""
    found, _ = kmeans(torch.cat([some.cpu() for some in slices], dim=1), part.c, part.metric.name,
                      iterations=iterations, seed=seed)
    part.codebooks.copy_(found)
