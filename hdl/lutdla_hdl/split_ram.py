"""A RAM whose depth is a power of two, or one and a smaller one: 3,072 words take three quarters of the block RAM of
4,096.

    address --low bits--> first RAM  --+
            --low bits--> second RAM --+--> top bit of the address, a cycle later, chooses

Latency: 1 cycle, as `ram`. An address behind the last word reads or writes some word of the second RAM: nothing breaks.
"""

from __future__ import annotations

from typing import Any

from myhdl import always, always_comb, block, instances

from lutdla_hdl.interfaces import bits, flag, named
from lutdla_hdl.memory import ram


@block
def split_ram(clk: Any, we: Any, waddr: Any, wdata: Any, raddr: Any, rdata: Any, depth: int) -> Any:
    """`rdata` follows `raddr` one cycle later. `waddr` and `raddr` are as wide as the deepest address needs."""
    top = (depth - 1).bit_length() - 1
    rest = depth - (1 << top)
    if depth == 1 << (top + 1):
        whole = named(ram(clk, we, waddr, wdata, None, raddr, rdata, depth), "whole")
        return whole
    low, high = bits(len(rdata)), bits(len(rdata))
    write_low, write_high, chosen = flag(), flag(), flag()
    n = max(1, (rest - 1).bit_length())
    first = named(ram(clk, write_low, waddr(top, 0), wdata, None, raddr(top, 0), low, 1 << top), "low")
    second = named(ram(clk, write_high, waddr(n, 0), wdata, None, raddr(n, 0), high, 1 << n), "high")

    @always_comb
    def route():
        write_low.next = we and not waddr[top]
        write_high.next = we and waddr[top]

    @always(clk.posedge)
    def remember():
        chosen.next = raddr[top]

    @always_comb
    def choose():
        if chosen:
            rdata.next = high
        else:
            rdata.next = low

    return instances()
