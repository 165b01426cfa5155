"""`Inspection`: all that `lutdla inspect` shows of an artefact, as plain values."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from lutdla.compiler.explain import Explanation, RegionUse, explain
from lutdla.inspection.layers import LayerUse, layers
from lutdla.spec.artefact import Artefact


@dataclass(frozen=True)
class MemoryShare:
    """How full a memory of the core is.

    Attributes:
        memory: its name.
        unit: what an address of it is.
        used, depth: addresses that the network needs, and that the core has.
        word_bytes: bytes of an address, all banks together; 0: no bytes that are loaded.
    """

    memory: str
    unit: str
    used: int
    depth: int
    word_bytes: int

    @property
    def share(self) -> float:
        """Part of the depth that is used, 0..1."""
        return self.used / self.depth


@dataclass(frozen=True)
class Inspection:
    """A compiled network.

    Attributes:
        digest: sha256 of the file's content.
        config: the core.
        input_shape: of one input; outputs: values of a result.
        provenance: what the file says of its making.
        images: of a pass.
        cycles_per_image, steps_per_image, stream_cycles_per_image: predicted.
        table_bytes, streamed_bytes, codebook_bytes: of all tables, of those that come in each pass, of codebooks.
        layers, memories, regions: in detail.
    """

    digest: str
    config: dict[str, Any]
    input_shape: tuple[int, ...]
    outputs: int
    provenance: dict[str, Any]
    images: int
    cycles_per_image: float
    steps_per_image: float
    stream_cycles_per_image: float
    table_bytes: int
    streamed_bytes: int
    codebook_bytes: int
    layers: tuple[LayerUse, ...]
    memories: tuple[MemoryShare, ...]
    regions: tuple[RegionUse, ...]

    def figures(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def inspect_artefact(artefact: Artefact, found: Explanation | None = None) -> Inspection:
    """Inspect an artefact; `found` is its explanation, where there is one already."""
    found = explain(artefact) if found is None else found
    return Inspection(
        artefact.digest, artefact.config.to_dict(), artefact.input_shape, artefact.outputs, artefact.provenance,
        found.images, found.cycles_per_image, found.steps_per_image, found.stream_cycles_per_image, found.table_bytes,
        found.streamed_bytes, artefact.codebook_bytes, layers(artefact, found),
        tuple(_memory(artefact, use.memory, use.used, use.available) for use in found.memories), found.regions,
    )  # fmt: skip


def _memory(artefact: Artefact, field: str, used: int, depth: int) -> MemoryShare:
    name, _, unit = field.partition("_")
    return MemoryShare(name, unit, used, depth, _bytes(artefact, name))


def _bytes(artefact: Artefact, memory: str) -> int:
    config = artefact.config
    widths = {"index": config.blocks * config.index_bits / 8, "value": config.group,
              "accumulator": config.lanes * config.acc_bits / 8}
    if memory in widths:
        return round(widths[memory])
    return config.memory_banks(memory) * config.word_bytes(memory)
