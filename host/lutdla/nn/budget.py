"""Mixed v and c: the pair of each map that costs the loss least, under a budget of table bytes and lookups.

The loss that a pair costs is estimated to first order, layer by layer in the dense model: k-means with the pair, the
error that it makes in the sums of each layer that reads the map, times the squared gradient of the loss with respect to
these sums, halved (as in the Fisher information). The choice among the estimates is exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lutdla.errors import InputError
from lutdla.nn.clustering import kmeans
from lutdla.nn.dense import Dense, activated, folded_weights, run_dense
from lutdla.nn.first_layer import input_layout
from lutdla.nn.graph import Network, Reading, Source, Step, read_network
from lutdla.nn.knapsack import Option, least_loss
from lutdla.nn.layers import Affine, QuantizeInput
from lutdla.nn.lookups import convolve
from lutdla.nn.metrics import metric_named
from lutdla.nn.sensitivity import result_sensitivity

if TYPE_CHECKING:
    from rich.table import Table

VECTORS = 4096
"""Vectors of a subspace that k-means sees, at most."""


@dataclass(frozen=True)
class Pair:
    """A pair for a map, with what it costs.

    Attributes:
        v, c: values in a subspace, centroids in a codebook.
        loss: estimated, of an input, summed over the layers that read the map.
        table_bytes: of these layers.
        lookups: table entries that they add up for an input: what their cycles are proportional to.
    """

    v: int
    c: int
    loss: float
    table_bytes: int
    lookups: int


@dataclass(frozen=True)
class Chosen:
    """What was chosen for a map.

    Attributes:
        source: name of the map.
        readers: names of the layers that read it.
        pair: the choice.
        options: all pairs that it was chosen from.
    """

    source: str
    readers: tuple[str, ...]
    pair: Pair
    options: tuple[Pair, ...]


@dataclass(frozen=True)
class Plan:
    """A pair for each map.

    Attributes:
        maps: in order.
        max_table_bytes, max_lookups: the budget; None: no limit.
    """

    maps: tuple[Chosen, ...]
    max_table_bytes: int | None
    max_lookups: int | None

    @property
    def per_layer(self) -> dict[str, dict[str, int]]:
        """What `convert` takes as `per_layer`."""
        return {reader: {"v": one.pair.v, "c": one.pair.c} for one in self.maps for reader in one.readers}

    @property
    def loss(self) -> float:
        """Estimated, of all maps."""
        return sum(one.pair.loss for one in self.maps)

    @property
    def table_bytes(self) -> int:
        """Of all layers."""
        return sum(one.pair.table_bytes for one in self.maps)

    @property
    def lookups(self) -> int:
        """Of an input, all layers."""
        return sum(one.pair.lookups for one in self.maps)

    def table(self) -> Table:
        """What was chosen, what it costs, and what the cheapest and the best pair would do to the loss."""
        from rich.table import Table

        made = Table(title="v and c of each map", show_footer=True)
        limits = [f" of {limit:,}" if limit is not None else "" for limit in (self.max_table_bytes, self.max_lookups)]
        for name, footer in (("map", ""), ("read by", ""), ("v", ""), ("c", ""),
                             ("table bytes", f"{self.table_bytes:,}{limits[0]}"),
                             ("lookups", f"{self.lookups:,}{limits[1]}"), ("loss", f"{self.loss:.3g}"),
                             ("if cheapest", ""), ("if best", "")):
            made.add_column(name, footer, justify="left" if name in ("map", "read by") else "right")
        for one in self.maps:
            pair = one.pair
            cheapest = min(one.options, key=lambda other: (other.table_bytes, other.lookups, other.loss))
            made.add_row(one.source, ", ".join(one.readers), str(pair.v), str(pair.c), f"{pair.table_bytes:,}",
                         f"{pair.lookups:,}", f"{pair.loss:.3g}", f"{cheapest.loss:.3g}",
                         f"{min(other.loss for other in one.options):.3g}")
        return made


def plan(
    model: nn.Module, images: Tensor, labels: Tensor | None = None, *, pairs: Iterable[tuple[int, int]],
    max_table_bytes: int | None = None, max_lookups: int | None = None, metric: str = "l2",
    loss: str = "cross_entropy", damping: float = 1.0, first: str | None = None, iterations: int = 10, seed: int = 0,
) -> Plan:
    """Choose v and c for each map.

    Args:
        model: dense and trained.
        images: (B, *shape) typical inputs, a few hundred: their maps are all in memory.
        labels: of the loss, as for `map_sensitivity`; None: drawn from the model's answers.
        pairs: (v, c) that each map may have.
        max_table_bytes: of all layers; None: no limit.
        max_lookups: of an input; None: no limit.
        metric, first: as for `convert`.
        loss: "cross_entropy" or "squared_error".
        damping: means of a layer's squared gradients that are added to them: small errors are not all that coarse
            codebooks make.
        iterations, seed: of k-means.

    Raises:
        CompileError: the model holds something the core does not run.
        InputError: arguments do not fit, or no choice is within the budget.
    """
    candidates = _checked(pairs, max_table_bytes, max_lookups)
    network = read_network(model, tuple(images.shape[1:]))
    layout = input_layout(network, max(v for v, _ in candidates), first)
    quantizer = QuantizeInput(Affine(1.0, 0), network.shape, layout, vector=network.input.rank == 1)
    squares = result_sensitivity(network, images, labels, loss=loss, quantizer=quantizer, seed=seed)
    squares = {name: values + damping * values.mean() for name, values in squares.items()}
    weights = folded_weights(network)
    with torch.no_grad():
        dense = run_dense(network, images, weights, quantizer=quantizer)
        options = []
        for source in _read(network):
            single = source is network.input and layout is not None and layout.slice == 1
            options.append([_estimate(network, source, dense, weights, squares, v, c, 1 if single else v, metric,
                                      iterations, seed) for v, c in candidates])
    limits = [limit for limit in (max_table_bytes, max_lookups) if limit is not None]
    items = [[Option(pair.loss, tuple(cost for cost, limit in ((pair.table_bytes, max_table_bytes),
                                                               (pair.lookups, max_lookups)) if limit is not None))
              for pair in row] for row in options]
    chosen = least_loss(items, limits)
    return Plan(tuple(Chosen(source.name, tuple(reading.name for reading in network.readers(source)), row[at],
                             tuple(row)) for source, row, at in zip(_read(network), options, chosen)),
                max_table_bytes, max_lookups)


def _checked(pairs: Iterable[tuple[int, int]], *limits: int | None) -> list[tuple[int, int]]:
    found = list(dict.fromkeys(tuple(pair) for pair in pairs))
    if not found:
        raise InputError("pairs is empty: give (v, c) that maps may have, as [(4, 16), (2, 16)]")
    for pair in found:
        if len(pair) != 2 or pair[0] < 1 or pair[1] < 2 or pair[1] & (pair[1] - 1):
            raise InputError(f"pairs holds {pair}: it must be (v, c), v 1 or more, c a power of two, 2 or more")
    for limit in limits:
        if limit is not None and limit < 1:
            raise InputError(f"a budget is {limit}: it must be 1 or more, or None")
    return found  # type: ignore[return-value]


def _read(network: Network) -> list[Source]:
    return [source for source in network.sources() if network.readers(source)]


def _estimate(network: Network, source: Source, dense: Dense, weights: dict[str, tuple[Tensor, Tensor]],
              squares: dict[str, Tensor], v: int, c: int, cut: int, metric: str, iterations: int, seed: int) -> Pair:
    """What a pair for a map costs; `cut` values are in a subspace."""
    real = dense.maps[source]
    error = activated(source, _encoded(real, c, cut, metric, iterations, seed)) - activated(source, real)
    total, table_bytes, lookups = 0.0, 0, 0
    for step, reading in _readings(network, source):
        made = convolve(error, weights[reading.name][0], reading.window)  # (B, N, Ho, Wo)
        total += float((made.square() * squares[step.name]).sum(dtype=torch.float64)) / (2 * len(real))
        subspaces, taps = -(-source.channels // cut), reading.window.taps
        height, width = reading.window.output(source.height, source.width)
        table_bytes += taps * subspaces * c * step.channels
        lookups += height * width * taps * reading.window.area * subspaces * step.channels
    return Pair(v, c, total, table_bytes, lookups)


def _readings(network: Network, source: Source) -> Sequence[tuple[Step, Reading]]:
    return [(step, reading) for step in network.steps for reading in step.readings if reading.source is source]


def _encoded(real: Tensor, c: int, cut: int, metric: str, iterations: int, seed: int) -> Tensor:
    """A map (B, C, H, W) as centroids of the int8 grid, in real units again."""
    batch, channels, height, width = real.shape
    affine = Affine.of_range(float(real.min()), float(real.max()))
    grid = ((real / affine.scale).round() + affine.zero_point).clamp(-128, 127)
    filled = F.pad(grid, (0, 0, 0, 0, 0, -channels % cut))
    slices = filled.view(batch, -1, cut, height * width).permute(1, 0, 3, 2).flatten(1, 2)  # (S, B * H * W, cut)
    pick = torch.randperm(slices.shape[1], generator=torch.Generator().manual_seed(seed))[:VECTORS]
    codebooks, _ = kmeans(slices[:, pick], c, metric, iterations=iterations, seed=seed)
    index = torch.cat([metric_named(metric).nearest_torch(part.contiguous(), codebooks)
                       for part in slices.split(2048, dim=1)], dim=1)
    chosen = codebooks.gather(1, index[:, :, None].expand(-1, -1, cut))
    whole = chosen.view(len(slices), batch, height * width, cut).permute(1, 0, 3, 2)
    whole = whole.reshape(batch, -1, height, width)[:, :channels]
    return (whole - affine.zero_point) * affine.scale


__all__ = ["Chosen", "Pair", "Plan", "plan"]
