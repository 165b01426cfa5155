"""What is made of the hardware sources, kept between runs: found again by what went into it."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lutdla.errors import ToolError
from lutdla.spec.config import CoreConfig

CONTRACT = ("config", "memory", "packets", "program", "registers")
"""Modules of `lutdla.spec` that the hardware is made from."""


def cache_folder() -> Path:
    """Where it is kept: LUTDLA_CACHE, or the user's cache folder."""
    base = os.environ.get("LUTDLA_CACHE")
    if base:
        return Path(base)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lutdla"


def hardware_digest(config: CoreConfig, *more: str | Path) -> str:
    """Digest of a configuration, of all that the hardware is made from, and of more texts and files.

    Raises:
        ToolError: the hardware sources or MyHDL are not installed.
    """
    spec = importlib.util.find_spec("lutdla_hdl")
    if spec is None or spec.origin is None or importlib.util.find_spec("myhdl") is None:
        raise ToolError("the core needs the packages lutdla_hdl and myhdl: pip install lutdla[hdl]")
    texts = [text for text in more if isinstance(text, str)]
    digest = hashlib.sha256(json.dumps([config.hash, config.to_dict(), *texts]).encode())
    contract = [Path(__file__).parents[1] / "spec" / f"{name}.py" for name in CONTRACT]
    files = [file for file in more if isinstance(file, Path)]
    for file in sorted([*Path(spec.origin).parent.glob("*.py"), *contract, *files]):
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:24]


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One maker at a time; the lock is released with the process."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
