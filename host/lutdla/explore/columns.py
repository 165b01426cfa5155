"""Many cores at once: a column of numbers for each field of `CoreConfig`, so that numpy rates thousands together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

import numpy as np
import numpy.typing as npt

from lutdla.errors import ConfigError
from lutdla.spec.config import METRICS, CoreConfig

Column = npt.NDArray[np.int64]

FIELDS = tuple(field.name for field in fields(CoreConfig))
DEFAULTS = {field.name: field.default for field in fields(CoreConfig)}


def bit_length(numbers: Column) -> Column:
    """`int.bit_length` of numbers from 0 to 2^52."""
    return np.frexp(numbers.astype(np.float64))[1].astype(np.int64)


def address_bits(depths: Column) -> Column:
    """Width of an address of so many words."""
    return np.maximum(1, bit_length(depths - 1))


def ceil_div(a: Any, b: Any) -> Any:
    """a / b, rounded up."""
    return -(-a // b)


class Columns:
    """N cores. Fields and derived sizes have the names of `CoreConfig`, and are int64 (N,); a metric is its position in
    `METRICS`. Nothing is checked: `config` makes the `CoreConfig` of a row, which is.

    Args:
        fields: numbers or arrays that broadcast to (N,); what is missing is `CoreConfig`'s default.

    Raises:
        ConfigError: an unknown field.
    """

    def __init__(self, **fields: Any) -> None:
        if unknown := set(fields) - set(FIELDS):
            raise ConfigError(f"unknown configuration field {min(unknown)!r}: known are {', '.join(FIELDS)}")
        values = {**DEFAULTS, **fields}
        if isinstance(values["metric"], str):
            values["metric"] = METRICS.index(values["metric"])
        columns = np.broadcast_arrays(*(np.atleast_1d(np.asarray(values[name], np.int64)) for name in FIELDS))
        self.columns = dict(zip(FIELDS, columns, strict=True))

    @classmethod
    def of(cls, configs: Iterable[CoreConfig]) -> Columns:
        """Columns of configurations."""
        rows = [config.to_dict() | {"metric": METRICS.index(config.metric)} for config in configs]
        return cls(**{name: np.array([row[name] for row in rows], np.int64) for name in FIELDS})

    def __len__(self) -> int:
        return len(self.columns["v"])

    def __getattr__(self, name: str) -> Any:
        """A field, or a size that `CoreConfig` derives of fields by arithmetic alone."""
        columns = self.__dict__.get("columns", {})
        if name in columns:
            return columns[name]
        derived = getattr(CoreConfig, name, None)
        if not isinstance(derived, property) or derived.fget is None:
            raise AttributeError(f"a core has no {name!r}")
        return derived.fget(self)

    # -- sizes that CoreConfig derives with what only single numbers can do -----------------------------------------
    @property
    def index_bits(self) -> Column:
        """Bits of one index."""
        return bit_length(self.c - 1)

    @property
    def table_tail(self) -> Column:
        """Rows past the largest power of two."""
        return np.asarray(self.table_rows - largest_power(self.table_rows))

    @property
    def distance_bits(self) -> Column:
        """Bits of the largest distance."""
        largest = {"l2": self.v * 255 * 255, "l1": self.v * 255, "chebyshev": np.full_like(self.v, 255)}
        return bit_length(np.choose(self.metric, [largest[metric] for metric in METRICS]))

    @property
    def groups_per_beat(self) -> Column:
        """Whole groups of input values that a beat carries."""
        return np.asarray(np.maximum(1, self.stream_bytes // self.group))

    def word_bytes(self, memory: str) -> Column:
        """Bytes of one word of a loadable memory."""
        return np.broadcast_to(CoreConfig.word_bytes(self, memory), len(self))  # type: ignore[arg-type]

    def beats_per_word(self, memory: str) -> Column:
        """Beats that one word of a loadable memory takes in a load packet."""
        return np.asarray(CoreConfig.beats_per_word(self, memory))  # type: ignore[arg-type]

    def is_metric(self, metric: str) -> npt.NDArray[np.bool_]:
        """Which cores have this metric."""
        return np.asarray(self.metric == METRICS.index(metric))

    @classmethod
    def concatenate(cls, parts: Iterable[Columns]) -> Columns:
        """All cores of several columns, one behind the other."""
        every = list(parts)
        return cls(**{name: np.concatenate([part.columns[name] for part in every]) for name in FIELDS})

    def take(self, rows: Any) -> Columns:
        """The cores of these rows: indices or a mask."""
        return Columns(**{name: column[rows] for name, column in self.columns.items()})

    def replace(self, **fields: Any) -> Columns:
        """The same cores with other columns."""
        return Columns(**{**self.columns, **fields})

    def config(self, row: int) -> CoreConfig:
        """The configuration of a row.

        Raises:
            ConfigError: the hardware cannot have it.
        """
        values: dict[str, Any] = {name: int(column[row]) for name, column in self.columns.items()}
        return CoreConfig(**{**values, "metric": METRICS[values["metric"]]})


def largest_power(numbers: Column) -> Column:
    """The largest power of two that is no larger."""
    return np.int64(1) << (bit_length(numbers) - 1)
