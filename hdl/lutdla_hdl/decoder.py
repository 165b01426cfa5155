"""The packet decoder: checks packets, loads memories, starts runs (see `lutdla.spec.packets`).

    HEADER -> HEADER_HIGH -> CHECK -> BUFFER -> TRAILER -> WRITE -> HEADER   LOAD: memories change after the CRC check
                                   -> FRAMES -> TRAILER -> HEADER              RUN: payload flows to the engine
                                   -> TRAILER -> HEADER                        BEGIN, COMMIT
    any error -> DROP until TLAST; then every frame is dropped until the error is cleared

CHECK waits for the engine to be idle. Throughput: a beat a cycle in BUFFER, FRAMES and WRITE.
"""

from __future__ import annotations

from typing import Any

from myhdl import Signal, always, always_comb, always_seq, block, instances, intbv

from lutdla.spec.config import CoreConfig
from lutdla.spec.memory import LOADABLE
from lutdla.spec.packets import PACKET_MAGIC, ErrorCode, Kind, load_words_limit
from lutdla_hdl.crc import START, crc32_step
from lutdla_hdl.interfaces import AxiStream, LoadBus, bits, counter_bits, flag, named, width_for
from lutdla_hdl.memory import ram

HEADER, HEADER_HIGH, CHECK, BUFFER, FRAMES, TRAILER, WRITE, DROP = range(8)


class LoadState:
    """What the decoder knows of the loaded model; survives a soft reset.

    Attributes:
        loaded: a whole model is committed. model: its identifier.
        crcs: state of the running CRC of each loadable memory (inverted).
        error: code of the first error, 0 if none. error_packet: packets taken before it.
    """

    def __init__(self) -> None:
        self.loaded = flag()
        self.model = bits(32)
        self.crcs = [Signal(intbv(START)[32:]) for _ in LOADABLE]
        self.error = bits(8)
        self.error_packet = bits(24)


@block
def header_limits(memory: Any, depth: Any, last_bank: Any, last_chunk: Any, most: Any, config: CoreConfig) -> Any:
    """Depth, banks, beats of a word and words in a packet of the memory that a header names."""
    d0, d1, d2, d3 = (config.depth(m) for m in LOADABLE)
    b0, b1, b2, b3 = (config.memory_banks(m) - 1 for m in LOADABLE)
    c0, c1, c2, c3 = (config.beats_per_word(m) - 1 for m in LOADABLE)
    m0, m1, m2, m3 = (load_words_limit(config, m) for m in LOADABLE)

    @always_comb
    def choose():
        if memory == 0:
            depth.next = d0
            last_bank.next = b0
            last_chunk.next = c0
            most.next = m0
        elif memory == 1:
            depth.next = d1
            last_bank.next = b1
            last_chunk.next = c1
            most.next = m1
        elif memory == 2:
            depth.next = d2
            last_bank.next = b2
            last_chunk.next = c2
            most.next = m2
        else:
            depth.next = d3
            last_bank.next = b3
            last_chunk.next = c3
            most.next = m3

    return choose


@block
def check_header(
    magic: Any, kind: Any, memory: Any, bank: Any, where: Any, length: Any, loaded: Any, frame_beats: Any,
    last_chunk: Any, verdict: Any, config: CoreConfig,
) -> Any:  # fmt: skip
    """`verdict`: error code of a header, 0 if it is good."""
    depth, last_bank, most = bits(17), bits(8), bits(12)
    limits = named(header_limits(memory, depth, last_bank, last_chunk, most, config), "limits")
    memories = len(LOADABLE)
    good_magic = PACKET_MAGIC
    begin, load, commit, run = int(Kind.BEGIN), int(Kind.LOAD), int(Kind.COMMIT), int(Kind.RUN)
    fine, bad_magic, bad_kind, bad_memory, bad_address, bad_length, not_loaded, bad_frame = (
        int(code) for code in (ErrorCode.NONE, ErrorCode.MAGIC, ErrorCode.KIND, ErrorCode.MEMORY, ErrorCode.ADDRESS,
                               ErrorCode.LENGTH, ErrorCode.NOT_LOADED, ErrorCode.FRAME)
    )  # fmt: skip

    @always_comb
    def judge():
        verdict.next = fine
        if magic != good_magic:
            verdict.next = bad_magic
        elif kind == load:
            if memory >= memories or bank > last_bank:
                verdict.next = bad_memory
            elif where > depth or length > depth - where:
                verdict.next = bad_address
            elif length == 0 or length > most:
                verdict.next = bad_length
        elif kind == run:
            if not loaded:
                verdict.next = not_loaded
            elif where == 0 or length != frame_beats:
                verdict.next = bad_frame
        elif kind != begin and kind != commit:
            verdict.next = bad_kind

    return instances()


