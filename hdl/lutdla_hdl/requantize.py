"""Requantisation: `clamp(((acc * mult + bias) >> shift) + residual)`, then max-pool, one group of channels each cycle.

    row at the FIFO head --group select--> multiply --> add bias --> shift --> add residual --> clamp --> max-pool --+
                           constants read                            value memory read                              |
    Groups <------------------------------------------------------------------ written where the row is stored <----+

A row that is encoded several times goes through as often, all its groups each time, with other codebooks and
destinations: the maximum of a pool stays what it is, and values are stored the last time, so that a row may replace
what it adds.

Latency from `took` to the group: `LATENCY` cycles. No backpressure behind it.
"""

from __future__ import annotations

from typing import Any

from myhdl import ConcatSignal, always_comb, always_seq, block

from lutdla.spec.config import CoreConfig
from lutdla_hdl.delay import delay, delay_flag
from lutdla_hdl.interfaces import Groups, LoadBus, Rows, Tail, bits, counter_bits, flag, named, width_for
from lutdla_hdl.memory import chunk_signals, loaded_ram
from lutdla_hdl.pool import max_pool
from lutdla_hdl.requantize_lane import requantize_lane, select_group
from lutdla_hdl.value_memory import value_memory

LATENCY = 8
"""Select and constants, multiply, add, shift twice, add the residual, clamp, pool."""

RESIDUAL_AT, CLAMP_AT, POOL_AT = 5, 6, 7
"""Cycles from `took` to the stage that adds the residual, clamps, and pools."""


@block
def encoding(clk: Any, rst: Any, done: Any, again: Any, tail: Tail, last: Any, codebook: Any, dest: Any) -> Any:
    """Which encoding of the row at the FIFO head is under way.

    Args:
        done: its last group is taken.
        again: the row is encoded as often as its record says; otherwise it goes through once.
        last: no other encoding follows.
        codebook, dest: what this encoding adds to codebook row and index group; they wrap.
    """
    number = counter_bits(3)
    encodings, codebooks, stride = tail.encodings, tail.codebooks, tail.encoding_stride

    @always_comb
    def decide():
        last.next = not again or number == encodings

    @always_seq(clk.posedge, reset=rst)
    def count():
        if done and last:
            number.next = 0
            codebook.next = 0
            dest.next = 0
        elif done:
            number.next = number + 1
            codebook.next = codebook + codebooks
            dest.next = dest + stride

    return decide, count


@block
def row_addresses(rows: Rows, tail: Tail, number: Any, more_codebook: Any, more_dest: Any, constant: Any,
                  codebook: Any, dest: Any, added: Any, stored: Any) -> Any:  # fmt: skip
    """Addresses of group `number` of the row at the FIFO head; each wraps in its own width.

    Args:
        more_codebook, more_dest: of this encoding.
    """
    channel, row_dest = rows.channel, rows.dest
    constant_base, codebook_base, dest_base = tail.constant, tail.codebook, tail.dest
    added_base, stored_base = tail.value_in, tail.value_out

    @always_comb
    def add():
        constant.next = constant_base + channel + number
        codebook.next = codebook_base + channel + number + more_codebook
        dest.next = dest_base + row_dest + number + more_dest
        added.next = added_base + row_dest + number
        stored.next = stored_base + row_dest + number

    return add


