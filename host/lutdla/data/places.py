"""Where the files of a data set are: an override, the user's cache, an installed package, else they are fetched."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from lutdla.data.card import Card
from lutdla.data.dataset import DatasetError
from lutdla.data.sources import Source

OVERRIDE = "LUTDLA_DATA"
"""Environment variable: folder with one folder per data set; when set, no other place is looked at."""


def cache_folder() -> Path:
    """Folder for fetched data sets: $XDG_CACHE_HOME/lutdla/data, by default ~/.cache/lutdla/data."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lutdla" / "data"


def folders(name: str, source: Source) -> list[Path]:
    """Folders that may hold the set, the first of them where it is fetched to, unless it is the override.

    The cache goes before what is installed: fetching again mends a file of an installed package that is another one.
    """
    override = os.environ.get(OVERRIDE)
    return [Path(override) / name] if override else [cache_folder() / name, *source.installed()]


def here(card: Card) -> Path | None:
    """The folder that holds the files of a data set now, None if they would have to be fetched."""
    if card.source is None:
        return None
    for folder in folders(card.name, card.source):
        if all((folder / file).is_file() for file in card.source.files):
            return folder
    return None


def find(card: Card) -> Path:
    """The folder that holds the files of a data set; fetches them into the cache when no place has them.

    Raises:
        DatasetError: names the package, the command that brings it, and the folders that were looked at.
    """
    found = here(card)
    if found is None and card.source is not None and os.environ.get(OVERRIDE):
        raise DatasetError(f"data set {card.name}: its files are not in {folders(card.name, card.source)[0]}, which "
                           f"{OVERRIDE} names: put {', '.join(card.source.files)} there, or unset {OVERRIDE}")
    return found or fetch(card)


def fetch(card: Card) -> Path:
    """Put the files of a data set into the cache, also when they are somewhere already.

    Raises:
        DatasetError: fetching failed: names the package, the command that brings it, and the folders that were looked
            at; or the set has no files of its own; or the override is set.
    """
    name, source = card.name, card.source
    if source is None:
        raise DatasetError(f"data set {name} has no files of its own: there is nothing to fetch")
    if os.environ.get(OVERRIDE):
        raise DatasetError(f"data set {name}: nothing is fetched while {OVERRIDE} is set: unset it, or put "
                           f"{', '.join(source.files)} into {folders(name, source)[0]}")
    places = folders(name, source)
    try:
        return _fetch(name, source, places[0])
    except OSError as error:
        raise DatasetError(
            f"data set {name}: its files are neither in {' nor '.join(map(str, places))}, and fetching them "
            f"({source.title}) failed: {error}: get them with '{source.command}', or put {', '.join(source.files)} "
            f"into {places[0]}"
        ) from error


def _fetch(name: str, source: Source, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    sys.stderr.write(f"fetching data set {name} ({source.title}) into {folder}\n")
    sys.stderr.flush()
    # Beside the target, so that a file arrives there whole, by being renamed; and two processes do not meet.
    with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=folder.parent) as part:
        source.fetch(Path(part))
        missing = [file for file in source.files if not (Path(part) / file).is_file()]
        if missing:
            raise OSError(f"{source.title} brought no {', '.join(missing)}")
        arrived = [path for path in Path(part).rglob("*") if path.is_file()]
        # The files by which a set is known come last: a process that is killed here leaves nothing that looks whole.
        for path in sorted(arrived, key=lambda path: path.relative_to(part).as_posix() in source.files):
            target = folder / path.relative_to(part)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
    return folder
