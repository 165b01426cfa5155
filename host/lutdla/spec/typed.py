"""Values of a JSON header, checked against the annotations of the dataclass that they are for."""

from __future__ import annotations

import json
import math
from dataclasses import fields
from typing import Any, TypeVar

Made = TypeVar("Made")

LARGEST = 1 << 40
"""Largest whole number of a header: identifiers have 32 bits, everything else is far smaller."""
MOST_AXES, MOST_VALUES = 16, 1 << 24
"""Of an array that a user gives, one of a batch."""
LARGEST_HEADER = 1 << 26
"""Characters of a header: that of a ResNet has some 100,000."""


def read_json(text: str) -> Any:
    """The value of a header's text.

    Raises:
        ValueError: it is no JSON, or too long or too deep.
    """
    if len(text) > LARGEST_HEADER:
        raise ValueError(f"the header has {len(text)} characters, at most {LARGEST_HEADER} are read")
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("the header is nested too deep") from error


def whole(value: Any, what: str) -> int:
    """A whole number.

    Raises:
        TypeError, ValueError: it is none, or too large.
    """
    if type(value) is not int:
        raise TypeError(f"{what} is {_short(value)}, it must be a whole number")
    if abs(value) > LARGEST:
        raise ValueError(f"{what} is {value}, at most {LARGEST} is read")
    return value


def shape(value: Any, what: str) -> tuple[int, ...]:
    """The shape of an array: a list of numbers, 1 or more.

    Raises:
        TypeError, ValueError: it is none.
    """
    if type(value) is not list:
        raise TypeError(f"{what} is {_short(value)}, it must be a list")
    sizes = tuple(whole(size, f"a size of {what}") for size in value)
    if len(sizes) > MOST_AXES or any(size < 1 for size in sizes) or math.prod(sizes) > MOST_VALUES:
        raise ValueError(f"{what} is {_short(value)}: it must have at most {MOST_AXES} axes, sizes of 1 or more, and "
                         f"at most {MOST_VALUES} values")
    return sizes


def build(kind: type[Made], values: Any) -> Made:
    """A dataclass of numbers and flags, each of the annotated type.

    Raises:
        TypeError, ValueError: a field is missing, unknown, or of another type.
    """
    if type(values) is not dict:
        raise TypeError(f"{kind.__name__} is {_short(values)}, it must be an object")
    for entry in fields(kind):  # type: ignore[arg-type]
        if entry.name not in values:
            continue
        value, wanted = values[entry.name], str(entry.type)
        if wanted == "bool" and type(value) is not bool:
            raise TypeError(f"{kind.__name__}.{entry.name} is {_short(value)}, it must be true or false")
        if wanted == "int" or (wanted == "int | None" and value is not None):
            whole(value, f"{kind.__name__}.{entry.name}")
    return kind(**values)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 60 else text[:60] + "..."