@block
def requantize(
    clk: Any, rst: Any, load: LoadBus, rows: Rows, enable: Any, pop: Any, took: Any, tail: Tail, groups: Groups,
    config: CoreConfig,
) -> Any:  # fmt: skip
    """Takes rows from the FIFO head, a group a cycle.

    Args:
        enable: rows go this way, not to the output.
        pop: this row is done with: the last group of its last encoding enters.
        took: a group has entered; it comes out as `groups.valid` after `LATENCY` cycles, with `groups.encode` where its
            pool is complete and its record encodes.
        tail: of the record that the row at the head belongs to; looked at only while it is there.

    A value that a row stores can be added by a row that enters 5 or more cycles later.
    """
    number = counter_bits(width_for(config.groups_per_row))
    at_constant = counter_bits(width_for(config.constant_rows))
    at_codebook = counter_bits(width_for(config.codebook_rows))
    at_dest = counter_bits(len(groups.dest))
    at_added, at_stored = counter_bits(width_for(config.value_rows)), counter_bits(width_for(config.value_rows))
    last_group, bytes_wide = config.groups_per_row - 1, 8 * config.group
    rows_valid, rows_data, pool_first, pool_last = rows.valid, rows.data, rows.pool_first, rows.pool_last
    tail_encode, tail_store = tail.encode, tail.store
    ended, last = flag(), flag()
    more_codebook, more_dest = counter_bits(len(at_codebook)), counter_bits(len(at_dest))
    turn = named(encoding(clk, rst, ended, pool_last, tail, last, more_codebook, more_dest), "encoding")

    @always_comb
    def control():
        took.next = rows_valid and enable
        ended.next = rows_valid and enable and number == last_group
        pop.next = rows_valid and enable and number == last_group and last

    @always_seq(clk.posedge, reset=rst)
    def count():
        if rows_valid and enable:
            if number == last_group:
                number.next = 0
            else:
                number.next = number + 1

    address = named(
        row_addresses(
            rows, tail, number, more_codebook, more_dest, at_constant, at_codebook, at_dest, at_added, at_stored
        ),  # fmt: skip
        "address",
    )
    complete, keep = flag(), flag()

    @always_comb
    def decide():
        complete.next = pool_last and tail_encode
        keep.next = pool_last and tail_store and last

    # -- what later stages need, delayed until they do ---------------------------------------------------------------
    add_now = flag()
    at_added_late = bits(len(at_added))
    wait_added = named(delay(clk, at_added, at_added_late, RESIDUAL_AT - 1), "wait_added")
    tail_residual = tail.residual
    wait_add = named(delay(clk, tail_residual, add_now, RESIDUAL_AT), "wait_add")
    clamp = ConcatSignal(tail.high, tail.low)
    clamp_late = bits(16)
    wait_clamp = named(delay(clk, clamp, clamp_late, CLAMP_AT), "wait_clamp")
    first_late, number_late, wait_number = flag(), bits(len(number)), []
    wait_first = named(delay(clk, pool_first, first_late, POOL_AT), "wait_first")
    if config.groups_per_row > 1:
        wait_number = named(delay(clk, number, number_late, POOL_AT), "wait_number")
    entering = flag()
    wait_entering = named(delay_flag(clk, rst, took, entering, POOL_AT), "wait_entering")
    beside = ConcatSignal(at_stored, at_codebook, at_dest, keep, complete)
    beside_late = bits(len(beside))
    wait_beside = named(delay(clk, beside, beside_late, LATENCY), "wait_beside")

    # -- the groups --------------------------------------------------------------------------------------------------
    constants = chunk_signals(config, "constant")
    store = named(loaded_ram(clk, load, took, at_constant, constants, config, "constant", 0), "constants")
    window = counter_bits(config.group * config.acc_bits)
    select = named(select_group(clk, rows_data, number, window), "select")
    residual = bits(bytes_wide)
    values = [bits(8) for _ in range(config.group)]
    per_chunk, n_acc = config.stream_bits // 64, config.acc_bits
    lanes = []
    for k in range(config.group):
        word, at = constants[k // per_chunk], 64 * (k % per_chunk)  # mult 16, shift 8, bias 40 bits
        made = requantize_lane(
            clk, window(n_acc * (k + 1), n_acc * k), word(at + 16, at), word(at + 22, at + 16), word(at + 64, at + 24),
            residual(8 * k + 8, 8 * k), add_now, clamp_late(8, 0), clamp_late(16, 8), values[k], n_acc,
        )  # fmt: skip
        lanes.append(named(made, f"lane{k}"))
    pool = named(
        max_pool(clk, entering, first_late, number_late, values, groups.data, config), "pool"
    )
    d, c = 2 + len(at_dest), 2 + len(at_dest) + len(at_codebook)
    flow = named(delay_flag(clk, rst, entering, groups.valid, LATENCY - POOL_AT), "flow")
    out_codebook, out_dest, out_encode = groups.codebook, groups.dest, groups.encode
    memory = named(
        value_memory(
            clk, groups.valid, beside_late(1), beside_late(len(beside), c), groups.data, at_added_late, residual, config
        ),  # fmt: skip
        "value_memory",
    )

    @always_comb
    def outputs():
        out_encode.next = beside_late[0]
        out_dest.next = beside_late[d:2]
        out_codebook.next = beside_late[c:d]

    return (
        control, count, turn, address, decide, wait_added, wait_add, wait_clamp, wait_first, wait_number, wait_entering,
        wait_beside, store, select, lanes, pool, flow, memory, outputs,
    )  # fmt: skip
