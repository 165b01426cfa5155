"""The blocks that are proved, each in a small configuration, as converted Verilog."""

from __future__ import annotations

import functools
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lutdla.errors import ConfigError
from lutdla.spec.config import CoreConfig
from lutdla.spec.memory import LOADABLE
from lutdla.spec.registers import ADDRESS_BITS
from lutdla_hdl.axi_lite import axi_lite
from lutdla_hdl.crc import crc32_step
from lutdla_hdl.decoder import LoadState, decoder
from lutdla_hdl.frame_input import join_beats, split_beats
from lutdla_hdl.frame_output import frame_output
from lutdla_hdl.interfaces import AxiLite, AxiStream, LoadBus, Rows, bits, flag, width_for
from lutdla_hdl.register_file import interrupts
from lutdla_hdl.row_fifo import fifo
from lutdla_hdl.sequencer import Run

SMALL = CoreConfig(v=2, c=4, ports=2, blocks=2, lanes=12, encoders=1, table_rows=16, index_words=16,
                   constant_rows=64, codebook_rows=8, program_rows=2, packet_beats=32)  # fmt: skip
"""Small, with words of one, two and many beats, rows of several beats, and several banks."""

WIDE = replace(SMALL, stream_bits=128, packet_beats=16)
"""The same with a stream of 128 bits: a packet's header is one beat."""


@dataclass(frozen=True)
class Block:
    """A block in one configuration.

    Attributes:
        make: builds the MyHDL instance.
        constants: what its rules need to know of the configuration: macros of Verilog.
    """

    make: Callable[[], Any]
    constants: dict[str, int]


def _reset() -> Any:
    from myhdl import ResetSignal

    return ResetSignal(0, active=0, isasync=False)


def _axi_lite() -> Block:
    n = ADDRESS_BITS - 2

    def make() -> Any:
        return axi_lite(flag(), _reset(), AxiLite(), flag(), bits(n), bits(32), bits(n), bits(32))

    return Block(make, {})


def _frame_output(config: CoreConfig) -> Block:
    def make() -> Any:
        stream = AxiStream(config.stream_bits)
        return frame_output(flag(), _reset(), Rows(config), flag(), flag(), stream, config)

    return Block(make, {"BEATS": config.beats_per_row, "WORDS": config.stream_bits // 32, "ACC": config.acc_bits,
                        "ROW": config.lanes * config.acc_bits})  # fmt: skip


def _split_beats(parts: int, group: int) -> Block:
    def make() -> Any:
        return split_beats(flag(), _reset(), AxiStream(64), flag(), flag(), bits(group), flag(), parts)

    return Block(make, {"PARTS": parts, "GROUP": group, "WIDTH": 64})


def _join_beats(parts: int, group: int) -> Block:
    def make() -> Any:
        return join_beats(flag(), _reset(), AxiStream(64), flag(), bits(group), flag(), parts)

    return Block(make, {"PARTS": parts, "GROUP": group, "WIDTH": 64})


def _fifo(width: int, depth: int) -> Block:
    def make() -> Any:
        return fifo(flag(), _reset(), flag(), bits(width), flag(), bits(width), bits(width_for(depth) + 1), depth)

    return Block(make, {"DEPTH": depth, "WIDTH": width})


def _interrupts() -> Block:
    def make() -> Any:
        return interrupts(flag(), _reset(), flag(), flag(), flag(), bits(32), bits(2), bits(2), flag())

    return Block(make, {})


def _crc(width: int) -> Block:
    def make() -> Any:
        return crc32_step(bits(width), bits(32), bits(32))

    return Block(make, {"WIDTH": width})


def _decoder(config: CoreConfig) -> Block:
    def make() -> Any:
        return decoder(
            flag(), _reset(), _reset(), AxiStream(config.stream_bits), LoadBus(config), AxiStream(config.stream_bits),
            Run(), flag(), flag(), LoadState(), bits(4), config,
        )  # fmt: skip

    constants = {"WIDTH": config.stream_bits, "BUFFER": config.packet_beats, "MEMORIES": len(LOADABLE)}
    for name in LOADABLE:
        constants[f"{name.upper()}_DEPTH"] = config.depth(name)
        constants[f"{name.upper()}_BANKS"] = config.memory_banks(name)
        constants[f"{name.upper()}_BEATS"] = config.beats_per_word(name)
    return Block(make, constants)


BLOCKS: dict[str, Callable[[], Block]] = {
    "axi_lite": _axi_lite,
    "frame_output": lambda: _frame_output(SMALL),
    "frame_output_128": lambda: _frame_output(WIDE),
    "split_beats": lambda: _split_beats(4, 16),
    "join_beats": lambda: _join_beats(3, 192),
    "fifo": lambda: _fifo(8, 8),
    "interrupts": _interrupts,
    "crc": lambda: _crc(64),
    "crc_128": lambda: _crc(128),
    "decoder": lambda: _decoder(SMALL),
    "decoder_128": lambda: _decoder(WIDE),
}
"""Name -> the block in its configuration."""


@functools.lru_cache(maxsize=None)
def converted(name: str) -> tuple[str, dict[str, int]]:
    """Verilog of a block, and the constants of its configuration.

    Raises:
        ConfigError: there is no such block.
    """
    from myhdl import ToVerilogWarning

    if name not in BLOCKS:
        raise ConfigError(f"block is {name!r}: use one of {', '.join(BLOCKS)}")
    found = BLOCKS[name]()
    with tempfile.TemporaryDirectory(prefix="lutdla-block-") as folder, warnings.catch_warnings():
        # ports that this block does not use belong to its interfaces
        warnings.simplefilter("ignore", ToVerilogWarning)
        found.make().convert(hdl="Verilog", path=folder, name="design", testbench=False, no_myhdl_header=True,
                             initial_values=False)  # fmt: skip
        return (Path(folder) / "design.v").read_text(), found.constants
