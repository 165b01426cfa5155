"""Where examples come from: tensors in memory (`Examples`), or batches of a DataLoader (`Loader`)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sized
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils.data import DataLoader, DistributedSampler

from lutdla.errors import InputError
from lutdla.nn.boost.processes import Share


class Batch(NamedTuple):
    """Examples of one step.

    Attributes:
        inputs: (batch, *shape).
        targets: (batch, ...).
        positions: int64 (batch,) of the examples among all, where these are in memory.
    """

    inputs: Tensor
    targets: Tensor
    positions: Tensor | None


class Source(ABC):
    """Examples, epoch by epoch, the same ones after a resume."""

    cacheable = False
    """Whether inputs are the same each time, and positions say which they are."""

    @abstractmethod
    def steps(self, batch: int, share: Share) -> int:
        """Steps of an epoch."""

    @abstractmethod
    def begin(self, seed: int) -> None:
        """A stage begins."""

    @abstractmethod
    def epoch(self, batch: int, share: Share, skip: int = 0) -> Iterator[Batch]:
        """The batches of one epoch; each call is the next epoch. The first `skip` are drawn before it returns."""

    @abstractmethod
    def all(self, share: Share) -> Iterator[Batch]:
        """Each example once, for evaluation: this process's share of them."""

    @abstractmethod
    def sample(self, count: int, seed: int) -> Tensor:
        """Typical inputs, on the CPU."""

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """What tells these examples from others."""

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """What the next epoch depends on beside the global random state."""

    @abstractmethod
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """The next call of `epoch` goes as it did where the state was taken."""


