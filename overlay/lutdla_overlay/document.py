"""Pages of docs/ written from boards, block design and hints: `python -m lutdla_overlay.document --out docs`."""

from __future__ import annotations

import argparse
from importlib.resources import files
from pathlib import Path

from lutdla.spec.document import table
from lutdla.toml import tomllib
from lutdla_overlay.block_design import own_design
from lutdla_overlay.boards import Board, board_names, load_board
from lutdla_overlay.picture import picture

NOTE = "<!-- Written by `make docs` (lutdla_overlay.document) from overlay/lutdla_overlay/. -->"

PICTURED = "pynq-z2"
"""The board whose block design is drawn."""

INTRODUCTION = """A board is one file in
[overlay/lutdla_overlay/boards](../overlay/lutdla_overlay/boards): adding a board is adding a file. What its processing
system's ports and settings are called follows from the kind; the core that suits the part is one of
[overlay/lutdla_overlay/cores](../overlay/lutdla_overlay/cores).

No bitstream of any of these boards has been built yet: clocks and resources are predictions. *To be checked* names the
facts that no source we read confirms: look into the board's manual before you rely on them."""

USES = """What the overlay uses. The clock is the fastest that the board's IO PLL divides to and that is not faster than
the core's assumed one."""

HINTS = """`lutdla build` shows the first error of the log, one of these hints where it knows one, and the path of the
log. The patterns are regular expressions on the error line."""


def pages() -> dict[str, str]:
    """Name of each page -> its text."""
    return {"boards.md": boards_page(), "overlay_errors.md": errors_page(),
            "overlay.svg": picture(own_design(load_board(PICTURED)))}


def boards_page() -> str:
    """All boards: what they are, what they get, and how the overlay is laid out on them."""
    boards = [load_board(key) for key in board_names()]
    what = [(f"`{b.key}`", b.name, f"`{b.part}`", f"`{b.board_part}`", _pynq(b), f"{b.ddr_mib:,}") for b in boards]
    gets = [(f"`{b.key}`", f"`{b.core}`", f"{own_design(b).clock.mhz:.6g}", b.ps.control_port,
             f"{b.ps.memory_port}, {b.ps.memory_bits}",
             f"0x{b.addresses.lutdla:08X}", f"0x{b.addresses.dma:08X}", f"0x{b.addresses.interrupts:08X}")
            for b in boards]  # fmt: skip
    holds = [(f"`{b.key}`", f"{b.resources.lut:,}", f"{b.resources.ff:,}", b.resources.bram36, b.resources.uram,
              f"{b.resources.dsp:,}", ", ".join(b.unverified)) for b in boards]  # fmt: skip
    return "\n\n".join((
        "# Boards", NOTE, INTRODUCTION,
        table(("board", "name in PYNQ", "part", "Vivado's board part", "PYNQ", "DDR, MiB"), what),
        USES,
        table(("board", "core", "clock, MHz", "control port", "memory port, bits", "core at", "DMA at",
               "interrupt controller at"), gets),
        "What the part holds.",
        table(("board", "LUT", "flip-flops", "RAMB36", "UltraRAM", "DSP", "to be checked"), holds),
    )) + "\n"  # fmt: skip


def errors_page() -> str:
    """What `lutdla build` advises about errors of Vivado."""
    entries = tomllib.loads((files("lutdla_overlay") / "hints.toml").read_text(encoding="utf-8"))["hint"]
    rows = [(f"`{entry['pattern']}`", " ".join(entry["text"].split())) for entry in entries]
    return "\n\n".join((
        "# When Vivado fails", NOTE,
        HINTS,
        table(("error", "what to do"), rows),
    )) + "\n"  # fmt: skip


def _pynq(board: Board) -> str:
    return "up to 3.1.2" if board.ps.kind == "processing_system7" else "4.0"


def main(arguments: list[str] | None = None) -> None:
    """Write the pages into a folder."""
    parser = argparse.ArgumentParser(prog="python -m lutdla_overlay.document", description="Write pages of docs/.")
    parser.add_argument("--out", type=Path, default=Path("docs"), help="folder to write into (docs)")
    out: Path = parser.parse_args(arguments).out
    out.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (out / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
