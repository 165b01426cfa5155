"""`auc`: the area under the ROC curve, which scores how well one number tells two groups."""

from __future__ import annotations

import torch
from torch import Tensor

from lutdla.errors import InputError


def auc(scores: Tensor, positive: Tensor) -> float:
    """The chance that an example of the one group has a larger score than one of the other; equal ones count half.

    Args:
        scores: (examples,).
        positive: bool (examples,), which belong to the group whose scores should be larger.

    Raises:
        InputError: the shapes differ, or one of the groups is empty.
    """
    if scores.ndim != 1 or scores.shape != positive.shape:
        raise InputError(f"scores have shape {tuple(scores.shape)} and groups {tuple(positive.shape)}: both must be "
                         "(examples,)")
    ones = int(positive.sum())
    others = len(scores) - ones
    if not ones or not others:
        raise InputError(f"{ones} of {len(scores)} examples are in the group: an area under the ROC curve needs both "
                         "groups")
    ordered = scores.sort().values
    below = torch.searchsorted(ordered, scores)
    ranks = (below + torch.searchsorted(ordered, scores, right=True) + 1).double() / 2  # of equals, their mean
    return float((ranks[positive].sum() - ones * (ones + 1) / 2) / (ones * others))
