"""Where the files of a data set are: an override, the system's data packages, the user's cache, else the network."""

from __future__ import annotations

import hashlib
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from lutdla.data.dataset import DatasetError

OVERRIDE = "LUTDLA_DATA"
"""Environment variable: folder with one folder per data set; when set, no other place is looked at."""

SYSTEM = Path("/usr/share/datasets")
"""Where Debian's dataset-* packages install."""

DOWNLOAD_TIMEOUT_S = 30.0


def cache_folder() -> Path:
    """Folder for downloaded data sets: $XDG_CACHE_HOME/lutdla/data, by default ~/.cache/lutdla/data."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lutdla" / "data"


def find(name: str, files: Mapping[str, str], url: str, package: str) -> Path:
    """The folder that holds all files of a data set; downloads them into the cache when no place has them.

    Args:
        name: the data set, and its folder.
        files: file name -> sha256 of the published file.
        url: folder the files are published in.
        package: Debian package that installs them.

    Raises:
        DatasetError: names the package and the folders that were looked at.
    """
    override = os.environ.get(OVERRIDE)
    folders = [Path(override) / name] if override else [SYSTEM / name, cache_folder() / name]
    for folder in folders:
        if all((folder / file).is_file() for file in files):
            return folder
    looked = " nor ".join(map(str, folders))
    if override:
        raise DatasetError(f"data set {name}: its files are not in {looked}, which {OVERRIDE} names: put "
                           f"{', '.join(files)} there, or unset {OVERRIDE}")
    try:
        return _download(folders[-1], files, url)
    except OSError as error:
        raise DatasetError(
            f"data set {name}: its files are neither in {looked}, and downloading them from {url} failed ({error}): "
            f"install them with 'apt-get install {package}', or put {', '.join(files)} into {folders[-1]}"
        ) from error


def _download(folder: Path, files: Mapping[str, str], url: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for file, sha256 in files.items():
        with urllib.request.urlopen(f"{url}/{file}", timeout=DOWNLOAD_TIMEOUT_S) as response:
            content = response.read()
        found = hashlib.sha256(content).hexdigest()
        if found != sha256:
            raise OSError(f"{file} has sha256 {found[:16]}..., {sha256[:16]}... is published")
        part = folder / f"{file}.part"  # a download cut short must not look like a file
        part.write_bytes(content)
        part.replace(folder / file)
    return folder
