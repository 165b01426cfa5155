"""The packet decoder: checks packets, loads memories, starts runs (see `lutdla.spec.packets`).

    HEADER -> HEADER_HIGH -> CHECK -> BUFFER -> TRAILER -> WRITE -> HEADER   LOAD: memories change after the CRC check
                                   -> FRAMES -> TRAILER -> HEADER              INPUT: payload flows to the encoders
                                   -> TABLE_ROWS -> TRAILER -> HEADER          TABLES: payload flows to the table memory
                                   -> TRAILER -> HEADER                        BEGIN, COMMIT, RUN
    any error -> DROP until TLAST; then every frame is dropped until the error is cleared

CHECK waits for the engine to be idle, or with TABLES for room for a piece. Throughput: a beat a cycle in BUFFER,
FRAMES, TABLE_ROWS and WRITE.
"""

from __future__ import annotations

from typing import Any

from myhdl import Signal, always, always_comb, always_seq, block, instances, intbv

from lutdla.spec.config import CoreConfig
from lutdla.spec.memory import LOADABLE
from lutdla.spec.packets import TABLE, ErrorCode, Kind
from lutdla_hdl.crc import START, crc32_step
from lutdla_hdl.interfaces import AxiStream, LoadBus, bits, counter_bits, flag, named, width_for
from lutdla_hdl.memory import ram
from lutdla_hdl.packet_header import check_header, header_fields
from lutdla_hdl.sequencer import Run

HEADER, HEADER_HIGH, CHECK, BUFFER, FRAMES, TRAILER, WRITE, DROP, TABLE_ROWS = range(9)

PIECES = 2
"""Table pieces that the core can hold: the one in use and the next."""


class LoadState:
    """What the decoder knows of the loaded model; survives a soft reset.

    Attributes:
        loaded: a whole model is committed. model: its identifier.
        crcs: state of the running CRC of each loadable memory (inverted).
        run_crc: state of the running CRC of the trailers of a run's packets (inverted).
        error: code of the first error, 0 if none. error_packet: packets taken before it.
    """

    def __init__(self) -> None:
        self.loaded = flag()
        self.model = bits(32)
        self.crcs = [Signal(intbv(START)[32:]) for _ in LOADABLE]
        self.run_crc = Signal(intbv(START)[32:])
        self.error = bits(8)
        self.error_packet = bits(24)


@block
def memory_crc(
    clk: Any, rst: Any, restart: Any, load: LoadBus, streaming: Any, number: int, following: Any, crc: Any
) -> Any:
    """Running CRC of what LOAD packets wrote to one memory."""
    load_valid, load_memory = load.valid, load.memory

    @always_seq(clk.posedge, reset=rst)
    def run():
        if restart:
            crc.next = START
        elif load_valid and load_memory == number and not streaming:
            crc.next = following

    return run


