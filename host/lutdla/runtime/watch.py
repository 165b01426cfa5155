"""`Watch`: a long call in batches that shows how it goes: `for results in network.watch(images, labels=labels): ...`

What happens to the figures is here, how they are drawn in `lutdla.runtime.watch_views`.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from lutdla.errors import InputError
from lutdla.runtime.profile import Profile

KEPT = 60
"""Rates of the newest batches that are kept, for the curve."""


class Watched(Protocol):
    """What can be watched: a `Network`."""

    def __call__(self, x: npt.ArrayLike, *, timeout_s: float | None = None) -> npt.NDArray[np.float32]:
        """Results of a batch."""

    @property
    def profile(self) -> Profile:
        """What the newest call cost."""


@dataclass
class WatchState:
    """How far a watched call is.

    Attributes:
        total: images there are; None: a stream, whose end nobody knows.
        images, batches: done.
        seconds: wall-clock time inside the network's calls; what happens between two batches is not in it.
        right: images whose largest result is the one of their label; None without labels.
        cycles, lookups, padding, device_images: counted by the core, as in `Profile`, over all batches.
        banks: of the core.
        rates: images a second of the newest batches.
        image, scores, label: the newest image, its results, and its label where there is one.
        names: of the classes; empty: their numbers.
    """

    total: int | None = None
    images: int = 0
    batches: int = 0
    seconds: float = 0.0
    right: int | None = None
    cycles: int = 0
    lookups: int = 0
    padding: int = 0
    device_images: int = 0
    banks: int = 1
    rates: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))
    image: npt.NDArray[Any] | None = None
    scores: npt.NDArray[np.float32] | None = None
    label: int | None = None
    names: tuple[str, ...] = ()

    @property
    def images_per_s(self) -> float:
        """Images a second so far, host and device together; 0 before the first."""
        return self.images / self.seconds if self.seconds else 0.0

    @property
    def accuracy(self) -> float | None:
        """Share (0..1) of the images so far that are right; None without labels or images."""
        return None if self.right is None or not self.images else self.right / self.images

    @property
    def utilization(self) -> float | None:
        """Share (0..1) of all banks and cycles that did a lookup; None where the device counts no cycles."""
        return (self.lookups + self.padding) / (self.cycles * self.banks) if self.cycles else None

    @property
    def cycles_per_image(self) -> float | None:
        """Mean clock cycles of an image; None where the device counts no cycles."""
        return self.cycles / self.device_images if self.cycles and self.device_images else None

    @property
    def prediction(self) -> int | None:
        """Class of the newest image; None before the first."""
        return None if self.scores is None else int(self.scores.argmax())

    def name_of(self, number: int) -> str:
        """What a class is called."""
        return self.names[number] if number < len(self.names) else str(number)

    def add(self, images: npt.NDArray[Any], results: npt.NDArray[np.float32], labels: npt.NDArray[Any] | None,
            profile: Profile, seconds: float) -> None:
        """Count a batch."""
        self.images += len(images)
        self.batches += 1
        self.seconds += seconds
        self.rates.append(len(images) / max(seconds, 1e-9))
        self.cycles += profile.cycles
        self.lookups += profile.lookups
        self.padding += profile.padding
        self.device_images += profile.images
        self.banks = profile.config.banks
        self.image, self.scores = images[-1], results[-1].ravel()
        if labels is not None:
            answers = results.reshape(len(results), -1).argmax(axis=1)
            self.right = (self.right or 0) + int((answers == labels).sum())
            self.label = int(labels[-1])

    def rows(self) -> list[tuple[str, str]]:
        """Name and value of every figure, in words."""
        of = "" if self.total is None else f" of {self.total:,}"
        shown = [("images", f"{self.images:,}{of}"), ("images a second", f"{self.images_per_s:,.0f}")]
        if self.utilization is not None and self.cycles_per_image is not None:
            shown += [("utilization", f"{self.utilization:.1%}"), ("cycles an image", f"{self.cycles_per_image:,.1f}")]
        if self.accuracy is not None:
            shown.append(("accuracy", f"{self.accuracy:.2%}"))
        return shown


class View(Protocol):
    """Something that shows a state."""

    def update(self, state: WatchState) -> None:
        """Draw it."""

    def close(self, state: WatchState) -> None:
        """Draw it for the last time."""


class Watch:
    """Runs images through a network batch by batch; iterating over it gives the results of each batch.

    Args:
        network: what runs them.
        images: (images, *input shape); or an iterator of batches, such as a generator that reads a camera.
        labels: class numbers (images,); for an iterator of batches, leave them out or let it give (batch, labels).
        batch: images of a call.
        names: of the classes.
        view: "widgets", "text", "none", or "auto": widgets in a notebook that has them, otherwise text.
        every_s: seconds between two drawings.
        timeout_s: of each call, as in `Network.__call__`.

    Attributes:
        state: figures so far; also when the loop was left early.

    Raises:
        InputError: settings that cannot be, or labels that do not fit the images.
    """

    def __init__(self, network: Watched, images: Any, *, labels: npt.ArrayLike | None = None, batch: int = 64,
                 names: Iterable[str] = (), view: str = "auto", every_s: float = 0.2,
                 timeout_s: float | None = None) -> None:
        if isinstance(batch, bool) or not isinstance(batch, int) or batch < 1:
            raise InputError(f"batch is {batch!r}: it must be a whole number, 1 or more")
        self._network, self._batch, self._every_s, self._timeout_s = network, batch, every_s, timeout_s
        self._view_name = view
        self.state = WatchState(names=tuple(names))
        if isinstance(images, Iterator):
            if labels is not None:
                raise InputError("labels are given beside an iterator of batches: let it give (batch, labels)")
            self._batches: Iterator[Any] = images
            return
        whole = np.asarray(images)
        numbers = None if labels is None else np.asarray(labels)
        if whole.ndim < 2:
            raise InputError(f"images have shape {whole.shape}: they must be (images, ...)")
        if numbers is not None and numbers.shape != (len(whole),):
            raise InputError(f"labels have shape {numbers.shape}: they must be ({len(whole)},), one for each image")
        self.state.total = len(whole)
        self._batches = ((whole[i : i + batch], None if numbers is None else numbers[i : i + batch])
                         for i in range(0, len(whole), batch))

    def __iter__(self) -> Iterator[npt.NDArray[np.float32]]:
        from lutdla.runtime.watch_views import open_view

        view, drawn = open_view(self._view_name, self.state), float("-inf")
        try:
            for given in self._batches:
                images, labels = given if isinstance(given, tuple) else (given, None)
                images = np.asarray(images)
                begin = time.perf_counter()
                results = self._network(images, timeout_s=self._timeout_s)
                end = time.perf_counter()
                if len(images):
                    self.state.add(images, results, None if labels is None else np.asarray(labels),
                                   self._network.profile, end - begin)
                if end - drawn >= self._every_s:
                    view.update(self.state)
                    drawn = end
                yield results
        finally:
            view.close(self.state)

    def run(self) -> npt.NDArray[np.float32]:
        """All results at once, (images, outputs), after the last batch."""
        results = list(self)
        if not results:
            raise InputError("there was nothing to run: give one image or more, and run a watch once")
        return np.concatenate(results)
