"""Whether a compiled network runs on a board's core, how full the core is then, and how fast it is: a prediction.

    artefact --needs_of--> depths, cycles --+
    board, core -----------> area ----------+--fit--> reasons why not, with fixes; memories; images/s
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lutdla.compiler.cost import predict
from lutdla.compiler.explain import MemoryUse
from lutdla.errors import ConfigError
from lutdla.explore.area import Area, estimate
from lutdla.explore.limits import WORDS
from lutdla.spec.artefact import Artefact
from lutdla.spec.config import CoreConfig
from lutdla.spec.packets import result_bytes, run_bytes
from lutdla_overlay.block_design import DMA_LENGTH_BITS
from lutdla_overlay.boards import Board
from lutdla_overlay.clocks import pl_clock
from lutdla_overlay.cores import FAMILIES, Core, load_core

LARGEST_DEPTH = 1 << 16


@dataclass(frozen=True)
class Needs:
    """What a network asks of any core of its layout.

    Attributes:
        depths: least depth of each memory, by field of `CoreConfig`.
        table_bytes, streamed_bytes: of all tables, and of those that are streamed in each pass.
        images: of a pass.
        cycles_per_image: predicted, in steady state.
        frame_bytes: longest frame of a pass, in or out.
    """

    depths: dict[str, int]
    table_bytes: int
    streamed_bytes: int
    images: int
    cycles_per_image: float
    frame_bytes: int


@dataclass(frozen=True)
class Fit:
    """A network on a board's core.

    Attributes:
        board, core: their keys.
        reasons: why it does not run there, each with the fix; empty where it does.
        memories: rows or words used and available; empty where the layout differs, because rows then differ too.
        table_bytes, streamed_bytes, images: as in `Needs`.
        cycles_per_image, images_per_s: predicted; None where it does not run.
        clock_mhz: what the board makes of the core's assumed clock.
        area: of the core, estimated, without the IP around it.
        shares: of the board's resources that it takes, by the names of `WORDS`; `lut` with those that are memory.
    """

    board: str
    core: str
    reasons: tuple[str, ...]
    memories: tuple[MemoryUse, ...]
    table_bytes: int
    streamed_bytes: int
    images: int
    cycles_per_image: float | None
    images_per_s: float | None
    clock_mhz: float
    area: Area
    shares: dict[str, float]

    @property
    def fits(self) -> bool:
        """It runs."""
        return not self.reasons


def needs_of(artefact: Artefact) -> Needs:
    """What a network asks of a core: the same for all boards, so that it is worked out once."""
    image, config = artefact.image, artefact.config
    images = image.program.images
    costs = predict(image.program, [piece.tables.shape[1] for piece in image.pieces], config)
    frame = max(run_bytes(image, config, images), result_bytes(images, image.program.output_rows, config))
    return Needs(artefact.requires(), image.table_bytes, sum(piece.tables.nbytes for piece in image.pieces), images,
                 costs.cycles_per_pass / images, frame)


def fit(artefact: Artefact, board: Board, core: Core | None = None, needs: Needs | None = None) -> Fit:
    """Whether and how well a network runs on a board.

    Args:
        artefact: the compiled network.
        board: where it is to run.
        core: in the board's overlay; None: the board's own.
        needs: of the artefact (`needs_of`), where several boards are asked.

    Raises:
        ConfigError: a core of another family than the board's part, or a clock that the board cannot make.
    """
    core = load_core(board.core) if core is None else core
    if FAMILIES[core.family] != board.ps.kind:
        raise ConfigError(f"core {core.key} is for parts of family {core.family}, {board.key} has a {board.ps.kind}: "
                          f"use core {board.core}")
    needs = needs_of(artefact) if needs is None else needs
    config = core.config
    area = estimate(config, core.family, core.ultra_ram)
    reasons = tuple(_layout_reasons(artefact, board, core))
    memories = () if reasons else tuple(MemoryUse(name, need, getattr(config, name))
                                        for name, need in needs.depths.items())
    reasons += tuple(_depth_reasons(memories, board, core))
    reasons += tuple(_stream_reasons(board, core))
    reasons += tuple(_frame_reasons(needs, board))
    reasons += tuple(_area_reasons(area, board, core))
    clock = pl_clock(board.ps.io_pll_mhz, core.clock_mhz_assumed).mhz
    return Fit(board.key, core.key, reasons, memories, needs.table_bytes, needs.streamed_bytes, needs.images,
               None if reasons else needs.cycles_per_image,
               None if reasons else clock * 1e6 / needs.cycles_per_image, clock, area, board_shares(area, board))


def board_shares(area: Area, board: Board) -> dict[str, float]:
    """Shares of a board's resources, by the names of `WORDS`; of a resource that its part lacks, the amount."""
    return {name: used / max(1, have) for name, used, have in _resources(area, board)}


