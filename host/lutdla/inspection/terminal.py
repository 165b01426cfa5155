"""An inspection in the terminal, in 100 columns."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from lutdla.inspection.inspection import Inspection, MemoryShare
from lutdla.inspection.layers import LayerUse
from lutdla.spec.config import CoreConfig

BAR = 32
"""Characters of a full bar."""

NEARLY_FULL, FULL = 0.75, 0.95
"""Shares from which a bar is yellow, and red."""

EIGHTHS = " ▏▎▍▌▋▊▉█"
UNITS = ("B", "KiB", "MiB", "GiB")

NOTE = ("Steps, cycles and waits for the stream are predictions for one image (docs/cost-model.md); `lutdla run "
        "--backend rtl` counts those of the core. Channels of inner layers are whole tiles of lanes.")


def show(name: str, found: Inspection, console: Console, regions: bool = False) -> None:
    """Print an inspection.

    Args:
        name: of the file.
        found: what to print.
        console: where to.
        regions: also list the places of all maps and tables.
    """
    console.print(_tree(name, found))
    console.print(_costs(found))
    console.print(_memories(found.memories))
    if regions:
        console.print(_regions(found))
    console.print(f"\n{NOTE}", style="dim", markup=False)


def size(count: float) -> str:
    """Bytes for people."""
    for unit in UNITS:
        if count < 1024 or unit == UNITS[-1]:
            break
        count /= 1024
    return f"{count:,.0f} {unit}" if count >= 100 or unit == "B" else f"{count:,.1f} {unit}"


def bar(share: float, width: int = BAR) -> Text:
    """A bar that a share fills, coloured where it is nearly full."""
    eighths = round(8 * width * min(1.0, max(0.0, share))) or (share > 0)
    filled = EIGHTHS[8] * (eighths // 8) + EIGHTHS[eighths % 8].strip()
    color = "red" if share >= FULL else "yellow" if share >= NEARLY_FULL else "green"
    return Text.assemble((filled, color), ("·" * (width - len(filled)), "dim"))


def _tree(name: str, found: Inspection) -> Tree:
    shape = " x ".join(map(str, found.input_shape))
    streamed = f", {size(found.streamed_bytes)} of them streamed in each pass" if found.streamed_bytes else ""
    root = Tree(Text(name, "bold"), guide_style="dim")
    root.add(Text.assemble(("core      ", "dim"), str(CoreConfig.from_dict(found.config))))
    root.add(Text.assemble(("tables    ", "dim"), f"{size(found.table_bytes)}{streamed}; codebooks "
                                                  f"{size(found.codebook_bytes)}"))
    root.add(Text.assemble(("pass      ", "dim"), f"{found.images} image{'s' * (found.images > 1)}, "
                                                  f"{found.cycles_per_image:,.0f} cycles an image predicted"))
    root.add(Text.assemble(("made from ", "dim"), _made(found)))
    root.add(Text.assemble(("sha256    ", "dim"), found.digest[:16]))
    network = root.add(Text.assemble(("network   ", "dim"), f"{shape} int8 -> {found.outputs} values"))
    before = "input"
    for layer in found.layers:
        network.add(_layer(layer, before))
        before = layer.name
    return root


def _made(found: Inspection) -> str:
    said = ", ".join(f"{key} {value}" for key, value in found.provenance.items()
                     if isinstance(value, (str, int, float)))
    return said or "the file does not say"


def _layer(layer: LayerUse, before: str) -> Text:
    """A line of the network: names of maps only where they are not the layer's before."""
    text = Text.assemble((layer.name, "bold cyan"), "  ", layer.described, " -> ", layer.result)
    main, *shortcut = layer.reads or (before,)
    if main != before:
        text.append(f"  reads {main}", "magenta")
    for word, names in (("shortcut from", shortcut), ("adds", layer.adds)):
        if names:
            text.append(f"  {word} {', '.join(names)}", "magenta")
    return text


def _costs(found: Inspection) -> Table:
    table = _table("Cost of each layer")
    table.add_column("layer", overflow="fold")
    for column in ("records", "tables", "steps", "cycles", "waits"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("share of the cycles", no_wrap=True)
    total = sum(layer.cycles + layer.waits for layer in found.layers)
    for layer in found.layers:
        cycles = layer.cycles + layer.waits
        stream = "*" if layer.dataflow == "streamed" else ""
        table.add_row(escape(layer.name), str(layer.records), size(layer.table_bytes) + stream, f"{layer.steps:,.0f}",
                      f"{layer.cycles:,.0f}", f"{layer.waits:,.0f}", _share(cycles / total if total else 0.0))
    table.add_section()
    table.add_row("all", str(sum(layer.records for layer in found.layers)), size(found.table_bytes),
                  *(f"{sum(getattr(layer, name) for layer in found.layers):,.0f}"
                    for name in ("steps", "cycles", "waits")), "")
    if found.streamed_bytes:
        table.caption, table.caption_justify = "* streamed in each pass", "left"
    return table


def _table(title: str) -> Table:
    return Table(title=f"\n{title}", title_style="bold", title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1),
                 pad_edge=False, show_edge=False)


def _percent(share: float) -> str:
    return "<1%" if 0 < share < 0.005 else f"{share:.0%}"


def _share(share: float) -> Text:
    text = Text(f"{_percent(share):>4} ")
    text.append("█" * round(BAR * share) or "▏", "cyan")
    return text


def _memories(memories: Sequence[MemoryShare]) -> Table:
    table = _table("Memories of the core")
    table.add_column("memory", no_wrap=True)
    for column in ("used", "depth", "", "bytes used"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for memory in memories:
        table.add_row(memory.memory, f"{memory.used:,} {memory.unit}", f"{memory.depth:,}", _percent(memory.share),
                      size(memory.used * memory.word_bytes), bar(memory.share))
    return table


def _regions(found: Inspection) -> Table:
    table = _table("Places of maps and tables")
    for column in ("memory", "what"):
        table.add_column(column)
    for column in ("from", "to", "records"):
        table.add_column(column, justify="right", no_wrap=True)
    for region in found.regions:
        table.add_row(region.memory.partition("_")[0], escape(region.name), f"{region.start:,}",
                      f"{region.start + region.size - 1:,}", f"{region.born}..{region.dies}")
    return table
