"""The cores that a search looks at: all combinations of a few values of each field that the hardware can have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from lutdla.errors import ConfigError
from lutdla.explore.columns import Columns
from lutdla.spec.config import METRICS, RANGES

AXES: dict[str, tuple[Any, ...]] = {
    "v": (1, 2, 3, 4, 6, 8), "c": (4, 8, 16, 32, 64), "metric": ("l1", "l2", "chebyshev"),
    "ports": (1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16), "blocks": (1, 2, 4, 8), "lanes": (4, 8, 12, 16, 24, 32, 48, 64),
    "encoders": (1, 2, 4, 8),
}  # fmt: skip
"""Field -> values that are tried unless told otherwise."""

POWERS = ("c", "blocks", "encoders")
"""Fields that are powers of two."""


def space(stream_bits: int = 64, **axes: Sequence[Any]) -> Columns:
    """All cores with these values, those that the hardware cannot have left out; depths are `CoreConfig`'s defaults.

    Args:
        stream_bits: width of the streams.
        axes: field -> values instead of those of `AXES`.

    Raises:
        ConfigError: an unknown field, or no core is left.
    """
    check_axes(**axes)
    values: Mapping[str, Sequence[Any]] = {**AXES, **axes}
    numbers = [np.array([METRICS.index(value) if name == "metric" else value for value in values[name]], np.int64)
               for name in AXES]
    grid = np.meshgrid(*numbers, indexing="ij")
    cores = Columns(**{name: column.ravel() for name, column in zip(AXES, grid, strict=True)}, stream_bits=stream_bits)
    found = cores.take(possible(cores))
    if not len(found):
        raise ConfigError("no core has these values: " + ", ".join(f"{name}={list(values[name])}" for name in axes))
    return found


def check_axes(**axes: Sequence[Any]) -> None:
    """Refuse values that no core can have, as `CoreConfig` says it.

    Raises:
        ConfigError: an unknown field or metric, or a number that is out of range.
    """
    if unknown := set(axes) - set(AXES):
        raise ConfigError(f"axis {min(unknown)!r} is unknown: use some of {', '.join(AXES)}")
    for name, given in axes.items():
        for value in given:
            low, high = RANGES.get(name, (value, value))
            if name == "metric" and value not in METRICS:
                raise ConfigError(f"metric is {value!r}: use one of {', '.join(METRICS)}")
            if not low <= value <= high:
                raise ConfigError(f"{name} is {value}: it must be {low}..{high}")
            if name in POWERS and value & (value - 1):
                raise ConfigError(f"{name} is {value}: it must be a power of two")


def possible(cores: Columns) -> npt.NDArray[np.bool_]:
    """Which layouts `CoreConfig` takes: lanes hold whole groups and whole beats, words hold whole groups."""
    return np.asarray((cores.blocks % cores.encoders == 0) & (cores.lanes % cores.group == 0)
                      & (cores.lanes * 32 % cores.stream_bits == 0))