@block
def header_fields(
    clk: Any, take_low: Any, take_high: Any, s_axis: AxiStream, magic: Any, kind: Any, memory: Any, bank: Any,
    where: Any, length: Any,
) -> Any:  # fmt: skip
    """Registers of the header: one beat of 128 bits, or two of 64."""
    tdata = s_axis.tdata
    base = 64 if len(tdata) == 128 else 0
    a, b, c = base, base + 32, base + 64

    @always(clk.posedge)
    def capture():
        if take_low:
            magic.next = tdata[32:]
            kind.next = tdata[40:32]
            memory.next = tdata[48:40]
            bank.next = tdata[64:48]
        if take_high:
            where.next = tdata[b:a]
            length.next = tdata[c:b]

    return capture


@block
def memory_crc(clk: Any, rst: Any, restart: Any, load: LoadBus, number: int, following: Any, crc: Any) -> Any:
    """Running CRC of what was written to one memory."""
    load_valid, load_memory = load.valid, load.memory

    @always_seq(clk.posedge, reset=rst)
    def run():
        if restart:
            crc.next = START
        elif load_valid and load_memory == number:
            crc.next = following

    return run


@block
def decoder(
    clk: Any, aresetn: Any, rst: Any, s_axis: AxiStream, load: LoadBus, frames: AxiStream, engine_busy: Any,
    run_start: Any, run_images: Any, clear_error: Any, failed: Any, status: LoadState, state: Any, config: CoreConfig,
) -> Any:  # fmt: skip
    """Args:
    aresetn, rst: hard reset (also forgets the model), and soft or hard reset.
    load: writes of checked load packets.
    frames: payload of RUN packets; its tlast is not used.
    run_start, run_images: begin a run.
    clear_error, failed: forget the error; an error was just detected (pulse).
    """
    magic, kind, memory, bank, where, length = bits(32), bits(8), bits(8), bits(16), bits(32), bits(32)
    last_chunk, verdict = bits(8), bits(4)
    beat, whole_header = flag(), flag()
    take_low, take_high = flag(), flag()
    crc, crc_in, crc_following, crc_data = bits(32), bits(32), bits(32), bits(config.stream_bits)
    pending_model, frame_beats = bits(32), bits(32)
    loads, packets = counter_bits(32), counter_bits(24)
    left, images_left = bits(32), bits(32)
    chunk, write_at, read_at = bits(8), counter_bits(width_for(2 * config.packet_beats)), counter_bits(
        width_for(2 * config.packet_beats)
    )
    address_bits = width_for(config.packet_beats)
    read_now, emit, buffered = flag(), flag(), bits(config.stream_bits)
    out_chunk, out_address = bits(8), counter_bits(16)
    taken_begin, taken_load, taken_commit, bad_trailer, missing = flag(), flag(), flag(), flag(), flag()
    store_beat = flag()
    one_beat_header = config.stream_bits == 128
    begin, load_kind, commit, run = int(Kind.BEGIN), int(Kind.LOAD), int(Kind.COMMIT), int(Kind.RUN)
    truncated, bad_crc, incomplete = int(ErrorCode.TRUNCATED), int(ErrorCode.CRC), int(ErrorCode.INCOMPLETE)
    tdata, tvalid, tready, tlast = s_axis.tdata, s_axis.tvalid, s_axis.tready, s_axis.tlast
    frame_data, frame_valid, frame_ready = frames.tdata, frames.tvalid, frames.tready
    load_valid, load_data, load_memory, load_bank, load_address, load_chunk = (
        load.valid, load.data, load.memory, load.bank, load.address, load.chunk
    )  # fmt: skip
    loaded, model, error, error_packet = status.loaded, status.model, status.error, status.error_packet

    fields = named(header_fields(clk, take_low, take_high, s_axis, magic, kind, memory, bank, where, length), "header")
    checks = named(
        check_header(magic, kind, memory, bank, where, length, loaded, frame_beats, last_chunk, verdict, config),
        "check",
    )
    step = named(crc32_step(crc_data, crc_in, crc_following), "crc")
    buffer = named(
        ram(clk, store_beat, write_at(address_bits, 0), tdata, read_now, read_at(address_bits, 0), buffered,
            config.packet_beats),
        "buffer",
    )  # fmt: skip
    sums = [
        named(memory_crc(clk, aresetn, taken_begin, load, m, crc_following, status.crcs[m]), f"sum{m}")
        for m in range(len(LOADABLE))
    ]
    sum0, sum1, sum2, sum3 = status.crcs

    @always_comb
    def handshake():
        tready.next = state != CHECK and state != WRITE and (state != FRAMES or frame_ready)
        beat.next = tvalid and state != CHECK and state != WRITE and (state != FRAMES or frame_ready)
        frame_valid.next = tvalid and state == FRAMES
        frame_data.next = tdata

    @always_comb
    def header():
        take_low.next = tvalid and state == HEADER and error == 0
        if one_beat_header:
            take_high.next = tvalid and state == HEADER and error == 0
        else:
            take_high.next = tvalid and state == HEADER_HIGH
        store_beat.next = tvalid and state == BUFFER
        read_now.next = state == WRITE and read_at != write_at

    @always_comb
    def trailer():
        bad_trailer.next = tdata[32:] != (crc ^ START)
        missing.next = kind == commit and loads != where
        taken_begin.next = beat and state == TRAILER and kind == begin and tdata[32:] == (crc ^ START)
        taken_load.next = beat and state == TRAILER and kind == load_kind and tdata[32:] == (crc ^ START)
        taken_commit.next = (
            beat and state == TRAILER and kind == commit and tdata[32:] == (crc ^ START) and loads == where
        )

    @always_comb
    def crc_input():
        # one CRC unit: while words are written no beat is taken
        crc_data.next = tdata
        crc_in.next = crc
        if load_valid:
            crc_data.next = load_data
            if load_memory == 0:
                crc_in.next = sum0
            elif load_memory == 1:
                crc_in.next = sum1
            elif load_memory == 2:
                crc_in.next = sum2
            else:
                crc_in.next = sum3
        elif state == HEADER:
            crc_in.next = START

    @always(clk.posedge)
    def packet_crc():
        if beat and state != TRAILER:
            crc.next = crc_following

    @always_seq(clk.posedge, reset=aresetn)
    def model_state():
        failed.next = False
        if clear_error:
            error.next = 0
            error_packet.next = 0
        if beat and error == 0 and tlast and state != TRAILER and state != DROP:
            error.next = truncated
            error_packet.next = packets
            failed.next = True
        elif state == CHECK and not engine_busy and verdict != 0:
            error.next = verdict
            error_packet.next = packets
            failed.next = True
        elif beat and state == TRAILER and bad_trailer:
            error.next = bad_crc
            error_packet.next = packets
            failed.next = True
        elif beat and state == TRAILER and missing:
            error.next = incomplete
            error_packet.next = packets
            failed.next = True
        elif beat and state == TRAILER:
            packets.next = packets + 1
        if taken_begin:
            loaded.next = False
            model.next = 0
            pending_model.next = where
            packets.next = 1
            loads.next = 0
        if taken_load:
            loaded.next = False
            model.next = 0
            loads.next = loads + 1
        if taken_commit:
            loaded.next = True
            model.next = pending_model
            frame_beats.next = length

    @always_seq(clk.posedge, reset=rst)
    def advance():
        run_start.next = False
        if state == HEADER:
            if beat and not tlast:
                if error != 0:
                    state.next = DROP
                elif one_beat_header:
                    state.next = CHECK
                else:
                    state.next = HEADER_HIGH
        elif state == HEADER_HIGH:
            if beat:
                if tlast:
                    state.next = HEADER
                else:
                    state.next = CHECK
        elif state == CHECK:
            chunk.next = 0
            write_at.next = 0
            read_at.next = 0
            left.next = length
            images_left.next = where
            if not engine_busy:
                if verdict != 0:
                    state.next = DROP
                elif kind == load_kind:
                    state.next = BUFFER
                elif kind == run:
                    run_start.next = True
                    run_images.next = where
                    state.next = FRAMES
                else:
                    state.next = TRAILER
        elif state == BUFFER:
            if beat:
                write_at.next = write_at + 1
                if chunk == last_chunk:
                    chunk.next = 0
                    left.next = left - 1
                    if left == 1:
                        state.next = TRAILER
                else:
                    chunk.next = chunk + 1
                if tlast:
                    state.next = HEADER
        elif state == FRAMES:
            if beat:
                left.next = left - 1
                if left == 1:
                    left.next = length
                    images_left.next = images_left - 1
                    if images_left == 1:
                        state.next = TRAILER
                if tlast:
                    state.next = HEADER
        elif state == TRAILER:
            if beat:
                if taken_load:
                    state.next = WRITE
                elif tlast or not (bad_trailer or missing):
                    state.next = HEADER
                else:
                    state.next = DROP
        elif state == WRITE:
            if read_at != write_at:
                read_at.next = read_at + 1
            elif not emit and not load_valid:
                state.next = HEADER
        else:
            if beat and tlast:
                state.next = HEADER

    @always_seq(clk.posedge, reset=rst)
    def write_words():
        emit.next = read_now
        load_valid.next = emit
        if emit:
            load_data.next = buffered
            load_memory.next = memory[2:]
            load_bank.next = bank[8:]
            load_address.next = out_address
            load_chunk.next = out_chunk

    @always(clk.posedge)
    def word_address():
        if state == CHECK:
            out_chunk.next = 0
            out_address.next = where[16:]
        elif emit:
            if out_chunk == last_chunk:
                out_chunk.next = 0
                out_address.next = out_address + 1
            else:
                out_chunk.next = out_chunk + 1

    return instances()
