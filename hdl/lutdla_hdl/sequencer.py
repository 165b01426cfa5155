"""The sequencer: executes the layer program once for each image of a run.

    IDLE --start--> FETCH (record read) --> LAUNCH (units start) --> WORK (until all is drained) --> FETCH ... IDLE

A record is drained when its loop nest or input frame is done, no row is on its way to the FIFO or in it, no group is on
its way to the index memory, and no result beat waits: the next record may then read what this one wrote.
"""

from __future__ import annotations

from typing import Any

from myhdl import always_comb, always_seq, block, instances

from lutdla.spec.config import CoreConfig
from lutdla.spec.program import ENCODE_INPUT
from lutdla_hdl.interfaces import bits, counter_bits, flag, named
from lutdla_hdl.loop_nest import Step
from lutdla_hdl.memory import ram
from lutdla_hdl.record import Record
from lutdla_hdl.row_fifo import ROW_FIFO

IDLE, FETCH, LAUNCH, WORK = range(4)


@block
def under_way(clk: Any, rst: Any, enter: Any, leave: Any, count: Any) -> Any:
    """`count`: things that entered and have not left."""

    @always_seq(clk.posedge, reset=rst)
    def track():
        if enter and not leave:
            count.next = count + 1
        elif leave and not enter:
            count.next = count - 1

    return track


@block
def sequencer(
    clk: Any, rst: Any, start: Any, images: Any, busy: Any, done: Any, image_done: Any, pc: Any, fetch: Any,
    record: Record, start_input: Any, start_nest: Any, last_image: Any, input_active: Any, step: Step,
    pop: Any, group_enter: Any, group_leave: Any, result_waits: Any, stall: Any, profile_row: Any,
    profile_cycles: Any, config: CoreConfig,
) -> Any:  # fmt: skip
    """Args:
    start, images: begin a run.
    busy, done, image_done: a run is in progress; it has ended; an image has ended (pulses).
    pc, fetch: address and read enable of the program memory, whose data is `record`.
    start_input, start_nest: start the unit that the record names.
    input_active, step, pop, group_enter, group_leave, result_waits: what shows that a record is drained.
    stall: the loop nest waits for room in the row FIFO.
    profile_row, profile_cycles: which record's cycles (in the newest image) are read.
    """
    state, left, cycles = bits(2), bits(32), counter_bits(32)
    rows_out, groups_out = bits(ROW_FIFO.bit_length() + 1), bits(8)
    row_enter, drained = flag(), flag()
    step_valid, step_take, step_last = step.valid, step.take, step.last
    kind, at_end = record.kind, record.end
    rows = named(under_way(clk, rst, row_enter, pop, rows_out), "rows")
    groups = named(under_way(clk, rst, group_enter, group_leave, groups_out), "groups")
    profile_we = flag()
    profile = named(
        ram(clk, profile_we, pc, cycles, None, profile_row(len(pc), 0), profile_cycles, config.program_rows), "profile"
    )

    @always_comb
    def issue():
        step_take.next = step_valid and (not step_last or rows_out != ROW_FIFO)
        row_enter.next = step_valid and step_last and rows_out != ROW_FIFO
        stall.next = step_valid and step_last and rows_out == ROW_FIFO

    @always_comb
    def watch():
        drained.next = (
            state == WORK and not input_active and not step_valid and rows_out == 0 and groups_out == 0
            and not result_waits
        )  # fmt: skip

    @always_comb
    def outputs():
        busy.next = state != IDLE
        fetch.next = state == FETCH
        start_input.next = state == LAUNCH and kind == ENCODE_INPUT
        start_nest.next = state == LAUNCH and kind != ENCODE_INPUT
        last_image.next = left == 1
        image_done.next = drained and at_end
        profile_we.next = drained

    @always_seq(clk.posedge, reset=rst)
    def advance():
        done.next = False
        cycles.next = cycles + 1
        if state == IDLE:
            cycles.next = 1
            if start:
                left.next = images
                pc.next = 0
                state.next = FETCH
        elif state == FETCH:
            state.next = LAUNCH
        elif state == LAUNCH:
            state.next = WORK
        elif drained:
            cycles.next = 1
            if not at_end:
                pc.next = pc + 1
                state.next = FETCH
            elif left == 1:
                done.next = True
                state.next = IDLE
            else:
                left.next = left - 1
                pc.next = 0
                state.next = FETCH

    return instances()
