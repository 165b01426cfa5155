"""The faults of `mutants.toml`: what each changes in the hardware sources, and how it is put there."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.record import ROOT
from lutdla.errors import ConfigError
from lutdla.toml import tomllib

MUTANTS = ROOT / "benchmarks" / "mutants.toml"

SOURCES = Path("hdl") / "lutdla_hdl"
"""Where the hardware sources are, below the root of the project."""


@dataclass(frozen=True)
class Mutant:
    """A mistake that a designer could make.

    Attributes:
        name: tells it apart.
        file: below `SOURCES`.
        find, replace: a text that occurs once in the file, and what stands there instead.
        what: the mistake in plain words.
        tests: test files that should notice, or tests in them (FILE::NAME), the cheapest first.
    """

    name: str
    file: str
    find: str
    replace: str
    what: str
    tests: tuple[str, ...]

    @property
    def block(self) -> str:
        """The hardware block it is in."""
        return Path(self.file).stem

    def put_into(self, root: Path) -> None:
        """Change the sources below `root`.

        Raises:
            ConfigError: no such file, or the text is not there exactly once.
        """
        path = root / SOURCES / self.file
        if not path.is_file():
            raise ConfigError(f"mutant {self.name}: {path} is no file: name one of {SOURCES}")
        text = path.read_text(encoding="utf-8")
        if (count := text.count(self.find)) != 1:
            raise ConfigError(f"mutant {self.name}: {self.file} has {self.find!r} {count} times: it must be there once")
        path.write_text(text.replace(self.find, self.replace), encoding="utf-8")


def load_mutants(path: Path = MUTANTS) -> tuple[Mutant, ...]:
    """The mutants of a TOML file, in order.

    Raises:
        ConfigError: no such file, no TOML, a key missing or unknown, a name twice, or a mutant that changes nothing.
    """
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("mutant", [])
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: no list of mutants ({error}): give a TOML file of [[mutant]] entries") from error
    mutants = tuple(_mutant(entry, number, path) for number, entry in enumerate(entries))
    names = [mutant.name for mutant in mutants]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigError(f"{path}: mutants are named twice: {', '.join(twice)}")
    return mutants


def _mutant(entry: dict[str, Any], number: int, path: Path) -> Mutant:
    place = f"{path}: mutant {entry.get('name', number)}"
    keys = {field.name for field in dataclasses.fields(Mutant)}
    if set(entry) != keys:
        raise ConfigError(f"{place} has {', '.join(sorted(entry))}: it needs {', '.join(sorted(keys))}")
    if entry["find"] == entry["replace"]:
        raise ConfigError(f"{place} replaces {entry['find']!r} by itself: it must change something")
    if not entry["tests"]:
        raise ConfigError(f"{place} names no test: name the test files that should catch it")
    return Mutant(**{**entry, "tests": tuple(entry["tests"])})
