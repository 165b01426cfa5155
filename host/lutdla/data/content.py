"""Bytes of a data file, unpacked and checked."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from pathlib import Path

from lutdla.data.dataset import DatasetError


def unpack(path: Path) -> bytes:
    """Content of a file; of what is in it when its name ends in .gz.

    Raises:
        DatasetError: it cannot be read or unpacked.
    """
    try:
        raw = path.read_bytes()
        return gzip.decompress(raw) if path.suffix == ".gz" else raw
    except (OSError, EOFError, zlib.error) as error:
        raise DatasetError(f"{path}: cannot be read ({error}): fetch the file again") from error


def check_content(path: Path, content: bytes, sha256: str) -> None:
    """Refuse content that is not the data set's.

    Args:
        sha256: digest of the *unpacked* content: packers differ in what they write into the gzip header.

    Raises:
        DatasetError: names the file.
    """
    if hashlib.sha256(content).hexdigest() != sha256:
        raise DatasetError(f"{path}: its content is not the published data set (sha256 of the unpacked file differs "
                           f"from {sha256[:16]}...): fetch the file again")


def read_content(path: Path, sha256: str) -> bytes:
    """`unpack`, then `check_content`."""
    content = unpack(path)
    check_content(path, content, sha256)
    return content
