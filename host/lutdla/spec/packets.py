"""Stream packets: how models and images travel over AXI4-Stream.

A *frame* (what one TLAST closes) holds one or more packets. A packet is a 16-byte header, a payload of whole beats,
and a trailer beat whose low 32 bits are the CRC-32 (zlib's) of header and payload:

    bytes 0..3  magic "LUTP"    4 kind    5 memory    6..7 bank    8..11 address    12..15 length

| kind   | address         | length              | payload | meaning |
|--------|-----------------|---------------------|---------|---------|
| BEGIN  | model id        | 0                   | none    | forget the loaded model, restart CRCs and count |
| LOAD   | first word      | words               | words   | write one bank of one memory, after the CRC is checked |
| COMMIT | LOADs since BEGIN | beats of an input frame | none | the model is whole: runs are allowed |
| RUN    | images          | 0                   | none    | start a run: execute the program for that many images |
| INPUT  | images          | beats of an input frame | frames | input frames of the run in progress |
| TABLES | first table row | rows                | rows    | a bank's rows of a table piece of the run in progress |

Bit 7 of `memory` marks the last TABLES packet of a piece.

A run is in progress from a RUN that was taken until its last result was made. It takes its INPUT and TABLES packets in
the order in which the core can make room for them (`schedule`): a frame when the one before is freed, a piece when the
one before the last is freed; until then the stream waits. They may come in one frame with RUN, or in several. BEGIN,
LOAD, COMMIT and RUN wait until no run is in progress; where the run itself waits for input or tables, they are ORDER.

TLAST anywhere but on a trailer is TRUNCATED, and comes before any other check. Otherwise a header is checked when it
is whole, the CRC and then the count of a COMMIT when the trailer arrives:

* BEGIN, LOAD, COMMIT, RUN: ORDER if a run waits for input or tables.
* LOAD: MEMORY, ADDRESS, LENGTH.
* RUN: NOT_LOADED, then FRAME if it has no images. It starts when its CRC is right.
* INPUT: ORDER if no run is in progress, or it has been given all its images; then FRAME if the packet has no images,
  more than the run still takes, or frames of another size than COMMIT said.
* TABLES: ORDER if no run is in progress, then MEMORY, ADDRESS, LENGTH as a LOAD of table memory, but of any length. The
  core does not count pieces: one too many is ORDER behind the run's end, and is not used before.

A LOAD that is taken clears LOADED and MODEL: only COMMIT makes a model whole again. Frames flow to the encoders, and
table rows into their memory, before their CRC is known; but a table piece is used only when its last packet was taken,
after all others were. An error does not end a run: it waits for what was dropped, until CONTROL.SOFT_RESET.

An error drops everything up to TLAST and stays until it is cleared (register CONTROL.CLEAR_ERROR).

Both ways are checked end to end. Register CRC_RUN tells which packets a run was made of: the host computes the same of
what it meant to send (`runtime.run_frame`), so that old memory content with right CRCs, after a cache flush that did
not happen, does not pass. Register CRC_RESULT is the CRC of the results as they left the core.
"""

from __future__ import annotations

import enum
import struct
import zlib
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from lutdla.spec.config import CoreConfig
from lutdla.spec.memory import LOADABLE, MemoryImage, Piece
from lutdla.spec.program import Program

PACKET_MAGIC = int.from_bytes(b"LUTP", "little")
HEADER = struct.Struct("<IBBHII")
"""magic, kind, memory, bank, address, length."""
TABLE = LOADABLE.index("table")
LAST_OF_PIECE = 0x80
"""Bit of `memory` in the last TABLES packet of a piece."""


class Kind(enum.IntEnum):
    """Packet kinds."""

    BEGIN = 1
    LOAD = 2
    COMMIT = 3
    RUN = 4
    INPUT = 5
    TABLES = 6


class ErrorCode(enum.IntEnum):
    """Values of register ERROR.CODE. The checks are made in this order; the first that fails is reported."""

    NONE = 0
    MAGIC = 1
    KIND = 2
    MEMORY = 3
    ADDRESS = 4
    LENGTH = 5
    CRC = 6
    TRUNCATED = 7
    INCOMPLETE = 8
    NOT_LOADED = 9
    FRAME = 10
    ORDER = 11


