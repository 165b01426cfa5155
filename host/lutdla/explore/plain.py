"""Dataclasses of the search as JSON has them, and back: so that work goes to other processes and results into files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from lutdla.errors import InputError, ToolError

Kind = TypeVar("Kind")


def to_plain(value: Any) -> Any:
    """Dictionaries, lists, numbers and texts of a dataclass."""
    return _converter().unstructure(value)


def from_plain(values: Any, kind: type[Kind]) -> Kind:
    """The dataclass that `to_plain` took apart.

    Raises:
        InputError: the values are not those of such a dataclass.
    """
    from cattrs import transform_error
    from cattrs.errors import BaseValidationError

    try:
        made: Kind = _converter().structure(values, kind)
        return made
    except (BaseValidationError, TypeError, ValueError, KeyError) as error:
        raise InputError(f"no {kind.__name__}: {'; '.join(transform_error(error))}") from error


def _converter() -> Any:
    try:
        from cattrs.preconf.json import make_converter
    except ImportError as error:
        raise ToolError("cattrs is not installed: pip install 'lutdla[explore]'") from error
    made = make_converter()
    made.register_structure_hook(Path, lambda value, _: Path(value))
    made.register_unstructure_hook(Path, str)
    return made