def _resources(area: Area, board: Board) -> list[tuple[str, float, int]]:
    """Name in `WORDS`, what the core takes, what the board has."""
    has = board.resources
    return [("lut", area.lut + area.lutram, has.lut), ("ff", area.ff, has.ff), ("ramb36", area.ramb36, has.bram36),
            ("uram", area.uram, has.uram), ("dsp", area.dsp, has.dsp)]


def _layout_reasons(artefact: Artefact, board: Board, core: Core) -> Iterator[str]:
    for name, need, have in artefact.config.layout_differences(core.config):
        yield (f"artefact has {name}={need}, the overlay of {board.key} has {name}={have}: compile it for core "
               f"{core.key}")


def _depth_reasons(memories: tuple[MemoryUse, ...], board: Board, core: Core) -> Iterator[str]:
    for use in memories:
        if use.used > use.available:
            memory, unit = use.memory.split("_")
            yield (f"{memory} memory needs {use.used} {unit}, the overlay of {board.key} has {use.available} "
                   f"(lanes={core.config.lanes}, banks={core.config.banks}): {_deeper(use, board, core)}")


def _deeper(use: MemoryUse, board: Board, core: Core) -> str:
    """The fix for a memory that is too shallow: the next depth that a core can have, where the part has room for it."""
    larger = next((config for depth in _depths(use.used) if (config := _with_depth(core.config, use.memory, depth))),
                  None)
    if larger is not None:
        area = estimate(larger, core.family, core.ultra_ram)
        if not list(_area_reasons(area, board, core)):
            return (f"build an overlay with {use.memory}={getattr(larger, use.memory)}, which takes "
                    f"{board_shares(area, board)['ramb36']:.0%} of the block RAM, or compile it for core {core.key}")
    return f"compile it for core {core.key}, or use a board with more block RAM"


def _depths(need: int) -> list[int]:
    """Powers of two, and sums of one and a smaller one, from `need` on."""
    powers = [1 << bit for bit in range(1, LARGEST_DEPTH.bit_length())]
    sums = [power + smaller for power in powers for smaller in powers if smaller < power]
    return [depth for depth in sorted(powers + sums) if depth >= need]


def _with_depth(config: CoreConfig, name: str, depth: int) -> CoreConfig | None:
    """A core with another depth, None where there is none."""
    try:
        # how many deep banks there may be depends on the table rows; 0 is always possible
        deep_banks = 0 if name == "table_rows" else config.deep_banks
        return CoreConfig.from_dict({**config.to_dict(), "deep_banks": deep_banks, name: depth})
    except ConfigError:
        return None


def _stream_reasons(board: Board, core: Core) -> Iterator[str]:
    if core.config.stream_bits > board.ps.memory_bits:
        yield (f"core {core.key} has stream_bits={core.config.stream_bits}, {board.key} has a memory port of "
               f"{board.ps.memory_bits} bits: use stream_bits={board.ps.memory_bits}")


def _frame_reasons(needs: Needs, board: Board) -> Iterator[str]:
    most = (1 << DMA_LENGTH_BITS) - 1
    if needs.frame_bytes > most:
        yield (f"a pass of {needs.images} images moves {needs.frame_bytes} bytes, the DMA of {board.key} moves {most} "
               "at once: compile it with fewer images in a pass (--batch)")


def _area_reasons(area: Area, board: Board, core: Core) -> Iterator[str]:
    for name, used, have in _resources(area, board):
        if used > have:
            yield (f"core {core.key} needs {used:,} {WORDS[name]}, {board.key} has {have:,}: use a smaller core, or "
                   "another board")
