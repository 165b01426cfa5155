"""Files from a web server, or from a Debian package that is installed."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lutdla.data.sources.digest import require
from lutdla.data.sources.process import LIMIT_S

SYSTEM = Path("/usr/share/datasets")
"""Where Debian's dataset-* packages install."""

SILENCE_LIMIT_S = 30.0
"""Longest time without a byte."""


def download(url: str, path: Path, sha256: str) -> None:
    """One file by HTTP.

    Raises:
        OSError: no connection, too slow, or another content than published; nothing is left at `path`.
    """
    part = path.with_name(f"{path.name}.part")  # a download cut short must not look like a file
    deadline = time.monotonic() + LIMIT_S
    with urllib.request.urlopen(url, timeout=SILENCE_LIMIT_S) as response, part.open("wb") as file:
        while block := response.read(1 << 16):
            file.write(block)
            if time.monotonic() > deadline:
                raise OSError(f"{url} did not arrive within {LIMIT_S:g} s")
    found = part.replace(path)
    try:
        require(found, sha256)
    except OSError:
        found.unlink()
        raise


@dataclass(frozen=True)
class Web:
    """Files below one URL.

    Attributes:
        url: folder the files are published in.
        published: file name -> sha256.
        package: Debian package that installs them into `SYSTEM`/`folder`.
    """

    url: str
    published: Mapping[str, str]
    package: str
    folder: str

    @property
    def files(self) -> tuple[str, ...]:
        """The published files."""
        return tuple(self.published)

    @property
    def title(self) -> str:
        """URL and package."""
        return f"Debian: {self.package}, or {self.url}"

    @property
    def command(self) -> str:
        """Installs the package."""
        return f"apt-get install {self.package}"

    def installed(self) -> tuple[Path, ...]:
        """Where the package puts them."""
        return (SYSTEM / self.folder,)

    def fetch(self, folder: Path) -> None:
        """Download all files."""
        for file, sha256 in self.published.items():
            download(f"{self.url}/{file}", folder / file, sha256)
