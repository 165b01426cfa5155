"""The core: decoder, engine and registers behind AXI4-Lite, two AXI4-Streams and an interrupt.

     s_axis > decoder -+-> load bus --> program, window, codebook, table and constant memories
                       +-> frames ----> frame_input --+
                                                      v
                            requantize ----------> encoders --> index_memory --> lookup --> row_fifo --+
                            values, pool                            ^  addresses                       |
                                 ^               sequencer > loop_nest                                 |
                                 +---------------------------------------------------------------------+
     m_axis < frame_output <---------------------------------------------------------------------------+
     s_axi  > register_file
"""

from __future__ import annotations

from typing import Any

from myhdl import ConcatSignal, ResetSignal, Signal, always, always_comb, always_seq, block, instances, intbv

from lutdla.spec.config import CoreConfig
from lutdla.spec.hazards import tree_stages
from lutdla_hdl.count_banks import count_banks
from lutdla_hdl.crc import START, crc32_step
from lutdla_hdl.decoder import LoadState, decoder
from lutdla_hdl.delay import delay, delay_flag
from lutdla_hdl.encoder import encoders
from lutdla_hdl.frame_input import frame_input
from lutdla_hdl.frame_output import frame_output
from lutdla_hdl.index_memory import LATENCY as index_latency
from lutdla_hdl.index_memory import index_memory
from lutdla_hdl.interfaces import (
    AxiLite,
    AxiStream,
    Counted,
    Encoded,
    Groups,
    LoadBus,
    Rows,
    Tail,
    bits,
    counter_bits,
    flag,
    named,
    width_for,
)
from lutdla_hdl.lookup import lookup
from lutdla_hdl.loop_nest import Step, loop_nest
from lutdla_hdl.memory import loaded_ram
from lutdla_hdl.record import Record
from lutdla_hdl.register_file import register_file
from lutdla_hdl.requantize import requantize
from lutdla_hdl.row_fifo import row_fifo, tail_queue
from lutdla_hdl.sequencer import Run, sequencer


@block
def merge_groups(clk: Any, rst: Any, frame: Groups, hidden: Groups, groups: Groups) -> Any:
    """Groups of the input frame or of requantised rows, registered; never both in one cycle."""
    frame_valid, hidden_valid, valid = frame.valid, hidden.valid, groups.valid
    frame_data, hidden_data, data = frame.data, hidden.data, groups.data
    frame_codebook, hidden_codebook, codebook = frame.codebook, hidden.codebook, groups.codebook
    frame_dest, hidden_dest, dest = frame.dest, hidden.dest, groups.dest
    hidden_encode, encode, from_input = hidden.encode, groups.encode, groups.from_input

    @always_seq(clk.posedge, reset=rst)
    def flow():
        valid.next = frame_valid or hidden_valid

    @always(clk.posedge)
    def choose():
        from_input.next = not hidden_valid
        if hidden_valid:
            data.next = hidden_data
            codebook.next = hidden_codebook
            dest.next = hidden_dest
            encode.next = hidden_encode
        else:
            data.next = frame_data
            codebook.next = frame_codebook
            dest.next = frame_dest
            encode.next = True

    return instances()


@block
def reset_control(clk: Any, aresetn: Any, soft_reset: Any, core_reset: Any) -> Any:
    """`core_reset`: active low, for what a soft reset stops too."""

    @always(clk.posedge)
    def combine():
        core_reset.next = aresetn and not soft_reset

    return combine


@block
def result_crc(clk: Any, rst: Any, restart: Any, m_axis: AxiStream, crc: Any) -> Any:
    """`crc`: state of the CRC (inverted) of the beats that left since `restart`."""
    following = bits(32)
    valid, ready = m_axis.tvalid, m_axis.tready
    step = named(crc32_step(m_axis.tdata, crc, following), "step")

    @always_seq(clk.posedge, reset=rst)
    def run():
        if restart:
            crc.next = START
        elif valid and ready:
            crc.next = following

    return step, run


