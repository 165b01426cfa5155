"""MyHDL elaborates designs faster: it gets to see the few frames of the stack that it looks at."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager

FRAMES = 8
"""That MyHDL gets to see: it looks at six at the most."""


@contextmanager
def short_stack() -> Iterator[None]:
    """MyHDL asks for the whole stack, with its source lines, at every block and process, and looks at its newest frames
    alone. Most of the time of elaborating went into that, in a notebook, whose stack is deep, nearly all."""
    whole, inspect.stack = inspect.stack, newest_frames
    try:
        yield
    finally:
        inspect.stack = whole


def newest_frames(context: int = 0) -> list[inspect.FrameInfo]:
    """In place of `inspect.stack`: the caller and those before it, without their source lines."""
    frame, found = sys._getframe(1), []
    while frame is not None and len(found) < FRAMES:
        code = frame.f_code
        found.append(inspect.FrameInfo(frame, code.co_filename, frame.f_lineno, code.co_name, None, None))
        frame = frame.f_back
    return found
