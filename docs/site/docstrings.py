"""Sphinx extension: our docstrings as reStructuredText.

They are written for people who read code, in Google style with code in single backticks. Stars before arguments
and bars around numbers mean other things to reStructuredText.
"""

import re
from typing import Any

from sphinx.application import Sphinx

STAR = re.compile(r"(?<![\w*`\\])(\*{1,2})(?=\w)")
BAR = re.compile(r"(?<![\w`])\|(?=\S)")


def escape(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """`*args` and `(images, *shape)` are no emphasis, `|score|` is no substitution."""
    lines[:] = [BAR.sub(r"\\|", STAR.sub(lambda star: "\\*" * len(star[1]), line)) for line in lines]


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", escape, priority=400)  # before napoleon, which adds stars of its own
    return {"parallel_read_safe": True}
