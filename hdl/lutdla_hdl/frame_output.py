"""Results: accumulator rows of the last layer become beats of 32-bit integers on the output stream.

Latency: 1 cycle. Throughput: a beat each cycle while the receiver is ready. tdata, tvalid and tlast are registers.
"""

from __future__ import annotations

from typing import Any

from myhdl import ConcatSignal, always, always_comb, always_seq, block, instances

from lutdla.spec.config import CoreConfig
from lutdla_hdl.interfaces import AxiStream, Rows, bits, counter_bits, flag, named, signed_bits, width_for


@block
def extend(acc: Any, word: Any) -> Any:
    """`word`: `acc` with its sign extended."""

    @always_comb
    def widen():
        word.next = acc.signed()

    return widen


@block
def choose(second: Any, low: Any, high: Any, chosen: Any) -> Any:
    """`chosen` = `high` where `second`, otherwise `low`."""

    @always_comb
    def pick():
        if second:
            chosen.next = high
        else:
            chosen.next = low

    return pick


@block
def beat_of(data: Any, number: Any, window: Any, beats: int) -> Any:
    """`window` = beat `number` of the row `data`, before its words are widened. Behind the last one: some beat.

    A tree of two-way choices, by the lowest bit of `number` first: a shift by `number` beats would take twice as much.
    """
    width, nodes = len(window), []
    parts = [data(width * (k + 1), width * k) for k in range(beats)]
    for level in range(len(number)):
        following = [bits(width) for _ in parts[::2]] if len(parts) > 2 else [window]
        for k in range(len(following)):
            # without a partner, a beat is chosen whatever the bit says
            node = choose(number(level), parts[2 * k], parts[min(2 * k + 1, len(parts) - 1)], following[k])
            nodes.append(named(node, f"level{level}_{k}"))
        parts = following
    return nodes


@block
def frame_output(
    clk: Any, rst: Any, rows: Rows, enable: Any, pop: Any, m_axis: AxiStream, config: CoreConfig
) -> Any:
    """Sends rows from the FIFO head.

    Args:
        enable: rows go this way, not to requantisation.
        pop: this row is done with. The closing row of the run closes the frame.
    """
    per_beat, last_beat = config.stream_bits // 32, config.beats_per_row - 1
    width = per_beat * config.acc_bits
    number = counter_bits(width_for(config.beats_per_row))
    window = counter_bits(width)
    words = [signed_bits(32) for _ in range(per_beat)]
    n = config.acc_bits
    extends = [named(extend(window(n * (k + 1), n * k), words[k]), f"extend{k}") for k in range(per_beat)]
    beat = ConcatSignal(*reversed([w(32, 0) for w in words]))
    data = bits(len(rows.data))
    chosen = named(beat_of(data, number, window, config.beats_per_row), "chosen")
    rows_valid, rows_data, rows_closing = rows.valid, rows.data, rows.closing
    valid, last, move = flag(), flag(), flag()
    out_data, out_valid, out_last, out_ready = m_axis.tdata, m_axis.tvalid, m_axis.tlast, m_axis.tready

    @always_comb
    def select():
        data.next = rows_data
        move.next = rows_valid and enable and (not valid or out_ready)
        pop.next = rows_valid and enable and (not valid or out_ready) and number == last_beat
        out_valid.next = valid
        out_last.next = last

    @always(clk.posedge)
    def load():
        if move:
            out_data.next = beat

    @always_seq(clk.posedge, reset=rst)
    def control():
        if move:
            valid.next = True
            last.next = rows_closing and number == last_beat
            if number == last_beat:
                number.next = 0
            else:
                number.next = number + 1
        elif out_ready:
            valid.next = False

    return instances()
