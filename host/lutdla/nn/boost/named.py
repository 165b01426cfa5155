"""Techniques and schedules by the names that recipes use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lutdla.errors import ConfigError
from lutdla.nn.boost.recipe_file import from_table
from lutdla.nn.boost.schedules import SCHEDULES, Schedule
from lutdla.nn.boost.technique import Technique
from lutdla.nn.boost.techniques.averaging import Averaging
from lutdla.nn.boost.techniques.batch_norm_reestimation import BatchNormReestimation
from lutdla.nn.boost.techniques.centroid_revival import CentroidRevival
from lutdla.nn.boost.techniques.distillation import Distillation
from lutdla.nn.boost.techniques.early_stop import EarlyStop
from lutdla.nn.boost.techniques.gradual_replacement import GradualReplacement
from lutdla.nn.boost.techniques.reconstruction import Reconstruction
from lutdla.nn.boost.techniques.temperature import GradientChoice, TemperatureSchedule
from lutdla.nn.gradients import Gradient, SoftChoice, StraightThrough

TECHNIQUES: dict[str, type[Technique]] = {kind.NAME: kind for kind in (
    Averaging, BatchNormReestimation, CentroidRevival, Distillation, EarlyStop, GradientChoice, GradualReplacement,
    Reconstruction, TemperatureSchedule,
)}  # fmt: skip
"""Name in a recipe -> technique."""

GRADIENTS: dict[str, type[Gradient]] = {"soft_choice": SoftChoice, "straight_through": StraightThrough}
"""`kind` of the technique "gradient" -> estimator."""


def techniques(tables: Mapping[str, Any], place: str) -> tuple[Technique, ...]:
    """Techniques of a table: name -> settings.

    Raises:
        ConfigError: an unknown technique or setting.
        InputError: a setting's value is not usable.
    """
    made: list[Technique] = []
    for name, settings in tables.items():
        at = f"{place}.{name}"
        if name not in TECHNIQUES:
            raise ConfigError(f"[{at}] no technique is called {name!r}: known are {', '.join(TECHNIQUES)}")
        if not isinstance(settings, dict):
            raise ConfigError(f"{at} is {settings!r}: it must be a table of settings, which may be empty")
        if name == GradientChoice.NAME:
            made.append(GradientChoice(_gradient(settings, at)))
        else:
            made.append(from_table(TECHNIQUES[name], settings, at))
    return tuple(made)


def schedule(name: str, warmup: float, place: str) -> Schedule:
    """The schedule called `name`.

    Raises:
        ConfigError: there is none.
        InputError: the warm-up is not usable.
    """
    if name not in SCHEDULES:
        raise ConfigError(f"[{place}] no schedule is called {name!r}: known are {', '.join(SCHEDULES)}")
    return SCHEDULES[name](warmup)


def _gradient(settings: Mapping[str, Any], place: str) -> Gradient:
    kind = settings.get("kind", "soft_choice")
    if kind not in GRADIENTS:
        raise ConfigError(f"[{place}] no gradient is called {kind!r}: known are {', '.join(GRADIENTS)}")
    return from_table(GRADIENTS[kind], {key: value for key, value in settings.items() if key != "kind"}, place)
