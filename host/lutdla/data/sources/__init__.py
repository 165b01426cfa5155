"""Where the files of a data set come from: one file for each kind of place, all with the same face, `Source`."""

from __future__ import annotations

from lutdla.data.sources.debian import Debian
from lutdla.data.sources.npm import Npm
from lutdla.data.sources.source import Source
from lutdla.data.sources.web import Web
from lutdla.data.sources.wheel import Wheel

__all__ = ["Debian", "Npm", "Source", "Web", "Wheel"]
