"""Which files belong together: those of one package or project, wherever copies of it lie."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from pathlib import Path

PACKAGE_FOLDERS = frozenset({"site-packages", "dist-packages", "node_modules"})
"""Folders in which every entry is a package."""

CONTAINERS = PACKAGE_FOLDERS | {
    "bin", "doc", "etc", "home", "include", "lib", "lib32", "lib64", "libexec", "local", "opt", "root", "sbin", "share",
    "src", "usr", "var",
}  # fmt: skip
"""Folders that hold packages and are none."""

TARGET = re.compile(r"[a-z0-9_]+-linux-gnu\w*")
"""Name of a folder for one processor."""

VERSION = re.compile(r"[-_.]?\d.*$")

SYSTEM = frozenset({"/dev", "/proc", "/run", "/sys"})
"""Never walked: what is there are no files on a disk."""


@cache
def group_of(folder: str) -> str:
    """The package or project that a folder belongs to: its name without a version, so that copies have the same.

    The first folder that is no container decides, counted from the last package folder, else from the root. Files that
    lie in a container itself belong to that folder alone.
    """
    parts = Path(folder).parts[1:]
    start = max((i for i, part in enumerate(parts) if part in PACKAGE_FOLDERS), default=0)
    for part in parts[start:]:
        if part not in CONTAINERS and not TARGET.fullmatch(part):
            return VERSION.sub("", part.lower()) or part
    return folder


def walk(roots: Iterable[Path], extensions: Collection[str]) -> Iterator[tuple[str, str, str]]:
    """Folder, name and lower-case extension of each file that has one of the extensions.

    In the same order on every machine with the same files. Links are not followed and not given: what they lead to is
    elsewhere already. Folders that may not be read are skipped.
    """
    waiting = [str(root) for root in sorted(roots, reverse=True)]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as scan:
                entries = sorted(scan, key=lambda entry: entry.name)
        except OSError:
            continue
        inner = []
        for entry in entries:
            extension = entry.name.rpartition(".")[2].lower()
            if entry.is_dir(follow_symlinks=False):
                if entry.path not in SYSTEM:
                    inner.append(entry.path)
            elif extension in extensions and "." in entry.name[1:] and entry.is_file(follow_symlinks=False):
                yield folder, entry.name, extension
        waiting += reversed(inner)
