"""The core: decoder, engine and registers behind AXI4-Lite, two AXI4-Streams and an interrupt.

     s_axis > decoder -+-> load bus --> program, codebook, table and constant memories
                       +-> frames ----> frame_input --+
                                                      v
                            requantize ----------> encoders --> index_memory --> lookup --> row_fifo --+
                                 ^                                  ^  addresses                       |
                                 |               sequencer > loop_nest                                 |
                                 +---------------------------------------------------------------------+
     m_axis < frame_output <---------------------------------------------------------------------------+
     s_axi  > register_file
"""

from __future__ import annotations

from typing import Any

from myhdl import ConcatSignal, ResetSignal, always, always_comb, always_seq, block, instances, intbv

from lutdla.spec.config import CoreConfig
from lutdla_hdl.decoder import LoadState, decoder
from lutdla_hdl.delay import delay, delay_flag
from lutdla_hdl.encoder import encoders
from lutdla_hdl.frame_input import frame_input
from lutdla_hdl.frame_output import frame_output
from lutdla_hdl.index_memory import index_memory
from lutdla_hdl.interfaces import AxiLite, AxiStream, Groups, LoadBus, Rows, bits, flag, named, width_for
from lutdla_hdl.lookup import lookup, tree_stages
from lutdla_hdl.loop_nest import Step, loop_nest
from lutdla_hdl.memory import loaded_ram
from lutdla_hdl.record import Record
from lutdla_hdl.register_file import register_file
from lutdla_hdl.requantize import requantize
from lutdla_hdl.row_fifo import row_fifo
from lutdla_hdl.sequencer import sequencer

INDEX_LATENCY = 2
"""Cycles from a step's index word to indices and masks."""


@block
def merge_groups(clk: Any, rst: Any, frame: Groups, hidden: Groups, groups: Groups) -> Any:
    """Groups of the input frame or of requantised rows, registered; never both in one cycle."""
    frame_valid, hidden_valid, valid = frame.valid, hidden.valid, groups.valid
    frame_data, hidden_data, data = frame.data, hidden.data, groups.data
    frame_codebook, hidden_codebook, codebook = frame.codebook, hidden.codebook, groups.codebook
    frame_dest, hidden_dest, dest = frame.dest, hidden.dest, groups.dest

    @always_seq(clk.posedge, reset=rst)
    def flow():
        valid.next = frame_valid or hidden_valid

    @always(clk.posedge)
    def choose():
        if frame_valid:
            data.next = frame_data
            codebook.next = frame_codebook
            dest.next = frame_dest
        else:
            data.next = hidden_data
            codebook.next = hidden_codebook
            dest.next = hidden_dest

    return instances()


@block
def reset_control(clk: Any, aresetn: Any, soft_reset: Any, core_reset: Any) -> Any:
    """`core_reset`: active low, for what a soft reset stops too."""

    @always(clk.posedge)
    def combine():
        core_reset.next = aresetn and not soft_reset

    return combine


@block
def count_lookups(clk: Any, valid: Any, masks: Any, event: Any, amount: Any) -> Any:
    """`amount`: banks not masked in a step; `event` with it. Registered."""
    width, n = len(masks), len(amount)

    @always(clk.posedge)
    def count():
        found = intbv(0)[n:]
        found[:] = 0
        for i in range(width):
            if not masks[i]:
                found[:] = found + 1
        amount.next = found
        event.next = valid

    return count


@block
def datapath(
    clk: Any, rst: Any, load: LoadBus, step: Step, record: Record, we: Any, dest: Any, written: Any, rows: Rows,
    lookup_event: Any, lookup_amount: Any, config: CoreConfig,
) -> Any:  # fmt: skip
    """Index memory, lookup and row FIFO: from a step of the loop nest to a finished row."""
    columns = config.groups_per_word
    indices = [bits(config.encoders * config.index_bits) for _ in range(config.ports * columns)]
    masks = [bits(config.blocks) for _ in range(config.ports)]
    memory = named(index_memory(clk, we, dest, written, step.index, record, indices, masks, config), "index_memory")

    base, read_valid = bits(len(step.table)), flag()
    wait_base = named(delay(clk, step.table, base, INDEX_LATENCY), "wait_base")
    wait_read = named(delay_flag(clk, rst, step.take, read_valid, INDEX_LATENCY), "wait_read")
    all_masks = ConcatSignal(*reversed(masks)) if len(masks) > 1 else masks[0]
    counted = named(count_lookups(clk, read_valid, all_masks, lookup_event, lookup_amount), "count_lookups")

    late = INDEX_LATENCY + 1 + tree_stages(config)
    beside = ConcatSignal(step.dest, step.channel, step.accumulator, step.closing, step.last, step.first)
    beside_late, sum_valid = bits(len(beside)), flag()
    wait_beside = named(delay(clk, beside, beside_late, late), "wait_beside")
    wait_sum = named(delay_flag(clk, rst, step.take, sum_valid, late), "wait_sum")
    a, c = 3, 3 + len(step.accumulator)
    d = c + len(step.channel)
    totals, push = bits(config.lanes * config.acc_bits), flag()

    @always_comb
    def finished():
        push.next = sum_valid and beside_late[1]

    sums = named(
        lookup(clk, load, indices, masks, base, sum_valid, beside_late(0), beside_late(c, a), totals, config), "lookup"
    )
    fifo = named(
        row_fifo(
            clk, rst, push, totals, beside_late(d, c), beside_late(len(beside), d), beside_late(2), rows, config
        ),
        "rows",
    )
    return instances()


