"""The sequencer: executes the layer program, pass after pass, until all images of a run are done.

    IDLE --start--> INPUT --> SET --> FETCH --> LAUNCH --> WORK --> FETCH ... WORK --> FINISH --> IDLE
                    (record 0 is read, and kept by the input unit)

LAUNCH waits for what its record names: an input frame, a table piece, and with `drain` until all earlier rows have
arrived. WORK ends with the last step; rows still under way go on beside the next record. FINISH waits until all has
arrived and all results have been taken.
"""

from __future__ import annotations

from typing import Any

from myhdl import always_comb, always_seq, block, instances

from lutdla.spec.config import CoreConfig
from lutdla.spec.hazards import ROW_FIFO
from lutdla_hdl.interfaces import bits, counter_bits, flag, named
from lutdla_hdl.loop_nest import Step
from lutdla_hdl.memory import ram
from lutdla_hdl.record import Record

IDLE, INPUT, SET, FETCH, LAUNCH, WORK, FINISH = range(7)

GROUPS_BITS = 9
"""Of the number of groups in requantisation and encoders."""


class Run:
    """The run in progress, and what the units tell the sequencer.

    Attributes:
        start, images: begin a run of that many images.
        busy, done: a run is in progress; it has ended (pulse).
        set_input: `record` is record 0.
        take_input, free_input: a record that waited for the input frame begins; the frame is not read any more
            (pulses).
        frame_ready, piece_ready: an input frame, a table piece is there.
        free_tables: the table piece is not read any more (pulse).
        closing: the step offered is the last of the run, if it is the last of its record.
        pass_done, pass_images: a pass has ended (pulse); images in it.
        stall_input, stall_tables, stall_drain, stall_encoder: why no step is issued.
    """

    def __init__(self) -> None:
        self.start, self.images = flag(), bits(32)
        self.busy, self.done = flag(), flag()
        self.set_input, self.take_input, self.free_input, self.free_tables = flag(), flag(), flag(), flag()
        self.frame_ready, self.piece_ready = flag(), flag()
        self.closing = flag()
        self.pass_done, self.pass_images = flag(), bits(16)
        self.stall_input, self.stall_tables, self.stall_drain, self.stall_encoder = flag(), flag(), flag(), flag()


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
    clk: Any, rst: Any, run: Run, pc: Any, row: Any, fetch: Any, record: Record, start_nest: Any, step: Step,
    tails_full: Any, pop: Any, group_enter: Any, group_leave: Any, result_waits: Any, profile_row: Any,
    profile_cycles: Any, config: CoreConfig,
) -> Any:  # fmt: skip
    """Args:
    pc, fetch: address and read enable of the program memory, whose data is `record`.
    row: the record being executed.
    start_nest: start the loop nest on `record`.
    step: what it offers; taken here.
    tails_full, pop, group_enter, group_leave, result_waits: what shows which rows are under way.
    profile_row, profile_cycles: which record's cycles (in the newest pass) are read.
    """
    state, left, cycles = bits(3), bits(32), counter_bits(32)
    rows_out, groups_out = bits(ROW_FIFO.bit_length() + 1), bits(GROUPS_BITS)
    row_enter, arrived, may_start, ended = flag(), flag(), flag(), flag()
    step_valid, step_take, step_last, step_closing = step.valid, step.take, step.last, step.closing
    at_end, drain, wait_input, wait_tables = record.end, record.drain, record.wait_input, record.wait_tables
    frees_input, frees_tables = record.free_input, record.free_tables
    start, images, busy, done = run.start, run.images, run.busy, run.done
    set_input, take_input, free_input, free_tables = run.set_input, run.take_input, run.free_input, run.free_tables
    frame_ready, piece_ready, closing = run.frame_ready, run.piece_ready, run.closing
    pass_done, pass_images = run.pass_done, run.pass_images
    stall_input, stall_tables = run.stall_input, run.stall_tables
    stall_drain, stall_encoder = run.stall_drain, run.stall_encoder
    rows = named(under_way(clk, rst, row_enter, pop, rows_out), "rows")
    groups = named(under_way(clk, rst, group_enter, group_leave, groups_out), "groups")
    profile_we = flag()
    profile = named(
        ram(clk, profile_we, row, cycles, None, profile_row(len(row), 0), profile_cycles, config.program_rows),
        "profile",
    )

    @always_comb
    def issue():
        step_take.next = step_valid and (not step_last or rows_out != ROW_FIFO)
        row_enter.next = step_valid and step_last and rows_out != ROW_FIFO
        ended.next = step_valid and step_closing and (not step_last or rows_out != ROW_FIFO)
        stall_encoder.next = step_valid and step_last and rows_out == ROW_FIFO

    @always_comb
    def watch():
        arrived.next = rows_out == 0 and groups_out == 0
        closing.next = at_end and (left == 0 or (left == 1 and frees_input))

    @always_comb
    def gate():
        may_start.next = (
            (not wait_input or frame_ready) and (not wait_tables or piece_ready)
            and (not drain or (rows_out == 0 and groups_out == 0)) and not tails_full
        )  # fmt: skip

    @always_comb
    def launch():
        start_nest.next = state == LAUNCH and may_start
        take_input.next = state == LAUNCH and may_start and wait_input
        stall_input.next = state == LAUNCH and wait_input and not frame_ready
        stall_tables.next = state == LAUNCH and wait_tables and not piece_ready and (not wait_input or frame_ready)
        stall_drain.next = (
            state == LAUNCH and not may_start and (not wait_input or frame_ready)
            and (not wait_tables or piece_ready)
        )  # fmt: skip

    @always_comb
    def outputs():
        busy.next = state != IDLE
        fetch.next = state == FETCH or state == INPUT
        set_input.next = state == SET
        free_input.next = state == WORK and ended and frees_input
        free_tables.next = state == WORK and ended and frees_tables

    @always_comb
    def profiled():
        profile_we.next = (
            state == SET or (state == WORK and ended and not closing)
            or (state == FINISH and arrived and not result_waits)
        )  # fmt: skip
        pass_done.next = (state == WORK and ended and at_end and not closing) or (
            state == FINISH and arrived and not result_waits
        )

    @always_seq(clk.posedge, reset=rst)
    def count():
        if state == IDLE or profile_we:
            cycles.next = 1
        else:
            cycles.next = cycles + 1

    @always_seq(clk.posedge, reset=rst)
    def count_images():
        if pass_done:
            pass_images.next = 0
        elif take_input:
            pass_images.next = pass_images + 1

    @always_seq(clk.posedge, reset=rst)
    def advance():
        done.next = False
        if state == IDLE:
            if start:
                left.next = images
                pc.next = 0
                row.next = 0
                state.next = INPUT
        elif state == INPUT:
            state.next = SET
        elif state == SET:
            pc.next = 1
            state.next = FETCH
        elif state == FETCH:
            row.next = pc
            state.next = LAUNCH
        elif state == LAUNCH:
            if may_start:
                if at_end:
                    pc.next = 1
                else:
                    pc.next = pc + 1
                state.next = WORK
        elif state == WORK:
            if ended:
                if frees_input:
                    left.next = left - 1
                if closing:
                    state.next = FINISH
                else:
                    state.next = FETCH
        elif arrived and not result_waits:
            done.next = True
            state.next = IDLE

    return instances()
