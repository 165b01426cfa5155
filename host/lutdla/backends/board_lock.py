"""One process at a time drives a board: a lock file, released by the system when its process ends, however it ends."""

from __future__ import annotations

import fcntl
import os
import re
import sys
import tempfile
from pathlib import Path

from lutdla.errors import DeviceError

ENVIRONMENT = "LUTDLA_LOCKS"
"""Names the folder of lock files; without it /run/lock, or the folder of temporary files."""


def lock_folder() -> Path:
    """Where lock files are; the same for all users of this computer."""
    given = os.environ.get(ENVIRONMENT)
    if given:
        return Path(given)
    system = Path("/run/lock")
    return system if os.access(system, os.W_OK) else Path(tempfile.gettempdir())


class BoardLock:
    """Held from construction until `release`.

    Args:
        board: name of the board.

    Raises:
        DeviceError: another process holds it (named), or the lock file cannot be made.
    """

    def __init__(self, board: str) -> None:
        self.path = lock_folder() / f"lutdla-{re.sub(r'[^A-Za-z0-9.-]', '_', board)}.lock"
        try:
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise DeviceError(f"{board}: the lock file {self.path} cannot be opened ({error}): run as root, or set "
                              f"{ENVIRONMENT} to a folder that you may write") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._file, 200, 0).decode(errors="replace").strip() or "unknown"
            os.close(self._file)
            raise DeviceError(f"{board} is in use by process {holder}: close the accelerator there, restart its "
                              "notebook's kernel, or end the process") from error
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()} ({Path(sys.argv[0] or 'python').name})\n".encode(), 0)

    def release(self) -> None:
        """Let others use the board; may be called twice."""
        if self._file >= 0:
            os.close(self._file)  # a forked child that still has it open keeps the lock: it could use the board too
            self._file = -1