@block
def lutdla_core(
    aclk: Any, aresetn: Any, s_axi: AxiLite, s_axis: AxiStream, m_axis: AxiStream, irq: Any, config: CoreConfig
) -> Any:
    """The top level. Reset is synchronous, active low; everything runs on `aclk`."""
    core_reset = ResetSignal(0, active=0, isasync=False)
    soft_reset, clear_error, failed = flag(), flag(), flag()
    resets = named(reset_control(aclk, aresetn, soft_reset, core_reset), "resets")

    load, frames, load_state, decoder_state = LoadBus(config), AxiStream(config.stream_bits), LoadState(), bits(3)
    busy, run_start, run_images = flag(), flag(), bits(32)
    packets = named(
        decoder(
            aclk, aresetn, core_reset, s_axis, load, frames, busy, run_start, run_images, clear_error, failed,
            load_state, decoder_state, config,
        ),  # fmt: skip
        "decoder",
    )

    record, step, rows = Record(config), Step(config), Rows(config)
    pc, fetch = bits(width_for(config.program_rows)), flag()
    program = named(loaded_ram(aclk, load, fetch, pc, record.chunks, config, "program", 0), "program_memory")
    done, image_done, last_image, stall = flag(), flag(), flag(), flag()
    start_input, start_nest, input_active = flag(), flag(), flag()
    group_enter, group_leave = flag(), flag()
    profile_row, profile_cycles = bits(8), bits(32)
    sequence = named(
        sequencer(
            aclk, core_reset, run_start, run_images, busy, done, image_done, pc, fetch, record, start_input,
            start_nest, last_image, input_active, step, rows.pop, group_enter, group_leave, m_axis.tvalid, stall,
            profile_row, profile_cycles, config,
        ),  # fmt: skip
        "sequencer",
    )
    nest = named(loop_nest(aclk, core_reset, start_nest, record, step), "nest")

    frame_groups, hidden_groups, groups = Groups(config), Groups(config), Groups(config)
    source = named(
        frame_input(aclk, core_reset, frames, start_input, record, input_active, frame_groups, config), "frame_input"
    )
    requantize_pop, output_pop, requantize_took, to_requantize = flag(), flag(), flag(), flag()
    requantizer = named(
        requantize(
            aclk, core_reset, load, rows, to_requantize, requantize_pop, requantize_took, record, hidden_groups, config
        ),
        "requantize",
    )
    merge = named(merge_groups(aclk, core_reset, frame_groups, hidden_groups, groups), "merge")
    indices, dest = bits(config.encoders * config.index_bits), bits(len(groups.dest))
    encode = named(encoders(aclk, core_reset, load, groups, group_leave, dest, indices, config), "encode")

    lookup_event, lookup_amount = flag(), bits(config.banks.bit_length())
    path = named(
        datapath(
            aclk, core_reset, load, step, record, group_leave, dest, indices, rows, lookup_event, lookup_amount, config
        ),
        "datapath",
    )
    sink = named(
        frame_output(aclk, core_reset, rows, record.to_output, output_pop, last_image, m_axis, config), "frame_output"
    )
    input_waits, output_waits = flag(), flag()
    row_pop, frame_valid = rows.pop, frame_groups.valid
    to_output, out_valid, out_ready = record.to_output, m_axis.tvalid, m_axis.tready

    @always_comb
    def routing():
        to_requantize.next = not to_output
        row_pop.next = requantize_pop or output_pop
        group_enter.next = frame_valid or requantize_took
        input_waits.next = input_active and not frame_valid
        output_waits.next = out_valid and not out_ready

    events = {
        "IMAGES": (image_done, 1), "CYCLES": (busy, 1), "LOOKUPS": (lookup_event, lookup_amount),
        "STALL_INPUT": (input_waits, 1), "STALL_OUTPUT": (output_waits, 1), "STALL_ENCODER": (stall, 1),
    }  # fmt: skip
    registers = named(
        register_file(
            aclk, aresetn, s_axi, load_state, decoder_state, busy, pc, done, failed, events, profile_row,
            profile_cycles, soft_reset, clear_error, irq, config,
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