class Examples(Source):
    """Tensors in memory, shuffled anew each epoch. The rest of an epoch that fills no batch is left out: it is drawn
    anew each time.

    Args:
        inputs: (count, *shape), uint8 pixels or float.
        targets: (count, ...); classes are int64 (count,).
        augment: makes other inputs of a batch of inputs, for training alone; draws from torch's global generator.
        device: where batches are wanted; all examples are moved there at once.
    """

    EVALUATED = 1000
    """Examples that are evaluated at a time."""

    def __init__(self, inputs: Tensor, targets: Tensor, *, augment: Callable[[Tensor], Tensor] | None = None,
                 device: torch.device | None = None) -> None:
        if len(inputs) != len(targets):
            raise InputError(f"{len(inputs)} images and {len(targets)} labels: there must be as many")
        if not len(inputs):
            raise InputError("0 examples: give at least one")
        self.inputs, self.targets, self.augment = inputs.to(device), targets.to(device), augment
        self.cacheable = augment is None
        self._generator = torch.Generator()

    def __len__(self) -> int:
        return len(self.inputs)

    def steps(self, batch: int, share: Share) -> int:  # noqa: D102
        return max(1, len(self) // (batch * share.count))

    def begin(self, seed: int) -> None:  # noqa: D102
        self._generator.manual_seed(seed)

    def epoch(self, batch: int, share: Share, skip: int = 0) -> Iterator[Batch]:  # noqa: D102
        order = torch.randperm(len(self), generator=self._generator)
        whole = batch * share.count
        steps = range(skip, self.steps(batch, share))
        return (self._batch(order[step * whole : (step + 1) * whole][share.rank :: share.count]) for step in steps)

    def _batch(self, at: Tensor) -> Batch:
        at = at.to(self.inputs.device)
        inputs = self.inputs[at]
        return Batch(inputs if self.augment is None else self.augment(inputs), self.targets[at], at)

    def all(self, share: Share) -> Iterator[Batch]:  # noqa: D102
        at = torch.arange(share.rank, len(self), share.count, device=self.inputs.device)
        for part in torch.split(at, self.EVALUATED):
            yield Batch(self.inputs[part], self.targets[part], part)

    def sample(self, count: int, seed: int) -> Tensor:  # noqa: D102
        pick = torch.randperm(len(self), generator=torch.Generator().manual_seed(seed))[:count]
        return self.inputs[pick.to(self.inputs.device)].cpu()

    def settings(self) -> dict[str, Any]:  # noqa: D102
        return {"count": len(self), "shape": list(self.inputs.shape[1:]), "type": str(self.inputs.dtype),
                "sum": total(self.inputs), "targets": total(self.targets),
                "augment": None if self.augment is None else getattr(self.augment, "__qualname__", repr(self.augment))}

    def state_dict(self) -> dict[str, Any]:  # noqa: D102
        return {"generator": self._generator.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:  # noqa: D102
        self._generator.set_state(state["generator"])


class Loader(Source):
    """Batches (inputs, targets) of a DataLoader, or of anything with a length that can be iterated again and again.

    A resume within an epoch draws the batches before it once more, and drops them.

    Args:
        loader: with its own batch size and order; several processes need a DistributedSampler.
        device: where batches are wanted.
    """

    def __init__(self, loader: Iterable[Any], *, device: torch.device | None = None) -> None:
        if not isinstance(loader, Sized):
            raise InputError(f"{type(loader).__name__} has no len(): training must know how many batches an epoch has; "
                             "use a DataLoader of a map-style data set")
        if not len(loader):
            raise InputError(f"{type(loader).__name__} gives no batches: has its data set fewer examples than a batch, "
                             "with drop_last?")
        self.loader, self.device, self._epoch = loader, device, 0

    def steps(self, batch: int, share: Share) -> int:  # noqa: D102
        if share.count > 1 and not isinstance(getattr(self.loader, "sampler", None), DistributedSampler):
            raise InputError(f"{share.count} processes train on one {type(self.loader).__name__}: give it a "
                             "torch.utils.data.DistributedSampler, or give tensors (images, labels)")
        return len(self.loader)

    def begin(self, seed: int) -> None:  # noqa: D102
        if self._own() is not None:
            self._own().manual_seed(seed)  # type: ignore[union-attr]

    def epoch(self, batch: int, share: Share, skip: int = 0) -> Iterator[Batch]:  # noqa: D102
        sampler = getattr(self.loader, "sampler", None)
        if isinstance(sampler, DistributedSampler):
            sampler.set_epoch(self._epoch)
        self._epoch += 1
        batches = iter(self.loader)
        for _ in range(skip):
            next(batches)
        return map(self._batch, batches)

    def all(self, share: Share) -> Iterator[Batch]:  # noqa: D102
        for items in self.loader:
            yield self._batch(items)

    def sample(self, count: int, seed: int) -> Tensor:  # noqa: D102
        parts, found = [], 0
        for items in self.loader:
            parts.append(self._batch(items).inputs.cpu())
            found += len(parts[-1])
            if found >= count:
                break
        return torch.cat(parts)[:count]

    def settings(self) -> dict[str, Any]:  # noqa: D102
        return {"batches": len(self.loader), "batch": getattr(self.loader, "batch_size", None)}

    def state_dict(self) -> dict[str, Any]:  # noqa: D102
        own = self._own()
        return {"epoch": self._epoch, "generator": None if own is None else own.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:  # noqa: D102
        self._epoch = state["epoch"]
        if state["generator"] is not None and self._own() is not None:
            self._own().set_state(state["generator"])  # type: ignore[union-attr]

    def _own(self) -> torch.Generator | None:
        return self.loader.generator if isinstance(self.loader, DataLoader) else None

    def _batch(self, items: Any) -> Batch:
        if not isinstance(items, (tuple, list)) or len(items) != 2:
            raise InputError(f"a batch is a {type(items).__name__}: it must be (inputs, targets)")
        inputs, targets = (item.to(self.device, non_blocking=True) for item in items)
        return Batch(inputs, targets, None)


def total(values: Tensor) -> float:
    """The sum, to as many digits as any order of addition gives: tells tensors from others."""
    return float(f"{float(values.sum(dtype=torch.float64)):.9g}")


def source_of(data: Any, device: torch.device | None = None) -> Source:
    """Examples of tensors (inputs, targets), of an `Examples`, or of a DataLoader.

    Raises:
        InputError: it is none of these.
    """
    if isinstance(data, Examples):
        return Examples(data.inputs, data.targets, augment=data.augment, device=device)
    if isinstance(data, Source):
        return data
    if isinstance(data, (tuple, list)):
        if len(data) != 2 or not all(isinstance(part, Tensor) for part in data):
            raise InputError(f"examples are a {type(data).__name__} of {', '.join(type(p).__name__ for p in data)}: "
                             "give two tensors (images, labels), an Examples or a DataLoader")
        return Examples(*data, device=device)
    if isinstance(data, Iterable):
        return Loader(data, device=device)
    raise InputError(f"examples are a {type(data).__name__}: give two tensors (images, labels), an Examples or a "
                     "DataLoader")
