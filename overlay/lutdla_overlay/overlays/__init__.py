"""Overlays that `lutdla build --install` put here. PYNQ finds that of its board as "lutdla.bit" (entry point
pynq.overlays)."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

BITFILE = "lutdla.bit"
"""The name under which PYNQ finds the overlay of the board that it runs on."""

FOLDER = Path(__file__).with_name(f"{BITFILE}.d")
"""Holds lutdla.NAME.bit and lutdla.NAME.hwh, NAME being what PYNQ calls the board."""


def installed() -> tuple[str, ...]:
    """Names of the boards whose overlay is here, as PYNQ calls them."""
    return tuple(sorted(path.stem.partition(".")[2] for path in FOLDER.glob("lutdla.*.bit")))


def how_to_install(name: str) -> str:
    """What to do about a board that has no overlay here; `name` as PYNQ calls it."""
    key = _key(name)
    build = f"lutdla build --board {key}" if key else "lutdla build --board BOARD"
    return (f"no overlay for {name} is installed (there are: {', '.join(installed()) or 'none'}): run `{build}` on a "
            f"computer with Vivado and copy build/{key or 'BOARD'}/{FOLDER.name}/* to {FOLDER}")


def _key(name: str) -> str | None:
    """Name of the board's file. Plain text is searched, because Python 3.10 of PYNQ images cannot read TOML."""
    for file in (files("lutdla_overlay") / "boards").iterdir():
        if f'name = "{name}"' in file.read_text(encoding="utf-8"):
            return file.name.removesuffix(".toml")
    return None
