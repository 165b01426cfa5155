"""Files of a Debian package: installed, or unpacked without installing it."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from lutdla.data.sources.process import run


@dataclass(frozen=True)
class Debian:
    """A folder of a Debian package.

    apt checks the package against the archive's signatures. What is in it is checked by the data set itself, because
    the same files come in packages of several versions.

    Attributes:
        package: its name.
        folder: absolute, as installed.
        files: some files in it, by which the folder is known.
    """

    package: str
    folder: Path
    files: tuple[str, ...]

    @property
    def title(self) -> str:
        """The package."""
        return f"Debian: {self.package}"

    @property
    def command(self) -> str:
        """Installs the package."""
        return f"apt-get install {self.package}"

    def installed(self) -> tuple[Path, ...]:
        """Where the package puts them."""
        return (self.folder,)

    def fetch(self, folder: Path) -> None:
        """Unpack the package, which needs no administrator, and keep its folder."""
        # An administrator's apt drops its rights for downloads, and would complain that it may not write here.
        options = ["-o", "APT::Sandbox::User=root"] if os.geteuid() == 0 else []
        run(["apt-get", *options, "download", self.package], folder)
        packages = list(folder.glob("*.deb"))
        if len(packages) != 1:
            raise OSError(f"apt-get downloaded {len(packages)} packages for {self.package}")
        run(["dpkg-deb", "-x", str(packages[0]), str(folder / "unpacked")], folder)
        inside = folder / "unpacked" / self.folder.relative_to("/")
        if not inside.is_dir():
            raise OSError(f"{packages[0].name} has no {self.folder}")
        for path in inside.iterdir():
            path.rename(folder / path.name)
        shutil.rmtree(folder / "unpacked")
        packages[0].unlink()
