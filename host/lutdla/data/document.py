"""docs/data.md, written from the cards: `python -m lutdla.data.document --out docs`."""

from __future__ import annotations

import argparse
import inspect
from importlib import import_module
from pathlib import Path

from lutdla.data import LOADERS, Card, card
from lutdla.data import places as where
from lutdla.spec.document import table

NOTE = "<!-- Written by `make docs` (lutdla.data.document): change the cards in host/lutdla/data instead. -->"

INTRODUCTION = f"""\
`lutdla.data.load(NAME)` gives a set as numpy arrays; `lutdla data` lists them, `lutdla data NAME` fetches and checks
one, `lutdla data NAME --again` fetches it again when a file is damaged.

Nothing is in this repository. A set is looked for in `~/.cache/lutdla/data/NAME` (or below `$XDG_CACHE_HOME`), then
where its package installs it; if it is nowhere, the package is downloaded and read, and no code in it runs. Every file
is checked against a SHA-256 digest. `${where.OVERRIDE}` names a folder with one folder per set: then no other place
is looked at and nothing is downloaded.

Splits that we made depend on content and seed alone (`lutdla.data.split`): they are the same on every machine."""

KINDS = {
    "images": "`Dataset`", "rows": "`TableDataset`", "texts": "`TextDataset`", "files": "`FileDataset`",
    "recordings": "`SoundDataset`",
}  # fmt: skip
"""Kind of inputs -> class of the set."""


def _classes(known: Card) -> str:
    return f"{len(known.classes)}: {', '.join(known.classes)}" if known.classes else "none"


def _section(name: str) -> list[str]:
    known = card(name)
    prose = inspect.cleandoc(import_module(LOADERS[name]).__doc__ or "")
    source, command = ("this machine", "nothing to do") if known.source is None else (
        known.source.title, f"`{known.source.command}`")
    rows = [
        ("class", KINDS[known.kind]), ("inputs", f"{known.kind}, {known.shape}"), ("train + test", known.size),
        ("classes", _classes(known)), ("split", known.split), ("licence", known.licence), ("cite", known.citation),
        ("from", source), ("by hand", command),
    ]  # fmt: skip
    return [f"## {name}", prose, table(("", ""), rows)]


def page() -> str:
    """The whole page."""
    cards = [card(name) for name in sorted(LOADERS)]
    overview = [(f"[{c.name}](#{c.name})", c.title, c.shape, c.size, len(c.classes) or "", c.split.partition(":")[0],
                 c.licence) for c in cards]
    head = ("name", "what", "one input", "train + test", "classes", "split", "licence")
    parts = ["# Data sets", NOTE, INTRODUCTION, table(head, overview)]
    for known in cards:
        parts += _section(known.name)
    return "\n\n".join(parts) + "\n"


def main(arguments: list[str] | None = None) -> None:
    """Write the page into a folder."""
    parser = argparse.ArgumentParser(prog="python -m lutdla.data.document", description="Write docs/data.md.")
    parser.add_argument("--out", type=Path, default=Path("docs"), help="folder to write into (docs)")
    out: Path = parser.parse_args(arguments).out / "data.md"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
