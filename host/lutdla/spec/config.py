"""`CoreConfig`: every parameter of the hardware, checked when it is made.

One object decides the widths in MyHDL, the layout of a memory image, the capability registers and what an
artefact asks of an overlay. Derived sizes are properties, so that no one computes them twice.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from typing import Any

from lutdla.errors import ConfigError

ABI_VERSION = 4
"""Version of registers, packets and program records. Any change of a layout is a new number."""

METRICS = ("l2", "l1", "chebyshev")
"""Distances the encoder can be built for; the position is the value in the capability register."""

LOOPS = 6
"""Loops of the affine loop nest, outermost first."""

STREAMS = ("index", "shortcut", "y", "x", "window", "table", "accumulator", "channel", "dest")
"""Addresses that the loop nest drives, in the order of a program record."""

RANGES = {
    "v": (1, 16), "c": (2, 256), "ports": (1, 16), "blocks": (1, 8), "lanes": (1, 64), "encoders": (1, 8),
    "table_rows": (2, 1 << 16), "index_words": (2, 1 << 15), "accumulator_rows": (2, 1 << 12),
    "constant_rows": (2, 1 << 12), "codebook_rows": (2, 1 << 12), "program_rows": (2, 256),
    "window_rows": (2, 1 << 10), "value_rows": (2, 1 << 15), "acc_bits": (12, 32), "packet_beats": (8, 1 << 11),
}  # fmt: skip
"""Field -> its least and its largest value."""

LAYOUT_FIELDS = ("v", "c", "metric", "ports", "blocks", "lanes", "encoders", "acc_bits", "stream_bits")
"""Fields that fix how an artefact is laid out: they must be equal. The other fields are depths: they must suffice."""


def _is_power_of_two(n: int) -> bool:
    return n > 0 and n & (n - 1) == 0


def _rest(n: int) -> int:
    """What n exceeds the largest power of two below it by."""
    return n - (1 << (n.bit_length() - 1))


@dataclass(frozen=True, kw_only=True)
class CoreConfig:
    """Parameters of one core (architecture.md section 4).

    Raises:
        ConfigError: on construction, for a value that the hardware cannot have.
    """

    v: int = 4
    """Values in a subspace (vector length)."""
    c: int = 16
    """Centroids in a codebook, a power of two."""
    metric: str = "l2"
    """Distance of the encoder: l2, l1 or chebyshev."""
    ports: int = 4
    """Words of the index memory read in a cycle."""
    blocks: int = 4
    """Indices in a word of the index memory, a power of two."""
    lanes: int = 16
    """Output channels computed in a cycle."""
    encoders: int = 2
    """Slices encoded in a cycle, a power of two."""
    table_rows: int = 1024
    """Rows of `lanes` entries in each of the ports x blocks table banks: a power of two in block RAM, or one plus a
    smaller one, whose rows are held in LUT RAM."""
    deep_banks: int = 0
    """Banks that hold all table rows in block RAM, where the others hold some in LUT RAM (`table_tail`): every second
    one, from the first on. Where block RAM is left, this saves the LUT RAM and what joins it to the block RAM."""
    index_words: int = 128
    """Words of the index memory: a power of two, or one and a smaller one."""
    accumulator_rows: int = 16
    """Rows of `lanes` accumulators."""
    constant_rows: int = 64
    """Rows of requantisation constants; one row serves `group` channels."""
    codebook_rows: int = 256
    """Rows of codebooks; one row holds `encoders` codebooks."""
    program_rows: int = 16
    """Records of the layer program."""
    window_rows: int = 32
    """Rows of windows: which word each port reads (`lutdla.spec.window`)."""
    value_rows: int = 16
    """Groups of int8 values kept for residual additions."""
    acc_bits: int = 24
    """Width of an accumulator."""
    stream_bits: int = 64
    """Width of the AXI4-Stream ports."""
    packet_beats: int = 512
    """Beats of the buffer that holds a load packet until its CRC is known."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name != "metric" and (not isinstance(value, int) or isinstance(value, bool)):
                raise ConfigError(f"{field.name} is {value!r}: it must be an integer")
            if field.name != "metric" and value.bit_length() > 64:  # Python refuses to write some that it can read
                raise ConfigError(f"{field.name} is a number of {value.bit_length()} bits: no field needs so many")
        if self.metric not in METRICS:
            raise ConfigError(f"metric is {self.metric!r}: use one of {', '.join(METRICS)}")
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ConfigError(f"{name} is {value}: it must be {low}..{high}")
        # depths too: an address then never points past a memory, whatever a stalled datapath holds
        for name in ("c", "blocks", "encoders", "accumulator_rows", "constant_rows", "codebook_rows",
                     "program_rows", "window_rows", "value_rows", "packet_beats"):  # fmt: skip
            if not _is_power_of_two(getattr(self, name)):
                raise ConfigError(f"{name} is {getattr(self, name)}: it must be a power of two")
        for name, unit, fix in (("index_words", 1, ""), ("table_rows", self.c, f", and a multiple of c={self.c}")):
            value = getattr(self, name)
            if value % unit or not (_rest(value) == 0 or _is_power_of_two(_rest(value))):
                raise ConfigError(f"{name} is {value}: it must be a power of two, or a power of two and a smaller one"
                                  f"{fix}")
        most = (self.banks + 1) // 2 if self.table_tail else 0
        if not 0 <= self.deep_banks <= most:
            raise ConfigError(f"deep_banks is {self.deep_banks}: it must be 0..{most}, every second bank where "
                              f"table_rows={self.table_rows} is no power of two")
        if self.stream_bits not in (64, 128):
            raise ConfigError(f"stream_bits is {self.stream_bits}: it must be 64 or 128")
        if self.blocks % self.encoders:
            raise ConfigError(
                f"encoders is {self.encoders} and blocks is {self.blocks}: blocks must be a multiple of encoders, "
                f"use encoders={self.blocks} or fewer"
            )
        if self.lanes % self.group:
            raise ConfigError(
                f"lanes is {self.lanes} and encoders x v is {self.group}: lanes must be a multiple of it, "
                f"use lanes={-(-self.lanes // self.group) * self.group}"
            )
        if self.lanes * 32 % self.stream_bits:
            raise ConfigError(
                f"lanes is {self.lanes}: a row of 32-bit results must fill beats of {self.stream_bits} bits, "
                f"use a multiple of {self.stream_bits // 32}"
            )
        if self.table_rows < 2 * self.c:
            raise ConfigError(f"table_rows is {self.table_rows}: it must be 2 x c={2 * self.c} or more")
        if max(self.beats_per_word(memory) for memory in ("program", "codebook", "table", "constant", "window")) > (
            self.packet_beats
        ):
            raise ConfigError(f"packet_beats is {self.packet_beats}: one word of every memory must fit into it")

    # -- derived sizes ------------------------------------------------------------------------------------------
    @property
    def banks(self) -> int:
        """Table banks: subspaces looked up in a cycle."""
        return self.ports * self.blocks

    @property
    def table_tail(self) -> int:
        """Rows of a table bank past the largest power of two: those held in LUT RAM; 0 where there are none."""
        return _rest(self.table_rows)

    def is_deep(self, bank: int) -> bool:
        """Whether a table bank is one of `deep_banks`."""
        return bank % 2 == 0 and bank < 2 * self.deep_banks

    @property
    def group(self) -> int:
        """Channels requantised, and values encoded, in a cycle."""
        return self.encoders * self.v

    @property
    def groups_per_row(self) -> int:
        """Groups in a row of `lanes` accumulators."""
        return self.lanes // self.group

    @property
    def groups_per_word(self) -> int:
        """Groups of `encoders` indices in a word of the index memory."""
        return self.blocks // self.encoders

    @property
    def index_bits(self) -> int:
        """Bits of one index."""
        return (self.c - 1).bit_length()

    @property
    def distance_bits(self) -> int:
        """Bits of the largest distance between two int8 vectors."""
        largest = {"l2": self.v * 255 * 255, "l1": self.v * 255, "chebyshev": 255}[self.metric]
        return largest.bit_length()

    @property
    def stream_bytes(self) -> int:
        """Bytes of a beat."""
        return self.stream_bits // 8

    @property
    def groups_per_beat(self) -> int:
        """Whole groups of input values that a beat carries (1 when a group spans beats)."""
        return max(1, self.stream_bytes // self.group)

    @property
    def beats_per_group(self) -> int:
        """Beats that one group of input values spans (1 when a beat carries several groups)."""
        return -(-self.group // self.stream_bytes)

    @property
    def beats_per_row(self) -> int:
        """Beats of a row of raw results, 32 bits each."""
        return self.lanes * 32 // self.stream_bits

    def frame_beats(self, groups: int) -> int:
        """Beats of one input frame of `groups` groups (see `lutdla.spec.packets.pack_frames`)."""
        return -(-groups // self.groups_per_beat) * self.beats_per_group

    # -- memories ------------------------------------------------------------------------------------------------
    def word_bytes(self, memory: str) -> int:
        """Bytes of one word of a loadable memory, without the padding to beats."""
        from lutdla.spec.program import record_bytes
        from lutdla.spec.window import window_bytes

        return {
            "program": record_bytes(self), "codebook": self.c * self.v, "table": self.lanes, "constant": self.group * 8,
            "window": window_bytes(self),
        }[memory]

    def beats_per_word(self, memory: str) -> int:
        """Beats that one word of a loadable memory takes in a load packet."""
        return -(-self.word_bytes(memory) // self.stream_bytes)

    def depth(self, memory: str) -> int:
        """Words of a loadable memory."""
        return {
            "program": self.program_rows, "codebook": self.codebook_rows, "table": self.table_rows,
            "constant": self.constant_rows, "window": self.window_rows,
        }[memory]

    def memory_banks(self, memory: str) -> int:
        """Separately addressed banks of a loadable memory."""
        return {"program": 1, "codebook": self.encoders, "table": self.banks, "constant": 1,
                "window": 1}[memory]

    def layout_differences(self, other: CoreConfig) -> list[tuple[str, Any, Any]]:
        """Fields that fix an artefact's layout and differ: name, value here, value there."""
        pairs = [(name, getattr(self, name), getattr(other, name)) for name in LAYOUT_FIELDS]
        return [(name, here, there) for name, here, there in pairs if here != there]

    # -- identity ------------------------------------------------------------------------------------------------
    def to_dict(self) -> dict[str, Any]:
        """The fields as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> CoreConfig:
        """Make a configuration of plain JSON values; an unknown field is an error.

        Raises:
            ConfigError: for what is no object, an unknown field or a bad value.
        """
        if not isinstance(values, dict):
            raise ConfigError(f"a configuration is {str(values)[:60]!r}: it must be an object with the fields of "
                              "CoreConfig")
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(map(str, values)) - known)
        if unknown:
            raise ConfigError(f"unknown configuration field {unknown[0]!r}: known are {', '.join(sorted(known))}")
        return cls(**values)

    @property
    def hash(self) -> int:
        """32-bit hash of ABI and fields: what register CONFIG_HASH holds."""
        text = json.dumps([ABI_VERSION, self.to_dict()], sort_keys=True)
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")

    def __str__(self) -> str:
        return (
            f"v={self.v} c={self.c} {self.metric} ports={self.ports} blocks={self.blocks} lanes={self.lanes} "
            f"encoders={self.encoders}"
        )
