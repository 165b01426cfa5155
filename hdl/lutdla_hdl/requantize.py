"""Requantisation: `clamp((acc * mult + bias) >> shift)`, one group of channels each cycle.

    row at the FIFO head --group select--> multiply --> add bias --> shift --> clamp --> Groups (int8)
                           constants read

Latency from `take` to the group: `LATENCY` cycles. No backpressure behind it.
"""

from __future__ import annotations

from typing import Any

from myhdl import ConcatSignal, always, always_comb, always_seq, block

from lutdla.spec.config import CoreConfig
from lutdla_hdl.delay import delay, delay_flag
from lutdla_hdl.interfaces import Groups, LoadBus, Rows, bits, counter_bits, named, signed_bits, width_for
from lutdla_hdl.memory import chunk_signals, loaded_ram
from lutdla_hdl.record import Record

LATENCY = 5
"""Select and constants, multiply, add, shift, clamp."""


@block
def requantize_lane(
    clk: Any, acc: Any, mult: Any, shift: Any, bias: Any, low: Any, high: Any, value: Any, acc_bits: int
) -> Any:
    """One channel. `acc` and its constants `mult`, `shift`, `bias` arrive together; 4 cycles."""
    product = signed_bits(acc_bits + 16)
    wide = max(acc_bits + 16, 40) + 1
    total, shifted = signed_bits(wide), signed_bits(wide)
    bias_late, shift_late, shift_later = signed_bits(40), bits(6), bits(6)

    @always(clk.posedge)
    def multiply():
        product.next = acc.signed() * mult.signed()
        bias_late.next = bias.signed()
        shift_late.next = shift

    @always(clk.posedge)
    def add():
        total.next = product + bias_late
        shift_later.next = shift_late

    @always(clk.posedge)
    def move():
        shifted.next = total >> shift_later

    @always(clk.posedge)
    def clamp():
        if shifted < low.signed():
            value.next = low
        elif shifted > high.signed():
            value.next = high
        else:
            value.next = shifted[8:]

    return multiply, add, move, clamp


@block
def select_group(clk: Any, data: Any, number: Any, window: Any) -> Any:
    """`window` = group `number` of the row `data`, registered."""
    distance = len(window)

    @always(clk.posedge)
    def pick():
        window.next = data >> (number * distance)

    return pick


@block
def requantize(
    clk: Any, rst: Any, load: LoadBus, rows: Rows, enable: Any, pop: Any, took: Any, record: Record, groups: Groups,
    config: CoreConfig,
) -> Any:  # fmt: skip
    """Takes rows from the FIFO head, a group a cycle.

    Args:
        enable: rows go this way, not to the output.
        pop: this row is done with.
        took: a group has entered; it comes out as `groups.valid` after `LATENCY` cycles.
    """
    number = counter_bits(width_for(config.groups_per_row))
    at_constant = counter_bits(width_for(config.constant_rows))
    at_codebook = counter_bits(width_for(config.codebook_rows))
    at_dest = counter_bits(len(groups.dest))
    constants = chunk_signals(config, "constant")
    last_group = config.groups_per_row - 1
    rows_valid, rows_channel, rows_dest, rows_data = rows.valid, rows.channel, rows.dest, rows.data
    base_constant, base_codebook = record.constant, record.codebook

    @always_comb
    def control():
        took.next = rows_valid and enable
        pop.next = rows_valid and enable and number == last_group

    @always_seq(clk.posedge, reset=rst)
    def count():
        if rows_valid and enable:
            if number == last_group:
                number.next = 0
            else:
                number.next = number + 1

    @always_comb
    def addresses():
        at_constant.next = base_constant + rows_channel + number
        at_codebook.next = base_codebook + rows_channel + number
        at_dest.next = rows_dest + number

    store = named(loaded_ram(clk, load, took, at_constant, constants, config, "constant", 0), "constants")
    window = counter_bits(config.group * config.acc_bits)
    values = [bits(8) for _ in range(config.group)]
    per_chunk, n_acc = config.stream_bits // 64, config.acc_bits
    select = named(select_group(clk, rows_data, number, window), "select")
    lanes = []
    for k in range(config.group):
        word, at = constants[k // per_chunk], 64 * (k % per_chunk)  # mult 16, shift 8, bias 40 bits
        made = requantize_lane(
            clk, window(n_acc * (k + 1), n_acc * k), word(at + 16, at), word(at + 22, at + 16), word(at + 64, at + 24),
            record.low, record.high, values[k], n_acc,
        )  # fmt: skip
        lanes.append(named(made, f"lane{k}"))
    beside = ConcatSignal(at_dest, at_codebook)
    beside_late = bits(len(beside))
    n = len(at_codebook)
    late = named(delay(clk, beside, beside_late, LATENCY), "beside")
    flow = named(delay_flag(clk, rst, took, groups.valid, LATENCY), "flow")
    joined = ConcatSignal(*reversed(values)) if len(values) > 1 else values[0]
    out_data, out_codebook, out_dest = groups.data, groups.codebook, groups.dest

    @always_comb
    def outputs():
        out_data.next = joined
        out_codebook.next = beside_late[n:]
        out_dest.next = beside_late[:n]

    return control, count, addresses, store, select, lanes, late, flow, outputs
