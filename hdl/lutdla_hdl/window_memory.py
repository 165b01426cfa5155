"""The window memory: which word each port reads in a step (see `lutdla.spec.window`).

Latency: a row is there one cycle after its address.
"""

from __future__ import annotations

from typing import Any

from lutdla.spec.config import CoreConfig
from lutdla.spec.window import PORT_FIELDS
from lutdla_hdl.interfaces import width_for
from lutdla_hdl.memory import chunk_signals
from lutdla_hdl.record import cut


class WindowRow:
    """Read data of the window memory, cut into its fields.

    Attributes:
        chunks: a signal for each beat.
        offset, dy, dx, blocks, shortcut: one for each port; `offset` only as wide as a word address.
        table: added to the table address, as wide as that. Addresses wrap.
    """

    def __init__(self, config: CoreConfig) -> None:
        self.chunks = chunk_signals(config, "window")
        columns: dict[str, list[Any]] = {name: [] for name, _ in PORT_FIELDS}
        narrow = {"offset": width_for(config.index_words), "blocks": config.blocks, "shortcut": 1}
        at = 0
        for _ in range(config.ports):
            for name, width in PORT_FIELDS:
                columns[name].append(cut(self.chunks, at, narrow.get(name, width), config))
                at += width
        self.offset, self.dy, self.dx = columns["offset"], columns["dy"], columns["dx"]
        self.blocks, self.shortcut = columns["blocks"], columns["shortcut"]
        self.table = cut(self.chunks, at, width_for(config.table_rows // config.c), config)
