"""`lutdla data`: the data sets, and fetching them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from lutdla.cli._figures import HELP, console_beside, write_figures

if TYPE_CHECKING:
    from lutdla.data import AnyDataset, Card


def command(
    names: Annotated[list[str] | None, typer.Argument(help="Sets to fetch and check; without, all are listed.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Fetch also what is here: mends damaged files.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help=HELP)] = None,
) -> None:
    """List the data sets; with NAMES fetch and check those.

    Exit status 2: a set cannot be had, or its files are damaged.
    """
    from lutdla.data import LOADERS, card, load
    from lutdla.data.places import fetch
    from lutdla.errors import InputError

    if again and not names:
        raise InputError("--again fetches sets: name them")
    cards = [card(name) for name in (names or sorted(LOADERS))]
    found: dict[str, dict[str, Any]] = {}
    if names:
        for known in cards:
            if again:
                fetch(known)
            found[known.name] = _described(known) | _counted(load(known.name))
    else:
        found = {known.name: _described(known) for known in cards}
    console = console_beside(json_file)
    if names:
        for known in cards:
            console.print(_card(known, found[known.name]))
    else:
        console.print(_overview(cards, found))
    write_figures(json_file, found)


def _described(known: Card) -> dict[str, Any]:
    from lutdla.data.places import here

    folder = here(known)
    return {
        "title": known.title, "kind": known.kind, "shape": known.shape, "train": known.train, "test": known.test,
        "classes": list(known.classes), "split": known.split, "licence": known.licence, "citation": known.citation,
        "from": known.source.title if known.source else "this machine",
        "here": str(folder) if folder else None,
    }  # fmt: skip


def _counted(data: AnyDataset) -> dict[str, Any]:
    """What was read: sizes, and where from."""
    from lutdla.data import FileDataset, SoundDataset

    if isinstance(data, SoundDataset):
        return {"train": len(data.train), "test": len(data.test), "here": data.source}
    counts = {"counts": data.counts()} if isinstance(data, FileDataset) else {}
    return {"train": len(data.train.labels), "test": len(data.test.labels), "here": data.source, **counts}


def _overview(cards: list[Card], found: dict[str, dict[str, Any]]) -> Table:
    table = Table("here", "name", "what", "train + test", "split", "licence", title="Data sets", title_style="bold")
    for known in cards:
        here = "[green]yes[/]" if found[known.name]["here"] or known.source is None else "no"
        table.add_row(here, known.name, known.title, known.size, known.split.partition(":")[0], known.licence)
    return table


def _card(known: Card, facts: dict[str, Any]) -> Table:
    table = Table(title=f"{known.name}: {known.title}", title_style="bold", show_header=False)
    lacking = [name for name, counts in facts.get("counts", {}).items() if 0 in counts]
    rows = [
        ("read and checked", f"{facts['train']:,} + {facts['test']:,} {known.kind}, {known.shape}"),
        ("from", f"{facts['here']} ({facts['from']})"), ("classes", ", ".join(known.classes) or "none"),
        *([("not on both sides", ", ".join(lacking))] if lacking else []),
        ("split", known.split), ("licence", known.licence), ("cite", known.citation),
    ]  # fmt: skip
    for row in rows:
        table.add_row(*row)
    return table