ERROR_TEXT: dict[ErrorCode, str] = {
    ErrorCode.NONE: "no error",
    ErrorCode.MAGIC: "a packet does not begin with the magic word: the stream is not in step with the core",
    ErrorCode.KIND: "a packet has an unknown kind",
    ErrorCode.MEMORY: "a load or table packet names a memory or bank that this core does not have",
    ErrorCode.ADDRESS: "a load or table packet reaches past the end of a memory",
    ErrorCode.LENGTH: "a load packet is empty or larger than the core's packet buffer, or a table packet is empty",
    ErrorCode.CRC: "the CRC-32 of a packet is wrong: the data was damaged on its way",
    ErrorCode.TRUNCATED: "TLAST came before the end of a packet",
    ErrorCode.INCOMPLETE: "a model was committed with load packets missing",
    ErrorCode.NOT_LOADED: "a run was asked for while no whole model is loaded",
    ErrorCode.FRAME: "a run has no images, or input has more frames, or frames of another size, than it takes",
    ErrorCode.ORDER: "input or tables came while no run takes them, or something else while a run still waits for them",
}
"""What each code means, for messages and documents."""


def packet(
    config: CoreConfig,
    kind: int,
    *,
    memory: int = 0,
    bank: int = 0,
    address: int = 0,
    length: int = 0,
    payload: bytes | memoryview | npt.NDArray[np.uint8] = b"",
) -> bytes:
    """The bytes of one packet. `payload` must be whole beats."""
    header = HEADER.pack(PACKET_MAGIC, kind, memory, bank, address, length)
    body = bytes(payload)
    if len(body) % config.stream_bytes:
        raise ValueError(f"payload of {len(body)} bytes: it must be whole beats of {config.stream_bytes} bytes")
    crc = zlib.crc32(body, zlib.crc32(header))
    return header + body + crc.to_bytes(config.stream_bytes, "little")


def load_words_limit(config: CoreConfig, memory: str) -> int:
    """Words of a memory that fit into one load packet."""
    return config.packet_beats // config.beats_per_word(memory)


def load_packets(image: MemoryImage, config: CoreConfig, model: int) -> list[bytes]:
    """BEGIN, all LOAD packets and COMMIT of a memory image. `model`: 32-bit identifier."""
    loads = []
    for number, memory in enumerate(LOADABLE):
        step = load_words_limit(config, memory)
        for bank, words in enumerate(image.words(memory, config)):
            for start in range(0, len(words), step):
                part = words[start : start + step]
                loads.append(packet(config, Kind.LOAD, memory=number, bank=bank, address=start, length=len(part),
                                    payload=part.tobytes()))
    beats = config.frame_beats(image.program.input_groups)
    return [
        packet(config, Kind.BEGIN, address=model),
        *loads,
        packet(config, Kind.COMMIT, address=len(loads), length=beats),
    ]


def memory_crcs(image: MemoryImage, config: CoreConfig) -> dict[str, int]:
    """What the CRC registers hold after `load_packets` were taken: memory -> CRC-32."""
    return {memory: zlib.crc32(image.words(memory, config).tobytes()) for memory in LOADABLE}


