"""Input frames: beats of a RUN packet become groups of encoders x v values for the encoders.

A beat carries several whole groups, or a group spans several beats (`CoreConfig.groups_per_beat`, `beats_per_group`).
What is left of a beat when the frame is complete is dropped: the next frame begins with a new beat.

Throughput: one group a cycle while beats are there. Latency from beat to group: 1 cycle.
"""

from __future__ import annotations

from typing import Any

from myhdl import always_comb, always_seq, block, instances

from lutdla.spec.config import CoreConfig
from lutdla_hdl.interfaces import AxiStream, Groups, bits, counter_bits, flag, named, width_for
from lutdla_hdl.record import Record


@block
def split_beats(clk: Any, rst: Any, beats: AxiStream, flush: Any, valid: Any, data: Any, take: Any, parts: int) -> Any:
    """A beat becomes `parts` groups, lowest bytes first. `flush`: with `take`, drop the rest of the beat."""
    size = len(data)
    held, left = bits(len(beats.tdata)), bits(width_for(parts + 1))
    beat_data, beat_valid, beat_ready = beats.tdata, beats.tvalid, beats.tready

    @always_comb
    def handshake():
        valid.next = left != 0
        data.next = held[size:]
        beat_ready.next = left == 0 or (take and (left == 1 or flush))

    @always_seq(clk.posedge, reset=rst)
    def move():
        if beat_valid and beat_ready:
            held.next = beat_data
            left.next = parts
        elif take:
            held.next = held >> size
            if flush:
                left.next = 0
            else:
                left.next = left - 1

    return instances()


@block
def join_beats(clk: Any, rst: Any, beats: AxiStream, valid: Any, data: Any, take: Any, parts: int) -> Any:
    """`parts` beats become one group, lowest bytes first."""
    width = len(beats.tdata)
    total = width * parts
    held, have = bits(total), bits(width_for(parts + 1))
    beat_data, beat_valid, beat_ready = beats.tdata, beats.tvalid, beats.tready
    size = len(data)
    top = total - width

    @always_comb
    def handshake():
        valid.next = have == parts
        data.next = held[size:]
        beat_ready.next = have != parts or take

    @always_seq(clk.posedge, reset=rst)
    def move():
        if beat_valid and beat_ready:
            held.next = (held >> width) | (beat_data << top)
            if have == parts:
                have.next = 1
            else:
                have.next = have + 1
        elif take:
            have.next = 0

    return instances()


@block
def frame_input(
    clk: Any, rst: Any, beats: AxiStream, start: Any, record: Record, active: Any, groups: Groups, config: CoreConfig
) -> Any:
    """Feeds the encoders with one frame for each `start`.

    Args:
        beats: payload of RUN packets (tlast is not used).
        start: begin a frame of `record.groups` groups.
        active: groups are still to come.
        groups: to the encoders.
    """
    valid, take, flush, data = flag(), flag(), flag(), bits(8 * config.group)
    done, column = counter_bits(16), counter_bits(16)
    dest = counter_bits(len(groups.dest))
    codebook = counter_bits(len(groups.codebook))
    if config.beats_per_group == 1:
        gearbox = named(split_beats(clk, rst, beats, flush, valid, data, take, config.groups_per_beat), "gearbox")
    else:
        gearbox = named(join_beats(clk, rst, beats, valid, data, take, config.beats_per_group), "gearbox")
    last_group, first_codebook, codebooks, first_dest = record.groups, record.codebook, record.codebooks, record.dest
    out_valid, out_data, out_codebook, out_dest = groups.valid, groups.data, groups.codebook, groups.dest

    @always_comb
    def flow():
        take.next = active and valid
        flush.next = done == last_group - 1
        out_valid.next = active and valid
        out_data.next = data
        out_codebook.next = codebook
        out_dest.next = dest

    @always_seq(clk.posedge, reset=rst)
    def count():
        if start:
            active.next = True
            done.next = 0
            column.next = 0
            dest.next = first_dest
            codebook.next = first_codebook
        elif take:
            done.next = done + 1
            dest.next = dest + 1
            if flush:
                active.next = False
            if column == codebooks - 1:
                column.next = 0
                codebook.next = first_codebook
            else:
                column.next = column + 1
                codebook.next = codebook + 1

    return instances()
