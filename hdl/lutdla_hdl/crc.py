"""CRC-32 (the one of zlib and Ethernet) over a whole beat in one cycle.

The state is kept inverted as in the standard: start at 0xFFFFFFFF, the CRC is the complement of the state.
Combinational; the caller registers the state.
"""

from __future__ import annotations

from typing import Any

from myhdl import ConcatSignal, always_comb, block, instances, intbv

from lutdla_hdl.interfaces import flag, named

POLYNOMIAL = 0xEDB88320
START = 0xFFFFFFFF


def columns(width: int) -> list[int]:
    """What each input bit flips in the next state: data bits 0..width-1, then state bits 0..31 (linear over GF(2))."""

    def advance(state: int) -> int:
        for _ in range(width):
            state = state >> 1 ^ (POLYNOMIAL if state & 1 else 0)
        return state

    single = []
    for bit in range(width):
        state = 1  # a data bit meets the state when it is shifted out
        for _ in range(width - bit):
            state = state >> 1 ^ (POLYNOMIAL if state & 1 else 0)
        single.append(state)
    return single + [advance(1 << bit) for bit in range(32)]


@block
def crc_bit(data: Any, state: Any, data_mask: int, state_mask: int, result: Any) -> Any:
    """`result` = parity of the bits of `data` and `state` that their masks select."""
    width = len(data)

    @always_comb
    def parity():
        # folding in halves: simulators do it in a few word operations, synthesis sees a plain XOR tree
        odd = intbv(0)[width:]
        odd[:] = (data & data_mask) ^ (state & state_mask)
        odd[:] = odd ^ (odd >> 64)
        odd[:] = odd ^ (odd >> 32)
        odd[:] = odd ^ (odd >> 16)
        odd[:] = odd ^ (odd >> 8)
        odd[:] = odd ^ (odd >> 4)
        odd[:] = odd ^ (odd >> 2)
        odd[:] = odd ^ (odd >> 1)
        result.next = odd[0]

    return parity


@block
def crc32_step(data: Any, state: Any, following: Any) -> Any:
    """`following` = the CRC state after `data`, least significant byte first.

    Args:
        data: a beat, 64 or 128 bits.
        state, following: 32 bits.
    """
    width = len(data)
    flips = columns(width)
    masks = [sum((flips[i] >> k & 1) << i for i in range(width + 32)) for k in range(32)]
    outs = [flag() for _ in range(32)]
    parities = [
        named(crc_bit(data, state, masks[k] & ((1 << width) - 1), masks[k] >> width, outs[k]), f"bit{k}")
        for k in range(32)
    ]
    joined = ConcatSignal(*reversed(outs))

    @always_comb
    def gather():
        following.next = joined

    return instances()
