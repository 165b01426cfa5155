"""`tomllib` on every Python: 3.10, which images of PYNQ boards have, has none of its own."""

from __future__ import annotations

import sys

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["tomllib"]
