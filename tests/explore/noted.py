"""Pieces of work that note when they begin and end, so that tests can count. Workers import this module."""

import os
import time
from contextlib import contextmanager
from pathlib import Path

from lutdla.errors import ConfigError


@contextmanager
def noting(folder, number):
    """Two notes: files named begin-number-pid-nanoseconds, and end-..."""
    name = f"{number}-{os.getpid()}-{time.time_ns()}"
    Path(folder, f"begin-{name}").touch()
    yield
    Path(folder, f"end-{name}").touch()


def square(number, folder, seconds=0.0):
    with noting(folder, number):
        time.sleep(seconds)
    return {"number": number, "square": number * number}


def refuses(folder):
    square(0, folder)
    raise ConfigError("v is 99: it must be 1..16")


def fails():
    raise ZeroDivisionError("division by zero")


def notes(folder, kind="begin"):
    """(number, pid) of all notes, in order of time."""
    names = [path.name.split("-")[1:] for path in Path(folder).glob(f"{kind}-*")]
    return [(int(number), int(pid)) for number, pid, _ in sorted(names, key=lambda name: int(name[2]))]


def wait_until_busy(folder, pid):
    """Until a process has begun a piece and not ended it."""
    deadline = time.monotonic() + 60
    while not {at for at in notes(folder) if at[1] == pid} - set(notes(folder, "end")):
        assert time.monotonic() < deadline
        time.sleep(0.01)
