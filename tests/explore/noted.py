"""Pieces of work that note when they begin and end, so that tests can count. Workers import this module."""

import os
import time
from pathlib import Path

from lutdla.errors import ConfigError


def square(number, folder, seconds=0.0):
    """Notes: a file for each begin and each end, named number-pid-nanoseconds."""
    name = f"{number}-{os.getpid()}-{time.time_ns()}"
    Path(folder, f"begin-{name}").touch()
    time.sleep(seconds)
    Path(folder, f"end-{name}").touch()
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
