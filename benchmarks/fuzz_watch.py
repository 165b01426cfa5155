"""What a case of the fuzzer does to the process: memory it takes, and what it runs or opens besides its own file."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FORBIDDEN = ("exec", "compile", "import", "pickle.", "marshal.", "subprocess.", "os.system", "os.exec", "os.spawn",
             "os.posix_spawn", "os.fork", "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink",
             "os.chmod", "shutil.", "socket.", "ctypes.", "tempfile.", "webbrowser.")  # fmt: skip
"""Beginnings of the names of audit events (docs.python.org/3/library/audit_events.html) that no model file may lead
to."""


class Watch:
    """Python's audit events of one thread, while a case runs.

    An audit hook stays until the process ends: make one of these, not one for each case. The file format's reader is
    not Python, and opens the file itself without an event.

    Attributes:
        seen: forbidden events of the newest case, each as a text.
    """

    def __init__(self) -> None:
        self.seen: list[str] = []
        self._thread: int | None = None
        self._allowed = ""
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._thread != threading.get_ident():
            return
        if event == "open":
            if os.fspath(arguments[0]) != self._allowed if isinstance(arguments[0], (str, os.PathLike)) else True:
                self.seen.append(f"open {arguments[0]!r}")
        elif event.startswith(FORBIDDEN):
            self.seen.append(f"{event} {str(arguments)[:100]}")

    @contextmanager
    def on(self, path: Path) -> Iterator[None]:
        """Watch this thread, which may open `path` alone."""
        self.seen, self._allowed, self._thread = [], str(path), threading.get_ident()
        try:
            yield
        finally:
            self._thread = None


def _status_kib(name: str) -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise OSError(f"/proc/self/status has no {name}: this needs Linux")


class Peak:
    """The most memory a case has taken beyond what the process had before it.

    Attributes:
        mib: of the newest case, in MiB.
    """

    def __init__(self) -> None:
        self.mib = 0.0

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Measure what runs inside. Linux keeps the mark, and sets it back when 5 is written to clear_refs."""
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        before = _status_kib("VmRSS")
        try:
            yield
        finally:
            self.mib = max(0, _status_kib("VmHWM") - before) / 1024
