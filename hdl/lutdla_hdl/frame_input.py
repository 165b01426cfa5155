"""Input frames: beats of INPUT packets become groups of encoders x v values for the encoders.

The next frame is encoded as soon as the place of the one before is free, while the engine computes: groups go to the
encoders in cycles in which requantisation has none.

A beat carries several whole groups, or a group spans several beats (`CoreConfig.groups_per_beat`, `beats_per_group`).
What is left of a beat when the frame is complete is dropped: the next frame begins with a new beat.

Throughput: one group a cycle while beats are there. Latency from beat to group: 1 cycle.
"""

from __future__ import annotations

from typing import Any

from myhdl import always_comb, always_seq, block, instances

from lutdla.spec.config import CoreConfig
from lutdla_hdl.interfaces import AxiStream, Encoded, Groups, bits, counter_bits, flag, named, width_for
from lutdla_hdl.record import Record
from lutdla_hdl.sequencer import GROUPS_BITS, Run, under_way


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
    clk: Any, rst: Any, beats: AxiStream, run: Run, record: Record, hold: Any, encoded: Encoded, groups: Groups,
    config: CoreConfig,
) -> Any:  # fmt: skip
    """Feeds the encoders with the frames of a run.

    Args:
        beats: payload of INPUT packets (tlast is not used).
        run: start, set_input (`record` is record 0), take_input, free_input; drives frame_ready.
        hold: the encoders take another group in this cycle.
        encoded: what leaves the encoders.
        groups: to the encoders.
    """
    valid, take, flush, data = flag(), flag(), flag(), bits(8 * config.group)
    active, known, free, loading, ready, begin = flag(), flag(), flag(), flag(), flag(), flag()
    last_group, codebooks, first_codebook, first_dest = bits(16), bits(16), bits(len(groups.codebook)), bits(
        len(groups.dest)
    )
    done, column, left = counter_bits(16), counter_bits(16), bits(32)
    dest = counter_bits(len(groups.dest))
    codebook = counter_bits(len(groups.codebook))
    under, written = bits(GROUPS_BITS), flag()
    if config.beats_per_group == 1:
        gearbox = named(split_beats(clk, rst, beats, flush, valid, data, take, config.groups_per_beat), "gearbox")
    else:
        gearbox = named(join_beats(clk, rst, beats, valid, data, take, config.beats_per_group), "gearbox")
    way = named(under_way(clk, rst, take, written, under), "under")
    out_valid, out_data, out_codebook, out_dest = groups.valid, groups.data, groups.codebook, groups.dest
    out_encode, out_from_input = groups.encode, groups.from_input
    start, images, set_input = run.start, run.images, run.set_input
    take_input, free_input, frame_ready = run.take_input, run.free_input, run.frame_ready
    new_groups, new_codebooks = record.groups, record.codebooks
    # cut here, because Verilog has no slice of a slice
    new_codebook, new_dest = record.codebook(len(groups.codebook), 0), record.dest(len(groups.dest), 0)
    encoded_valid, encoded_from_input = encoded.valid, encoded.from_input

    @always_comb
    def flow():
        take.next = active and valid and not hold
        flush.next = done == last_group
        out_valid.next = active and valid and not hold
        out_data.next = data
        out_codebook.next = codebook
        out_dest.next = dest
        out_encode.next = True
        out_from_input.next = True
        written.next = encoded_valid and encoded_from_input
        begin.next = known and free and left != 0
        frame_ready.next = ready

    @always_seq(clk.posedge, reset=rst)
    def parameters():
        if start:
            known.next = False
        elif set_input:
            known.next = True
            last_group.next = new_groups - 1
            codebooks.next = new_codebooks - 1
            first_codebook.next = new_codebook
            first_dest.next = new_dest

    @always_seq(clk.posedge, reset=rst)
    def places():
        if start:
            left.next = images
            free.next = True
            loading.next = False
            ready.next = False
        else:
            if begin:
                left.next = left - 1
                free.next = False
                loading.next = True
            elif free_input:
                free.next = True
            if loading and not active and under == 0:
                loading.next = False
                ready.next = True
            elif take_input:
                ready.next = False

    @always_seq(clk.posedge, reset=rst)
    def count():
        if begin:
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
            if column == codebooks:
                column.next = 0
                codebook.next = first_codebook
            else:
                column.next = column + 1
                codebook.next = codebook + 1

    return instances()
