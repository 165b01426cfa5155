"""What every source of data files can do."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol


class Source(Protocol):
    """Where the files of a data set come from.

    A source fetches into an empty folder that the caller made, and writes nowhere else.
    """

    @property
    def files(self) -> tuple[str, ...]:
        """Files by which a folder is known to hold the set."""

    @property
    def title(self) -> str:
        """Registry and package, for people."""

    @property
    def command(self) -> str:
        """What a user types to get the files without lutdla."""

    def installed(self) -> tuple[Path, ...]:
        """Folders in which a package manager would have put the files; they need not exist."""

    def fetch(self, folder: Path) -> None:
        """Put the checked files into `folder`.

        Raises:
            OSError: says what failed; the caller adds what the user can do.
        """
