"""How much of its accuracy a network will lose by encoding, estimated without training: `lutdla.nn.budget`.

The loss that a layer's reconstruction error costs, to second order, weighted by the loss' sensitivity to each sum. The
sum over all maps orders ways to encode well (`docs/cost-model.md` shows how well); what accuracy they reach, only a
training tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lutdla.explore.plain import from_plain, to_plain
from lutdla.explore.problem import recipe_from

EXAMPLES = 128
"""Inputs that losses are estimated on: all their maps are in memory."""

ITERATIONS = 5
"""Of k-means."""

PART = 4
"""Ways to encode that one piece of work estimates."""


@dataclass(frozen=True)
class MapLoss:
    """A map: the layers that read it, and the estimated loss of each (v, c).

    Attributes:
        source, readers: names.
        losses: in the order of the pairs.
    """

    source: str
    readers: tuple[str, ...]
    losses: tuple[float, ...]


def map_losses(recipe: dict[str, Any], metric: str, pairs: Sequence[Sequence[int]]) -> list[dict[str, Any]]:
    """Estimate losses; a piece of work.

    Args:
        recipe: of `plain_recipe`; its dense network is trained.
        metric: of the distances.
        pairs: (v, c).

    Returns:
        `MapLoss` of each map, as JSON has it.
    """
    import torch

    from lutdla.nn.boost.recipe_parts import dense_network, examples
    from lutdla.nn.budget import plan

    whole = recipe_from(recipe)
    torch.set_num_threads(whole.threads)
    splits = examples(whole, EXAMPLES)
    dense = dense_network(whole, splits)
    inputs, targets = splits.train
    classifies = whole.task.kind == "classification"
    found = plan(dense, inputs, targets if classifies else targets.float().flatten(1),
                 pairs=[(int(v), int(c)) for v, c in pairs], metric=metric, first=whole.convert.first,
                 loss="cross_entropy" if classifies else "squared_error", iterations=ITERATIONS, seed=whole.seed)
    plain: list[dict[str, Any]] = to_plain([MapLoss(one.source, one.readers, tuple(pair.loss for pair in one.options))
                                            for one in found.maps])
    return plain


def read_losses(values: list[dict[str, Any]]) -> list[MapLoss]:
    """What `map_losses` returned."""
    return [from_plain(value, MapLoss) for value in values]
