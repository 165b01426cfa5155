"""The register table of the core: one typed table, from which driver, MyHDL, hwh and documents are made."""

from __future__ import annotations

from dataclasses import dataclass

from lutdla.spec.config import ABI_VERSION, METRICS, CoreConfig

MAGIC = 0x4C555444
"""Value of register MAGIC: "LUTD"."""

ADDRESS_BITS = 12
"""Width of the AXI4-Lite address: the core answers in 4 KiB."""


@dataclass(frozen=True)
class Field:
    """Bits of a register."""

    name: str
    offset: int
    width: int
    description: str

    @property
    def mask(self) -> int:
        """The field's bits, in place."""
        return ((1 << self.width) - 1) << self.offset

    def get(self, word: int) -> int:
        """The field's value in a register word."""
        return (word & self.mask) >> self.offset

    def put(self, value: int) -> int:
        """A register word with only this field set."""
        if not 0 <= value < 1 << self.width:
            raise ValueError(f"{self.name}={value}: the field has {self.width} bits")
        return value << self.offset


@dataclass(frozen=True)
class Register:
    """One 32-bit register.

    `access`: `ro` read only; `rw` read and write; `wo` write only, reads 0, every set bit acts once;
    `w1c` read, a written 1 clears.
    """

    name: str
    offset: int
    access: str
    description: str
    fields: tuple[Field, ...] = ()
    reset: int = 0

    def field(self, name: str) -> Field:
        """The field called `name`."""
        return next(f for f in self.fields if f.name == name)

    def decode(self, word: int) -> dict[str, int]:
        """All fields of a register word by name."""
        return {f.name: f.get(word) for f in self.fields}

    def encode(self, **values: int) -> int:
        """A register word from field values; fields not named are 0."""
        return sum(self.field(name).put(value) for name, value in values.items())


def _capability(name: str, offset: int, description: str, *parts: tuple[str, int]) -> Register:
    at, made = 0, []
    for part, width in parts:
        made.append(Field(part, at, width, f"CoreConfig.{part.lower()}"))
        at += width
    return Register(name, offset, "ro", description, tuple(made))