@block
def table_address(clk: Any, base: Any, offset: Any, at: Any) -> Any:
    """`at`: table address of a step, of what the loop nest and the window row say; `base` is a cycle early."""
    early = bits(len(base))

    @always(clk.posedge)
    def add():
        early.next = base
        at.next = early + offset

    return add


@block
def datapath(
    clk: Any, rst: Any, load: LoadBus, step: Step, record: Record, closing: Any, encoded: Encoded, rows: Rows,
    counted: Counted, config: CoreConfig,
) -> Any:  # fmt: skip
    """Index memory, lookup and row FIFO: from a step of the loop nest to a finished row.

    `closing`: the step is the last of the run, if it is the last of its record. `encoded`: what is written.
    """
    columns = config.groups_per_word
    indices = [bits(config.encoders * config.index_bits) for _ in range(config.ports * columns)]
    masks, active = ([bits(config.blocks) for _ in range(config.ports)] for _ in range(2))
    inside = [flag() for _ in range(config.ports)]
    write, offset = flag(), bits(len(step.table))
    memory = named(
        index_memory(
            clk, load, write, encoded.dest, encoded.indices, step, record, indices, masks, active, inside, offset,
            config,
        ),  # fmt: skip
        "index_memory",
    )
    at, base, read_valid = counter_bits(len(step.table)), bits(len(step.table)), flag()
    locate = named(table_address(clk, step.table, offset, at), "table_address")
    wait_base = named(delay(clk, at, base, index_latency - 2), "wait_base")
    wait_read = named(delay_flag(clk, rst, step.take, read_valid, index_latency), "wait_read")
    count = named(
        count_banks(clk, rst, read_valid, active, inside, counted.event, counted.lookups, counted.padding),
        "count_banks",
    )

    late = index_latency + 1 + tree_stages(config)
    ends_run, ends_record, first, last = flag(), flag(), flag(), flag()
    beside = ConcatSignal(
        ends_run, ends_record, step.pool_last, step.pool_first, step.dest, step.channel, step.accumulator, last, first
    )
    beside_late, sum_valid = bits(len(beside)), flag()
    wait_beside = named(delay(clk, beside, beside_late, late), "wait_beside")
    wait_sum = named(delay_flag(clk, rst, step.take, sum_valid, late), "wait_sum")
    a, c = 2, 2 + len(step.accumulator)
    totals, push = bits(config.lanes * config.acc_bits), flag()
    step_first, step_last, step_closing = step.first, step.last, step.closing
    encoded_valid, encode = encoded.valid, encoded.encode

    @always_comb
    def mark():
        first.next = step_first
        last.next = step_last
        ends_record.next = step_closing
        ends_run.next = step_closing and closing
        write.next = encoded_valid and encode

    @always_comb
    def finished():
        push.next = sum_valid and beside_late[1]

    sums = named(
        lookup(clk, load, indices, masks, base, sum_valid, beside_late(0), beside_late(c, a), totals, config), "lookup"
    )
    fifo = named(row_fifo(clk, rst, push, totals, beside_late(len(beside), c), rows, config), "rows")
    return instances()


