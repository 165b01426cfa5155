"""`Stage`: one part of a training: what learns, how fast, for how long."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from torch import nn

from lutdla.errors import InputError
from lutdla.nn.boost.schedules import COSINE, Schedule
from lutdla.nn.boost.technique import Technique
from lutdla.nn.boost.techniques.reconstruction import Reconstruction
from lutdla.nn.lookups import Lookups

RATES = ("centroid_rate", "weight_rate", "table_rate", "dense_rate")


@dataclass(frozen=True)
class Group:
    """Parameters that share a rate.

    Attributes:
        name: what history calls the rate: `rate_<name>`.
        parameters: each once.
        rate, decay: AdamW's; a rate of 0 freezes them.
    """

    name: str
    parameters: list[nn.Parameter]
    rate: float
    decay: float


@dataclass(frozen=True)
class BaseStage(ABC):
    """What every stage says.

    Attributes:
        name: what progress and history are told.
        epochs: passes over the examples.
        schedule: of all rates.
        batch: examples of a step in one process; None: as the whole training.
        techniques: that belong to this stage alone, after those of the whole training.
    """

    name: str
    epochs: int
    schedule: Schedule = field(default=COSINE, kw_only=True)
    batch: int | None = field(default=None, kw_only=True)
    techniques: tuple[Technique, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        if self.epochs < 0:
            raise InputError(f"stage {self.name}: epochs is {self.epochs}: it must not be negative")
        if self.batch is not None and self.batch < 1:
            raise InputError(f"stage {self.name}: batch is {self.batch}: it must be at least 1")

    @abstractmethod
    def groups(self, network: nn.Module) -> list[Group]:
        """All parameters of the network, those that stay frozen too."""


@dataclass(frozen=True)
class Stage(BaseStage):
    """One stage of a lookup network's training. A rate of 0 freezes what it is for.

    Attributes:
        centroid_rate: Adam's rate for codebooks, in steps of the int8 grid.
        weight_rate: Adam's rate for weights and biases.
        table_rate: Adam's rate for table corrections.
        dense_rate: Adam's rate for what is outside of lookup layers, in a network that is replaced in part.
        table_decay: AdamW's weight decay of table corrections: they are many, and 0 is where they belong without
            evidence.
        weight_decay: AdamW's, of weights and biases, and of what is outside.
    """

    centroid_rate: float
    weight_rate: float = 0.0
    table_rate: float = 0.0
    dense_rate: float = field(default=0.0, kw_only=True)
    table_decay: float = field(default=1.0, kw_only=True)
    weight_decay: float = field(default=0.0, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        for what in (*RATES, "table_decay", "weight_decay"):
            if getattr(self, what) < 0:
                raise InputError(f"stage {self.name}: {what} is {getattr(self, what)}: it must not be negative")

    def groups(self, network: nn.Module) -> list[Group]:  # noqa: D102
        # Dicts, because codebooks are shared by all that read a map.
        kinds: dict[str, dict[nn.Parameter, None]] = {"centroids": {}, "weights": {}, "tables": {}, "dense": {}}
        for part in network.modules():
            for name, parameter in part.named_parameters(recurse=False):
                kinds[_KIND[name] if isinstance(part, Lookups) else "dense"][parameter] = None
        rates = {"centroids": (self.centroid_rate, 0.0), "weights": (self.weight_rate, self.weight_decay),
                 "tables": (self.table_rate, self.table_decay), "dense": (self.dense_rate, self.weight_decay)}
        return [Group(name, list(kinds[name]), *rates[name]) for name in kinds if kinds[name]]


_KIND = {"codebooks": "centroids", "weight": "weights", "bias": "weights", "correction": "tables"}
"""Parameter of lookups -> kind."""


@dataclass(frozen=True)
class DenseStage(BaseStage):
    """Training of a dense network: AdamW with one rate.

    Attributes:
        rate, weight_decay: of all parameters.
    """

    rate: float = 3e-3
    weight_decay: float = 3e-2

    def __post_init__(self) -> None:
        super().__post_init__()
        for what in ("rate", "weight_decay"):
            if getattr(self, what) < 0:
                raise InputError(f"stage {self.name}: {what} is {getattr(self, what)}: it must not be negative")

    def groups(self, network: nn.Module) -> list[Group]:  # noqa: D102
        return [Group("weights", list(network.parameters()), self.rate, self.weight_decay)]


CENTROIDS = Stage("centroids", epochs=1, centroid_rate=0.5, techniques=(Reconstruction(0.1),))
"""Weights stay, codebooks learn. The reconstruction term also draws weights to what encodes well, away from what
classifies well: it belongs where centroids train alone."""

JOINT = Stage("joint", epochs=6, centroid_rate=0.2, weight_rate=1e-3, table_rate=1e-3)
"""Everything learns."""