def pack_frames(values: npt.NDArray[np.int8], groups: int, config: CoreConfig) -> npt.NDArray[np.uint8]:
    """Input frames as the stream carries them.

    A beat carries `groups_per_beat` whole groups of encoders x v values, or a group spans `beats_per_group` beats;
    the rest of a beat is 0.

    Args:
        values: int8 (images, up to groups * group values); missing values are 0.
        groups: groups in a frame.

    Returns:
        (images, frame beats, bytes of a beat)
    """
    images, given = values.shape
    per_beat, beats = config.groups_per_beat, config.frame_beats(groups)
    slots = beats * per_beat // config.beats_per_group
    padded = np.zeros((images, slots * config.group), np.int8)
    padded[:, :given] = values
    unit = padded.reshape(images, slots // per_beat, per_beat * config.group)
    out = np.zeros((images, slots // per_beat, config.beats_per_group * config.stream_bytes), np.int8)
    out[:, :, : unit.shape[2]] = unit
    return out.view(np.uint8).reshape(images, beats, config.stream_bytes)


def unpack_frames(payload: npt.NDArray[np.uint8], groups: int, config: CoreConfig) -> npt.NDArray[np.int8]:
    """The values of frames (images, beats, bytes of a beat): (images, groups, group). Inverse of `pack_frames`."""
    images = payload.shape[0]
    units = payload.reshape(images, -1, config.beats_per_group * config.stream_bytes)
    values = units[:, :, : config.groups_per_beat * config.group].reshape(images, -1, config.group)
    return np.ascontiguousarray(values[:, :groups]).view(np.int8)


def input_packet(values: npt.NDArray[np.int8], groups: int, config: CoreConfig) -> bytes:
    """An INPUT packet of images (int8, (images, values))."""
    frames = pack_frames(values, groups, config)
    return packet(config, Kind.INPUT, address=len(values), length=frames.shape[1], payload=frames.tobytes())


def piece_packets(piece: Piece, config: CoreConfig) -> bytes:
    """The TABLES packets of a table piece."""
    return b"".join(_piece_parts(piece, config))


def _piece_parts(piece: Piece, config: CoreConfig) -> list[bytes]:
    rows = piece.tables.shape[1]
    padding = config.beats_per_word("table") * config.stream_bytes - config.lanes
    words = np.pad(piece.tables.view(np.uint8), ((0, 0), (0, 0), (0, padding)))
    return [
        packet(config, Kind.TABLES, memory=TABLE | (LAST_OF_PIECE if bank == config.banks - 1 else 0), bank=bank,
               address=piece.row, length=rows, payload=words[bank].tobytes())
        for bank in range(config.banks)
    ]


def schedule(program: Program, passes: int) -> Iterator[tuple[str, int]]:
    """What the input stream brings, in order: ("input", image of the run) and ("tables", piece of the pass).

    Each comes as soon as the core can make room for it: a frame behind the record that frees the one before, a piece
    behind the record that frees the one before the last. So the stream never waits for something that is behind it.
    """
    lookups, per_pass, pieces = program.lookups, len(program.lookups), program.pieces
    arrivals = []
    for what, places in (("input", 1), ("tables", 2)):
        freed = [p * per_pass + i for p in range(passes) for i, record in enumerate(lookups)
                 if getattr(record, f"free_{what}")]
        arrivals += [(-1 if k < places else freed[k - places], what, k) for k in range(len(freed))]
    for _, what, k in sorted(arrivals, key=lambda arrival: arrival[0]):
        yield what, k if what == "input" else k % pieces


def run_packets(values: npt.NDArray[np.int8], image: MemoryImage, config: CoreConfig) -> bytes:
    """The whole exchange of a run as one frame: `run_parts`, joined."""
    return b"".join(run_parts(values, image, config))


def run_parts(values: npt.NDArray[np.int8], image: MemoryImage, config: CoreConfig) -> list[bytes]:
    """RUN and all packets that follow it, in order.

    Args:
        values: int8 (images, values), images a multiple of `Program.images`.
    """
    program = image.program
    parts = [packet(config, Kind.RUN, address=len(values))]
    if not program.pieces:  # nothing to order: one packet carries all frames
        return [*parts, input_packet(values, program.input_groups, config)]
    pieces = [_piece_parts(piece, config) for piece in image.pieces]
    for what, k in schedule(program, len(values) // program.images):
        if what == "tables":
            parts += pieces[k]
        else:
            parts.append(input_packet(values[k : k + 1], program.input_groups, config))
    return parts


def run_bytes(image: MemoryImage, config: CoreConfig, images: int) -> int:
    """Bytes of `run_packets` for `images` images, a multiple of `Program.images`."""
    program, empty = image.program, len(packet(config, Kind.RUN))
    frames = images * config.frame_beats(program.input_groups) * config.stream_bytes
    if not program.pieces:
        return 2 * empty + frames
    row = config.beats_per_word("table") * config.stream_bytes
    pieces = sum(config.banks * (empty + piece.tables.shape[1] * row) for piece in image.pieces)
    return empty + images * empty + frames + images // program.images * pieces


def result_bytes(images: int, rows: int, config: CoreConfig) -> int:
    """Bytes of the result frame of a run: `rows` rows of `lanes` little-endian int32 for each image."""
    return images * rows * config.lanes * 4


def unpack_results(data: bytes | npt.NDArray[np.uint8], images: int, config: CoreConfig) -> npt.NDArray[np.int32]:
    """Raw results of a run: (images, rows * lanes)."""
    return np.frombuffer(data, "<i4").reshape(images, -1)