REGISTERS: tuple[Register, ...] = (
    Register("MAGIC", 0x00, "ro", "Identifies the core: 0x4C555444, \"LUTD\".", reset=MAGIC),
    Register("ABI", 0x04, "ro", "Version of registers, packets and program records.", reset=ABI_VERSION),
    Register("CONFIG_HASH", 0x08, "ro", "Hash of the configuration the core was built for."),
    _capability("CAP_VECTOR", 0x0C, "Vectors and encoder.", ("V", 8), ("C", 12), ("METRIC", 4), ("ENCODERS", 8)),
    _capability("CAP_BANKS", 0x10, "Lookup parallelism.", ("PORTS", 8), ("BLOCKS", 8), ("LANES", 8), ("ACC_BITS", 8)),
    _capability("CAP_TABLE", 0x14, "Table depth.", ("TABLE_ROWS", 24), ("DEEP_BANKS", 8)),
    _capability("CAP_INDEX", 0x18, "Index and accumulator depths.", ("INDEX_WORDS", 16), ("ACCUMULATOR_ROWS", 16)),
    _capability("CAP_CONSTANT", 0x1C, "Constant and codebook depths.", ("CONSTANT_ROWS", 16), ("CODEBOOK_ROWS", 16)),
    _capability("CAP_STREAM", 0x20, "Program depth, stream width and load buffer.",
                ("PROGRAM_ROWS", 12), ("STREAM_BITS", 8), ("PACKET_BEATS", 12)),
    _capability("CAP_WINDOW", 0x70, "Window and value depths.", ("WINDOW_ROWS", 16), ("VALUE_ROWS", 16)),
    Register("CONTROL", 0x24, "wo", "Actions; a written 1 acts once.", (
        Field("SOFT_RESET", 0, 1, "Stops everything and empties the streams; memories, LOADED and counters stay."),
        Field("CLEAR_ERROR", 1, 1, "Clears ERROR, so that packets are taken again."),
        Field("CLEAR_COUNTERS", 2, 1, "Sets every counter to 0."),
    )),
    Register("STATUS", 0x28, "ro", "State of the core.", (
        Field("LOADED", 0, 1, "A whole model has been loaded and committed."),
        Field("BUSY", 1, 1, "A run is in progress."),
        Field("ERROR", 2, 1, "ERROR holds a code: packets are dropped until CLEAR_ERROR."),
        Field("DECODER", 4, 4, "State of the packet decoder."),
        Field("ROW", 8, 8, "Program record being executed."),
    )),
    Register("ERROR", 0x2C, "ro", "First error since CLEAR_ERROR.", (
        Field("CODE", 0, 8, "See the table of error codes."),
        Field("PACKET", 8, 24, "Packets taken whole before the bad one, since the last BEGIN packet, modulo 2^24."),
    )),
    Register("IRQ_ENABLE", 0x30, "rw", "Which causes raise the interrupt line.", (
        Field("DONE", 0, 1, "A run has finished."),
        Field("ERROR", 1, 1, "An error was detected."),
    )),
    Register("IRQ_STATUS", 0x34, "w1c", "Causes seen since they were cleared.", (
        Field("DONE", 0, 1, "A run has finished."),
        Field("ERROR", 1, 1, "An error was detected."),
    )),
    Register("MODEL", 0x38, "ro", "Identifier of the committed model: first 32 bits of the artefact's digest."),
    Register("CRC_PROGRAM", 0x40, "ro", "CRC-32 of all payload written to program memory since BEGIN."),
    Register("CRC_CODEBOOK", 0x44, "ro", "CRC-32 of all payload written to codebook memory since BEGIN."),
    Register("CRC_TABLE", 0x48, "ro", "CRC-32 of all payload written to table memory since BEGIN."),
    Register("CRC_CONSTANT", 0x4C, "ro", "CRC-32 of all payload written to constant memory since BEGIN."),
    Register("CRC_WINDOW", 0x74, "ro", "CRC-32 of all payload written to window memory since BEGIN."),
    Register("CRC_RUN", 0x84, "ro", "CRC-32 of the trailer beats of the newest RUN packet and its INPUT and TABLES."),
    Register("CRC_RESULT", 0x88, "ro", "CRC-32 of the result beats sent since the newest RUN; 0 after a soft reset."),
    Register("IMAGES", 0x50, "ro", "Counter: images finished, counted at the end of a pass."),
    Register("CYCLES", 0x54, "ro", "Counter: clock cycles in which a run was in progress."),
    Register("LOOKUPS", 0x58, "ro", "Counter: table rows read and added (masked reads are not), `lanes` entries each."),
    Register("PADDING", 0x78, "ro", "Counter: lookups that added 0 for zero padding, `lanes` entries each."),
    Register("STALL_INPUT", 0x5C, "ro", "Counter: cycles a record waited for its input frame."),
    Register("STALL_OUTPUT", 0x60, "ro",
             "Counter: cycles a result beat waited for the receiver, or the loop nest for results to leave."),
    Register("STALL_ENCODER", 0x64, "ro", "Counter: cycles the loop nest waited for rows to be encoded."),
    Register("STALL_TABLES", 0x7C, "ro", "Counter: cycles a record waited for its table piece."),
    Register("STALL_DRAIN", 0x80, "ro", "Counter: cycles a record waited for earlier rows to arrive."),
    Register("PROFILE_ROW", 0x68, "rw", "Program record whose cycles PROFILE_CYCLES shows.", (
        Field("ROW", 0, 8, "Program record."),
    )),
    Register("PROFILE_CYCLES", 0x6C, "ro", "Cycles that record PROFILE_ROW took in the newest pass."),
)

BY_NAME: dict[str, Register] = {register.name: register for register in REGISTERS}

COUNTERS = (
    "IMAGES", "CYCLES", "LOOKUPS", "PADDING", "STALL_INPUT", "STALL_OUTPUT", "STALL_ENCODER", "STALL_TABLES",
    "STALL_DRAIN",
)  # fmt: skip
"""Registers that CONTROL.CLEAR_COUNTERS sets to 0; 32 bits, wrapping."""

MEMORY_CRCS = {"program": "CRC_PROGRAM", "codebook": "CRC_CODEBOOK", "table": "CRC_TABLE", "constant": "CRC_CONSTANT",
               "window": "CRC_WINDOW"}
"""Loadable memory -> register with its CRC."""


def constant_registers(config: CoreConfig) -> dict[str, int]:
    """Values of the identity and capability registers of a core, by register name."""
    values = {"MAGIC": MAGIC, "ABI": ABI_VERSION, "CONFIG_HASH": config.hash}
    for register in REGISTERS:
        if register.name.startswith("CAP_"):
            values[register.name] = register.encode(
                **{f.name: METRICS.index(config.metric) if f.name == "METRIC" else getattr(config, f.name.lower())
                   for f in register.fields}
            )
    return values


def config_from_registers(words: dict[str, int]) -> CoreConfig:
    """The configuration that the capability registers describe.

    Args:
        words: register name -> word, at least all `CAP_` registers.
    """
    values: dict[str, int | str] = {}
    for register in REGISTERS:
        if register.name.startswith("CAP_"):
            for name, value in register.decode(words[register.name]).items():
                values[name.lower()] = METRICS[value] if name == "METRIC" else value
    return CoreConfig.from_dict(values)