@block
def lutdla_core(
    aclk: Any, aresetn: Any, s_axi: AxiLite, s_axis: AxiStream, m_axis: AxiStream, irq: Any, config: CoreConfig
) -> Any:
    """The top level. Reset is synchronous, active low; everything runs on `aclk`."""
    core_reset = ResetSignal(0, active=0, isasync=False)
    soft_reset, clear_error, failed = flag(), flag(), flag()
    resets = named(reset_control(aclk, aresetn, soft_reset, core_reset), "resets")

    load, frames, load_state, decoder_state = LoadBus(config), AxiStream(config.stream_bits), LoadState(), bits(4)
    run = Run()
    packets = named(
        decoder(
            aclk, aresetn, core_reset, s_axis, load, frames, run, clear_error, failed, load_state, decoder_state, config
        ),
        "decoder",
    )

    record, step, rows, tail = Record(config), Step(config), Rows(config), Tail(config)
    pc, row, fetch = bits(width_for(config.program_rows)), bits(width_for(config.program_rows)), flag()
    program = named(loaded_ram(aclk, load, fetch, pc, record.chunks, config, "program", 0), "program_memory")
    start_nest, tails_full, group_enter, group_leave = flag(), flag(), flag(), flag()
    profile_row, profile_cycles = bits(8), bits(32)
    sequence = named(
        sequencer(
            aclk, core_reset, run, pc, row, fetch, record, start_nest, step, tails_full, rows.pop, group_enter,
            group_leave, m_axis.tvalid, profile_row, profile_cycles, config,
        ),  # fmt: skip
        "sequencer",
    )
    nest = named(loop_nest(aclk, core_reset, start_nest, record, step), "nest")
    tails = named(tail_queue(aclk, core_reset, start_nest, record, rows, tail, tails_full, config), "tails")

    frame_groups, hidden_groups, groups, encoded = Groups(config), Groups(config), Groups(config), Encoded(config)
    source = named(
        frame_input(aclk, core_reset, frames, run, record, hidden_groups.valid, encoded, frame_groups, config),
        "frame_input",
    )
    requantize_pop, output_pop, requantize_took, to_requantize = flag(), flag(), flag(), flag()
    requantizer = named(
        requantize(
            aclk, core_reset, load, rows, to_requantize, requantize_pop, requantize_took, tail, hidden_groups, config
        ),
        "requantize",
    )
    merge = named(merge_groups(aclk, core_reset, frame_groups, hidden_groups, groups), "merge")
    encode = named(encoders(aclk, core_reset, load, groups, encoded, config), "encode")

    counted = Counted(config)
    path = named(
        datapath(aclk, core_reset, load, step, record, run.closing, encoded, rows, counted, config), "datapath"
    )
    sink = named(frame_output(aclk, core_reset, rows, tail.to_output, output_pop, m_axis, config), "frame_output")
    sent_crc = Signal(intbv(START)[32:])
    checksum = named(result_crc(aclk, core_reset, run.start, m_axis, sent_crc), "result_crc")
    output_waits, encoder_waits = flag(), flag()
    row_pop, encoded_valid, from_input = rows.pop, encoded.valid, encoded.from_input
    to_output, out_valid, out_ready, no_room = tail.to_output, m_axis.tvalid, m_axis.tready, run.stall_encoder

    @always_comb
    def routing():
        to_requantize.next = not to_output
        row_pop.next = requantize_pop or output_pop
        group_enter.next = requantize_took
        group_leave.next = encoded_valid and not from_input
        output_waits.next = (out_valid and not out_ready) or (no_room and to_output)
        encoder_waits.next = no_room and not to_output

    events = {
        "IMAGES": (run.pass_done, run.pass_images), "CYCLES": (run.busy, 1),
        "LOOKUPS": (counted.event, counted.lookups), "PADDING": (counted.event, counted.padding),
        "STALL_INPUT": (run.stall_input, 1), "STALL_OUTPUT": (output_waits, 1),
        "STALL_ENCODER": (encoder_waits, 1), "STALL_TABLES": (run.stall_tables, 1),
        "STALL_DRAIN": (run.stall_drain, 1),
    }  # fmt: skip
    registers = named(
        register_file(
            aclk, aresetn, s_axi, load_state, sent_crc, decoder_state, run.busy, row, run.done, failed, events,
            profile_row, profile_cycles, soft_reset, clear_error, irq, config,
        ),  # fmt: skip
        "registers",
    )
    return instances()


def ports(config: CoreConfig) -> tuple[Any, ...]:
    """Fresh signals for the ports of `lutdla_core`: clock, reset, s_axi, s_axis, m_axis, irq."""
    return (
        flag(), ResetSignal(0, active=0, isasync=False), AxiLite(), AxiStream(config.stream_bits),
        AxiStream(config.stream_bits), flag(),
    )  # fmt: skip