@block
def decoder(
    clk: Any, aresetn: Any, rst: Any, s_axis: AxiStream, load: LoadBus, frames: AxiStream, engine: Run,
    clear_error: Any, failed: Any, status: LoadState, state: Any, config: CoreConfig,
) -> Any:  # fmt: skip
    """Args:
    aresetn, rst: hard reset (also forgets the model), and soft or hard reset.
    load: writes of checked load packets, and of table pieces.
    frames: payload of INPUT packets; its tlast is not used.
    engine: the run it begins; free_tables; drives piece_ready.
    clear_error, failed: forget the error; an error was just detected (pulse).
    """
    magic, kind, memory, bank, where, length = bits(32), bits(8), bits(8), bits(16), bits(32), bits(32)
    last_chunk, verdict = bits(8), bits(4)
    beat, whole_header = flag(), flag()
    take_low, take_high = flag(), flag()
    crc, crc_in, crc_following, crc_data = bits(32), bits(32), bits(32), bits(config.stream_bits)
    pending_model, frame_beats = bits(32), bits(32)
    loads, packets = counter_bits(32), counter_bits(24)
    left, images_left, frames_left = bits(32), bits(32), bits(32)
    pieces, filled, wait, streaming = bits(2), flag(), flag(), flag()
    engine_busy, run_start, run_images = engine.busy, engine.start, engine.images
    free_tables, piece_ready = engine.free_tables, engine.piece_ready
    chunk, write_at, read_at = bits(8), counter_bits(width_for(2 * config.packet_beats)), counter_bits(
        width_for(2 * config.packet_beats)
    )
    address_bits = width_for(config.packet_beats)
    read_now, emit, buffered = flag(), flag(), bits(config.stream_bits)
    out_chunk, out_address = bits(8), counter_bits(16)
    good, bad_trailer, missing = flag(), flag(), flag()
    taken_begin, taken_load, taken_commit = flag(), flag(), flag()
    store_beat = flag()
    one_beat_header = config.stream_bits == 128
    begin, load_kind, commit, run, frames_kind, tables_kind = (
        int(kind) for kind in (Kind.BEGIN, Kind.LOAD, Kind.COMMIT, Kind.RUN, Kind.INPUT, Kind.TABLES)
    )
    table_memory, pieces_most = TABLE, PIECES
    truncated, bad_crc, incomplete = int(ErrorCode.TRUNCATED), int(ErrorCode.CRC), int(ErrorCode.INCOMPLETE)
    tdata, tvalid, tready, tlast = s_axis.tdata, s_axis.tvalid, s_axis.tready, s_axis.tlast
    frame_data, frame_valid, frame_ready = frames.tdata, frames.tvalid, frames.tready
    load_valid, load_data, load_memory, load_bank, load_address, load_chunk = (
        load.valid, load.data, load.memory, load.bank, load.address, load.chunk
    )  # fmt: skip
    loaded, model, error, error_packet = status.loaded, status.model, status.error, status.error_packet
    run_crc = status.run_crc

    fields = named(header_fields(clk, take_low, take_high, s_axis, magic, kind, memory, bank, where, length), "header")
    checks = named(
        check_header(
            magic, kind, memory, bank, where, length, loaded, frame_beats, images_left, engine_busy,
            engine.stall_tables, last_chunk, verdict, config,
        ),  # fmt: skip
        "check",
    )
    step = named(crc32_step(crc_data, crc_in, crc_following), "crc")
    buffer = named(
        ram(clk, store_beat, write_at(address_bits, 0), tdata, read_now, read_at(address_bits, 0), buffered,
            config.packet_beats),
        "buffer",
    )  # fmt: skip
    sums = [
        named(memory_crc(clk, aresetn, taken_begin, load, streaming, m, crc_following, status.crcs[m]), f"sum{m}")
        for m in range(len(LOADABLE))
    ]
    sum0, sum1, sum2, sum3, sum4 = status.crcs

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
        good.next = beat and state == TRAILER and tdata[32:] == (crc ^ START)
        bad_trailer.next = beat and state == TRAILER and tdata[32:] != (crc ^ START)

    @always_comb
    def action():
        missing.next = good and kind == commit and loads != where
        taken_begin.next = good and kind == begin
        taken_load.next = good and kind == load_kind
        taken_commit.next = good and kind == commit and loads == where
        filled.next = good and kind == tables_kind and memory[7]

    @always_comb
    def patience():
        # what changes the model waits for the engine, unless the engine waits for what can only come behind: an error
        wait.next = verdict == 0 and (
            (engine_busy and kind != frames_kind and kind != tables_kind)
            or (kind == tables_kind and pieces == pieces_most)
        )
        piece_ready.next = pieces != 0

    @always_comb
    def crc_input():
        # one CRC unit: while words are written no beat is taken
        crc_data.next = tdata
        crc_in.next = crc
        if load_valid and not streaming:
            crc_data.next = load_data
            if load_memory == 0:
                crc_in.next = sum0
            elif load_memory == 1:
                crc_in.next = sum1
            elif load_memory == 2:
                crc_in.next = sum2
            elif load_memory == 3:
                crc_in.next = sum3
            else:
                crc_in.next = sum4
        elif state == HEADER or (state == TRAILER and kind == run):
            crc_in.next = START
        elif state == TRAILER:
            crc_in.next = run_crc

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
        elif state == CHECK and verdict != 0:
            error.next = verdict
            error_packet.next = packets
            failed.next = True
        elif bad_trailer:
            error.next = bad_crc
            error_packet.next = packets
            failed.next = True
        elif missing:
            error.next = incomplete
            error_packet.next = packets
            failed.next = True
        elif good:
            packets.next = packets + 1
        if good and (kind == run or kind == frames_kind or kind == tables_kind):
            run_crc.next = crc_following
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
        if state == WRITE and not rst:
            loads.next = loads - 1  # a soft reset cut it short: the model is not whole
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
            frames_left.next = where
            if verdict != 0:
                state.next = DROP
            elif not wait:
                if kind == load_kind:
                    state.next = BUFFER
                elif kind == frames_kind:
                    state.next = FRAMES
                elif kind == tables_kind:
                    state.next = TABLE_ROWS
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
                    frames_left.next = frames_left - 1
                    images_left.next = images_left - 1
                    if frames_left == 1:
                        state.next = TRAILER
                if tlast:
                    state.next = HEADER
        elif state == TABLE_ROWS:
            if beat:
                if chunk == last_chunk:
                    chunk.next = 0
                    left.next = left - 1
                    if left == 1:
                        state.next = TRAILER
                else:
                    chunk.next = chunk + 1
                if tlast:
                    state.next = HEADER
        elif state == TRAILER:
            if beat:
                if good and kind == run:
                    run_start.next = True
                    run_images.next = where
                    images_left.next = where
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
    def count_pieces():
        if run_start:
            pieces.next = 0
        elif filled and not free_tables:
            pieces.next = pieces + 1
        elif free_tables and not filled:
            pieces.next = pieces - 1

    @always_seq(clk.posedge, reset=rst)
    def write_words():
        emit.next = read_now
        load_valid.next = emit or (beat and state == TABLE_ROWS)
        streaming.next = state == TABLE_ROWS
        if emit:
            load_data.next = buffered
            load_memory.next = memory[3:]
        else:
            load_data.next = tdata
            load_memory.next = table_memory
        load_bank.next = bank[8:]
        load_address.next = out_address
        load_chunk.next = out_chunk

    @always(clk.posedge)
    def word_address():
        if state == CHECK:
            out_chunk.next = 0
            out_address.next = where[16:]
        elif emit or (beat and state == TABLE_ROWS):
            if out_chunk == last_chunk:
                out_chunk.next = 0
                out_address.next = out_address + 1
            else:
                out_chunk.next = out_chunk + 1

    return instances()
