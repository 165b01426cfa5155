"""What results depend on beside what they are given: our source, and the files that are named."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

PACKAGES = ("lutdla", "lutdla_hdl", "lutdla_overlay")
"""What results depend on."""
SOURCES = (".py", ".toml", ".json", ".v", ".cpp", ".h", ".j2")


@lru_cache(maxsize=1)
def source() -> str:
    """Digest of the source that runs here."""
    found = hashlib.sha256()
    for package in PACKAGES:
        spec = find_spec(package)
        for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
            for path in sorted(path for path in Path(folder).rglob("*") if path.suffix in SOURCES):
                found.update(f"{package}/{path.relative_to(folder).as_posix()}\0".encode() + path.read_bytes())
    return found.hexdigest()[:12]


def files(given: Any) -> dict[str, str]:
    """Digests of the files that values name, as FILE or FILE:FUNCTION: a model may change under its name."""
    found = {}
    for text in _texts(given):
        for name in (text, text.rpartition(":")[0]):
            try:
                if name and Path(name).is_file():
                    found[name] = hashlib.sha256(Path(name).read_bytes()).hexdigest()[:16]
            except OSError:  # no name of a file, too long for one
                continue
    return found


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list, tuple)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)
