"""SHA-256 of files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def sha256(path: Path) -> str:
    """Digest of a file, as hex."""
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def require(path: Path, expected: str) -> None:
    """Refuse a file that is not the published one.

    Raises:
        OSError: names the file and both digests.
    """
    found = sha256(path)
    if found != expected:
        raise OSError(f"{path.name} has sha256 {found[:16]}..., {expected[:16]}... is published")


def sha256_of_tree(folder: Path, files: Iterable[str]) -> str:
    """Digest of many files: that of what `sha256sum` prints about them, sorted by name."""
    lines = "".join(f"{sha256(folder / file)}  {file}\n" for file in sorted(files))
    return hashlib.sha256(lines.encode()).hexdigest()
