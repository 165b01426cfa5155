"""`CentroidRevival`: centroids that nothing chooses move to where they are needed."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from lutdla.errors import InputError
from lutdla.nn.boost.captured import Look, looking, readings
from lutdla.nn.boost.run import Run
from lutdla.nn.boost.technique import Technique
from lutdla.nn.lookups import Lookups
from lutdla.nn.lut_layer import LUTLayer

PLACES = ("error", "most_used")


@dataclass
class CentroidRevival(Technique):
    """A centroid that no slice has chosen for `steps` steps is dead: its table rows are wasted. It moves to the slice
    that is farthest from its centroid, or beside the centroid that is chosen most. Its table corrections, and what the
    optimizer knew of it, start anew.

    Choices are counted in `looks` of the steps, in whole batches: encoding each map twice at every step would cost too
    much.

    Attributes:
        steps: that make a centroid dead, and between two revivals.
        looks: steps of these whose choices are counted.
        place: "error" or "most_used".
    """

    steps: int = 200
    looks: int = 10
    place: str = "error"
    NAME: ClassVar[str] = "centroid_revival"
    _counts: list[Tensor] = field(default_factory=list, init=False, repr=False)
    """Of each set of codebooks: (S, c)."""
    _fresh: list[Tensor] = field(default_factory=list, init=False, repr=False)
    """The same of the look under way, in this process."""
    _revived: int = field(default=0, init=False, repr=False)
    _far: dict[nn.Parameter, tuple[Tensor, Tensor]] = field(default_factory=dict, init=False, repr=False)
    """Of each set of codebooks, in the look under way: slices (S, far, slice), their distances (S, far)."""
    _looking: ExitStack = field(default_factory=ExitStack, init=False, repr=False)

    def __post_init__(self) -> None:
        if not 1 <= self.looks <= self.steps:
            raise InputError(f"centroid revival looks {self.looks} times in {self.steps} steps: it must be at least "
                             "once and at most at every step")
        if self.place not in PLACES:
            raise InputError(f"centroid revival has place {self.place!r}: use one of {', '.join(PLACES)}")

    @property
    def revived(self) -> int:
        """Centroids moved so far."""
        return self._revived

    def prepare(self, run: Run) -> None:  # noqa: D102
        self._counts = [torch.zeros(books.shape[:2], device=run.device) for books in _readers(run)]

    def before_step(self, run: Run) -> None:  # noqa: D102
        if (run.step + 1) % self._interval == 0:
            self._looking = ExitStack()
            self._looking.enter_context(looking(run.layers, self._look(run)))

    def after_step(self, run: Run) -> None:  # noqa: D102
        if run.step % self._interval:
            return
        self._looking.close()
        for counts, fresh in zip(self._counts, self._fresh):
            counts += run.share.sum(fresh)
        if run.step % (self._interval * self.looks) == 0:
            for i, (books, parts) in enumerate(_readers(run).items()):
                if books in self._far:  # a layer that is not replaced yet does not encode
                    self._revive(run, books, parts, self._counts[i], *self._far[books])
                self._counts[i].zero_()
        self._far = {}

    def release(self, run: Run) -> None:  # noqa: D102
        self._looking.close()

    @property
    def _interval(self) -> int:
        return self.steps // self.looks

    def _look(self, run: Run) -> Look:
        """Counts choices, and keeps the slices that are farthest from their centroids."""
        owners = list(_readers(run))
        self._far = {}
        self._fresh = [torch.zeros_like(counts) for counts in self._counts]

        def look(_: str, layer: LUTLayer, x: Tensor, shortcut: Tensor | None) -> None:
            if layer.bypass:
                return
            for part, source in readings(layer, x, shortcut):
                if part.codebooks in self._far:  # another layer reads the same map
                    continue
                slices, books = part.slices(source).contiguous(), part.grid_codebooks()
                nearest, index = part.metric.distance_torch(slices, books).min(dim=1)  # (S, M) each
                counts = self._fresh[next(i for i, owner in enumerate(owners) if owner is part.codebooks)]
                counts.scatter_add_(1, index, torch.ones_like(nearest))
                distance, at = nearest.topk(min(part.c, nearest.shape[1]), dim=1)  # (S, far)
                far = slices.gather(1, at[:, :, None].expand(-1, -1, slices.shape[2]))
                self._far[part.codebooks] = (far, distance)

        return look

    @torch.no_grad()
    def _revive(self, run: Run, books: nn.Parameter, parts: list[Lookups], counts: Tensor, far: Tensor,
                distance: Tensor) -> None:
        """Move what `counts` (S, c) says that nothing chooses."""
        dead = counts == 0
        rank = dead.cumsum(dim=1) - 1  # the first dead centroid of a subspace gets the farthest slice
        if self.place == "error":
            far, distance = run.share.of_first(far), run.share.of_first(distance)
            at = rank.clamp(0, far.shape[1] - 1)
            dead &= distance.gather(1, at) > 0  # else every slice has a centroid of its own
            values = far.gather(1, at[:, :, None].expand_as(books))
        else:
            twin = counts.argsort(dim=1, descending=True, stable=True).gather(1, rank.clamp_min(0))  # (S, c)
            generator = torch.Generator().manual_seed(run.seed + run.step)
            aside = torch.randint(0, 2, books.shape, generator=generator).to(books.device) * 2.0 - 1
            values = (books.gather(1, twin[:, :, None].expand_as(books)) + aside).clamp(-128, 127)
        self._revived += int(dead.sum())
        run.overwrite(books, dead[:, :, None].expand_as(books), values)
        for part in parts:
            where = dead[None, :, :, None].expand_as(part.correction)
            new = torch.zeros_like(part.correction)
            if self.place == "most_used":  # the same entries: the network's answers stay what they were
                new = part.correction.gather(2, twin[None, :, :, None].expand_as(part.correction))
            run.overwrite(part.correction, where, new)

    def state_dict(self) -> dict[str, Any]:  # noqa: D102
        return {"counts": self._counts, "revived": self._revived}

    def load_state_dict(self, state: dict[str, Any]) -> None:  # noqa: D102
        for counts, saved in zip(self._counts, state["counts"]):
            counts.copy_(saved)
        self._revived = state["revived"]


def _readers(run: Run) -> dict[nn.Parameter, list[Lookups]]:
    """Each set of codebooks, with the lookups that use it."""
    found: dict[nn.Parameter, list[Lookups]] = {}
    for part in run.network.modules():
        if isinstance(part, Lookups):
            found.setdefault(part.codebooks, []).append(part)
    return found
