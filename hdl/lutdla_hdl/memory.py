"""Memories, written so that synthesis infers what we mean.

| block        | read                          | infers                                    |
|--------------|-------------------------------|-------------------------------------------|
| `ram`        | registered, with enable       | block RAM, or LUT RAM where it is shallow |
| `masked_ram` | registered, 0 when masked     | block RAM with its synchronous reset      |
| `lut_ram`    | in the same cycle             | LUT RAM                                   |

One write port, one read port, one clock. Contents are undefined until written.
"""

from __future__ import annotations

from typing import Any

from myhdl import always, always_comb, block, instances

from lutdla.spec.config import CoreConfig
from lutdla.spec.memory import LOADABLE
from lutdla_hdl.interfaces import LoadBus, bits, flag, named


@block
def ram(clk: Any, we: Any, waddr: Any, wdata: Any, re: Any, raddr: Any, rdata: Any, depth: int) -> Any:
    """`rdata` follows `raddr` one cycle later when `re` (None: always); otherwise it holds. Read-first."""
    mem = [bits(len(wdata)) for _ in range(depth)]

    @always(clk.posedge)
    def write():
        if we:
            mem[waddr].next = wdata

    if re is None:

        @always(clk.posedge)
        def read():
            rdata.next = mem[raddr]

    else:

        @always(clk.posedge)
        def read():
            if re:
                rdata.next = mem[raddr]

    return instances()


@block
def masked_ram(clk: Any, we: Any, waddr: Any, wdata: Any, mask: Any, raddr: Any, rdata: Any, depth: int) -> Any:
    """`rdata` follows `raddr` one cycle later, or is 0 when `mask`."""
    mem = [bits(len(wdata)) for _ in range(depth)]

    @always(clk.posedge)
    def write():
        if we:
            mem[waddr].next = wdata

    @always(clk.posedge)
    def read():
        if mask:
            rdata.next = 0
        else:
            rdata.next = mem[raddr]

    return instances()


@block
def lut_ram(clk: Any, we: Any, waddr: Any, wdata: Any, raddr: Any, rdata: Any, depth: int) -> Any:
    """`rdata` is the word at `raddr` in the same cycle."""
    mem = [bits(len(wdata)) for _ in range(depth)]

    @always(clk.posedge)
    def write():
        if we:
            mem[waddr].next = wdata

    @always_comb
    def read():
        rdata.next = mem[raddr]

    return instances()


@block
def load_select(load: LoadBus, memory: int, bank: int, chunk: int, hit: Any) -> Any:
    """`hit` when the load bus writes beat `chunk` of a word of one bank of one memory."""
    load_valid, load_memory, load_bank, load_chunk = load.valid, load.memory, load.bank, load.chunk

    @always_comb
    def decide():
        hit.next = load_valid and load_memory == memory and load_bank == bank and load_chunk == chunk

    return decide


@block
def loaded_ram(
    clk: Any, load: LoadBus, re: Any, raddr: Any, chunks: list[Any], config: CoreConfig, memory: str, bank: int,
    mask: Any = None,
) -> Any:  # fmt: skip
    """A bank of a loadable memory: one `ram` for each beat of its word, or one `masked_ram` where there is a `mask`.

    `chunks`: the read data, one signal for each beat, least significant first; one cycle after `raddr` when `re`.
    """
    # as deep as `raddr` reaches: addresses behind the last word are harmless
    depth, number = 1 << (config.depth(memory) - 1).bit_length(), LOADABLE.index(memory)
    waddr = load.address((depth - 1).bit_length(), 0)
    hits = [flag() for _ in chunks]
    selects = [named(load_select(load, number, bank, i, hits[i]), f"select{i}") for i in range(len(chunks))]
    kind, gate = (ram, re) if mask is None else (masked_ram, mask)
    columns = [
        named(kind(clk, hits[i], waddr, load.data(len(chunks[i]), 0), gate, raddr, chunks[i], depth), f"column{i}")
        for i in range(len(chunks))
    ]
    return selects, columns


def chunk_signals(config: CoreConfig, memory: str) -> list[Any]:
    """Read data of one word of a loadable memory: a signal for each beat, the last one only as wide as needed."""
    left, signals = config.word_bytes(memory) * 8, []
    while left > 0:
        signals.append(bits(min(left, config.stream_bits)))
        left -= config.stream_bits
    return signals
