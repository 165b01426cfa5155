"""Placeholder bitstreams: a .bit file with a right header that says which overlay is meant, and configures nothing.

Emulated boards load them; FPGA managers refuse them, because they hold no synchronisation word.
"""

from __future__ import annotations

import json
import struct
from typing import Any

from lutdla.errors import ConfigError
from lutdla.spec.config import CoreConfig

SENTENCE = "no bitstream: emulation only"
LARGEST_BYTES = 1 << 14
"""Of what a placeholder says."""


def placeholder(config: CoreConfig, board: str, part: str, clock_mhz: float) -> bytes:
    """A .bit file. `board`: key of the board file."""
    about = json.dumps({"board": board, "clock_mhz": clock_mhz, "config": config.to_dict()}, sort_keys=True)
    text = f"{SENTENCE} {about}\n"
    data = text.encode().ljust(-(-len(text.encode()) // 4) * 4)  # FPGA managers take whole words
    fields = ((b"a", f"lutdla;{SENTENCE};Version=none"), (b"b", part), (b"c", "2026/01/01"), (b"d", "00:00:00"))
    magic = bytes.fromhex("0ff00ff00ff00ff000")
    parts = [struct.pack(">H", len(magic)), magic, struct.pack(">H", 1)]
    parts += [name + struct.pack(">H", len(value) + 1) + value.encode() + b"\0" for name, value in fields]
    return b"".join([*parts, b"e", struct.pack(">I", len(data)), data])


def read_placeholder(data: bytes) -> tuple[str, CoreConfig, float]:
    """Board, configuration and clock of a placeholder's data, as FPGA managers get it: the bytes of words swapped.

    Raises:
        ConfigError: it is no placeholder, or what it says is impossible.
    """
    if len(data) > LARGEST_BYTES or len(data) % 4:
        raise ConfigError(f"{len(data)} bytes are no placeholder of an overlay (at most {LARGEST_BYTES}, whole words): "
                          "an emulated board takes overlays written by lutdla_overlay.hwh.write_overlay")
    swapped = b"".join(data[i : i + 4][::-1] for i in range(0, len(data), 4))
    try:
        sentence, _, about = swapped.decode().partition(" {")
        if sentence != SENTENCE:
            raise ValueError("it is a bitstream, or anything else")
        values: dict[str, Any] = json.loads("{" + about)
        return str(values["board"]), CoreConfig.from_dict(values["config"]), float(values["clock_mhz"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ConfigError(f"no placeholder of an overlay ({error}): an emulated board takes overlays written by "
                          "lutdla_overlay.hwh.write_overlay") from error
