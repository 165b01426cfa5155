"""A picture of a block design: SVG, rendered from the same description as the Tcl."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from lutdla_overlay.design import INTERRUPT, STREAM, Cell, Design
from lutdla_overlay.rendering import render

COLUMN, ROW, TOP, LEFT = 240, 118, 62, 24
"""Distances of cells, and where the first one is, in pixels."""

BOX_WIDTH, BOX_HEIGHT = 156, 84


@dataclass(frozen=True)
class _Kind:
    name: str
    label: str
    colour: str
    stroke: float


_KINDS = {
    "control": _Kind("control", "registers, AXI4-Lite", "#3b6ea5", 1.6),
    "memory": _Kind("memory", "memory, AXI4", "#2e8b57", 2.6),
    "stream": _Kind("stream", "frames, AXI4-Stream", "#c2571a", 3.2),
    "interrupt": _Kind("interrupt", "interrupt", "#8a4fa3", 1.2),
}


@dataclass(frozen=True)
class _Arrow:
    source: str
    target: str
    kind: _Kind
    title: str


def picture(design: Design) -> str:
    """The design as SVG: cells, buses and interrupts; one clock and its resets go to every cell and are not drawn."""
    boxes = {cell.name: _box(cell, design) for cell in design.cells}
    width = max(box["x"] + box["width"] for box in boxes.values()) + LEFT
    height = max(box["y"] + box["height"] for box in boxes.values()) + 56
    return render(
        "picture.svg.j2", title=f"lutdla on {design.board.name}: block design", width=width, height=height,
        boxes=boxes.values(), kinds=_KINDS.values(), lines=_lines(_arrows(design), boxes),
    )  # fmt: skip


def _box(cell: Cell, design: Design) -> dict:  # type: ignore[type-arg]  # what the template shows
    column, row = cell.place
    x, y = LEFT + column * COLUMN, TOP + row * ROW
    height = BOX_HEIGHT + (cell.rows - 1) * ROW
    base = next((a.base for a in design.addresses if a.segment.split("/")[0] == cell.name and not a.memory), None)
    texts = [(cell.name, 15, True, "#1d2733"), (cell.role, 12, False, "#1d2733"),
             (cell.ip.split(":")[2], 11, False, "#5a6672")]  # fmt: skip
    if base is not None:
        texts.append((f"0x{base:08X}", 11, False, _KINDS["control"].colour))
    first = y + height / 2 - 8 * len(texts) + 12
    fill = {"lutdla": "#fdebd8", "ps": "#e8eef5"}.get(cell.name, "#f7f8fa")
    return {"x": x, "y": y, "width": BOX_WIDTH, "height": height, "fill": fill,
            "texts": [{"text": text, "size": size, "bold": bold, "colour": colour, "y": first + 17 * i}
                      for i, (text, size, bold, colour) in enumerate(texts)]}  # fmt: skip


def _arrows(design: Design) -> list[_Arrow]:
    found = []
    for link in design.links:
        kind = "stream" if link.vlnv == STREAM else "control" if link.width == 32 else "memory"
        found.append(_Arrow(link.master.split("/")[0], link.slave.split("/")[0], _KINDS[kind],
                            f"{link.master} to {link.slave}, {link.width} bits"))
    return found + [
        _Arrow(net.driver.split("/")[0], sink.split("/")[0], _KINDS["interrupt"], f"{net.driver} to {sink}")
        for net in design.nets if net.kind == INTERRUPT for sink in net.sinks
    ]  # fmt: skip


def _lines(arrows: list[_Arrow], boxes: dict) -> list[dict]:  # type: ignore[type-arg]
    """Curves between facing sides; those that share a side are spread over it."""
    ends: dict[tuple[str, str], list[tuple[float, int, bool]]] = defaultdict(list)
    for i, arrow in enumerate(arrows):
        source, target = _sides(boxes[arrow.source], boxes[arrow.target])
        ends[arrow.source, source].append((_middle(boxes[arrow.target], source), i, True))
        ends[arrow.target, target].append((_middle(boxes[arrow.source], target), i, False))
    points: dict[tuple[int, bool], tuple[float, float, str]] = {}
    for (name, side), found in ends.items():
        for k, (_, i, is_source) in enumerate(sorted(found)):
            points[i, is_source] = (*_point(boxes[name], side, (k + 1) / (len(found) + 1)), side)
    return [{"path": _curve(points[i, True], points[i, False]), "kind": arrow.kind, "title": arrow.title}
            for i, arrow in enumerate(arrows)]


def _sides(source: dict, target: dict) -> tuple[str, str]:  # type: ignore[type-arg]
    if source["x"] == target["x"]:
        return ("bottom", "top") if source["y"] < target["y"] else ("top", "bottom")
    return ("right", "left") if source["x"] < target["x"] else ("left", "right")


def _middle(box: dict, side: str) -> float:  # type: ignore[type-arg]
    """Where a box lies along a side that looks at it."""
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    return float(y if side in ("left", "right") else x)


def _point(box: dict, side: str, part: float) -> tuple[float, float]:  # type: ignore[type-arg]
    x, y, width, height = box["x"], box["y"], box["width"], box["height"]
    return {"left": (x, y + part * height), "right": (x + width, y + part * height),
            "top": (x + part * width, y), "bottom": (x + part * width, y + height)}[side]


def _curve(start: tuple[float, float, str], end: tuple[float, float, str]) -> str:
    (x1, y1, side), (x2, y2, _) = start, end
    if side in ("left", "right"):
        middle = (x1 + x2) / 2
        return f"M{x1:.0f} {y1:.0f} C{middle:.0f} {y1:.0f} {middle:.0f} {y2:.0f} {x2:.0f} {y2:.0f}"
    middle = (y1 + y2) / 2
    return f"M{x1:.0f} {y1:.0f} C{x1:.0f} {middle:.0f} {x2:.0f} {middle:.0f} {x2:.0f} {y2:.0f}"
