"""Published figures of boards and papers (benchmarks/points/published.toml), and our predictions beside them."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.engine_page import Figures, made_by, row

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

POINTS = Path(__file__).with_name("points") / "published.toml"
UNKNOWN = "–"

OURS_ON_BOARDS = {"resnet8_rtl": "XC7Z020", "resnet8_zybo_rtl": "XC7Z010"}
"""Result -> the part its core is meant for."""
ACCURACY = "accuracy_fashion_resnet8_l1"
"""Accuracy of a network like that of `OURS_ON_BOARDS`, with the same metric, v and c."""
LOSSES = "accuracy_fashion_resnet8_"
"""Results of ResNet-8 by metric begin so."""

BOARDS = """\
**Our rows are predictions: no board has run them.** Theirs were measured on boards. What makes the rows unlike:

* the clock of our rows is assumed; cycles are counted on the Verilated core;
* ours is the core alone: DMA, the processor's part and Python are not in it; theirs are whole systems, as their rules
  or papers define them;
* theirs are CIFAR-10. Our cycles are of a ResNet-8 for images of its shape, with random weights (cycles do not depend
  on them); the accuracy is that of a ResNet-8 of the same kind of lookups on Fashion-MNIST, which is easier, in grey.
  **Accuracies of the two data sets must not be compared**;
* the area of our cores is yosys' estimate, not Vivado's result;
* we have no figure of power or energy, they have;
* MLPerf Tiny's closed division fixes the network, the open one lets everybody bring one; ours would be open."""

LOGIC = """\
Small networks for digits, in logic, mostly out of context on an xcvu9p: no bus, no memory, no inputs and outputs.
**Our row is yosys' estimate for a 7-series part; its clock is assumed.** What makes the rows unlike:

* theirs are MNIST, ours is Fashion-MNIST, which is harder: accuracies must not be compared;
* theirs are hard-wired for one network and need nothing but logic; ours is a core with bus interfaces, DSPs and block
  RAMs that loads any network that fits, at run time;
* our encoder (the search for the nearest centroid) is counted; where theirs is not, the row says so;
* their ns are the latency of one image; ours is not measured, an image takes {cycles} cycles in steady state."""

LOSS = """\
What lookups cost in accuracy, in points: the paper's range over its convolutional networks and data sets, and ours of
ResNet-8 on Fashion-MNIST (v=4, c=16), an easier task. A range beside a point shows the order, not a rank."""


@dataclass(frozen=True)
class OnBoard:
    """A system on a board. `unfair`: what sets it apart, beside what `BOARDS` says of all."""

    system: str
    source: str
    board: str
    images_per_s: float
    unfair: str
    clock_mhz: float | str = UNKNOWN
    accuracy: str = UNKNOWN
    energy: str = UNKNOWN


@dataclass(frozen=True)
class InLogic:
    """A network in logic."""

    system: str
    source: str
    accuracy: str
    lut: int
    ff: int | str = UNKNOWN
    clock_mhz: float | str = UNKNOWN
    latency_ns: float | str = UNKNOWN
    unfair: str = UNKNOWN


@dataclass(frozen=True)
class Loss:
    """Points of accuracy that a paper's lookups cost."""

    metric: str
    points: str
    source: str


@dataclass(frozen=True)
class Published:
    """All of benchmarks/points/published.toml."""

    boards: tuple[OnBoard, ...]
    logic: tuple[InLogic, ...]
    losses: tuple[Loss, ...]
    sources: dict[str, str]


def published(path: Path = POINTS) -> Published:
    """Read the file.

    Raises:
        ValueError: a row has no source, or a source no row.
        TypeError: a row lacks a figure, or has one that is not known.
    """
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    found = Published(
        tuple(OnBoard(**one) for one in data["boards"]), tuple(InLogic(**one) for one in data["logic"]),
        tuple(Loss(**one) for one in data["losses"]), data["sources"],
    )  # fmt: skip
    named = {one.source for one in (*found.boards, *found.logic, *found.losses)}
    if named != set(found.sources):
        odd = ", ".join(sorted(named ^ set(found.sources)))
        raise ValueError(f"{path.name}: {odd}: every row names a source of [sources], every source has a row")
    return found


def number(value: float | str) -> str:
    """A figure as it was published."""
    return value if isinstance(value, str) else f"{value:,}"


def _table(columns: Iterable[str], right: int, rows: Iterable[list[str]]) -> str:
    head = list(columns)
    rule = ["---"] * (len(head) - right - 2) + ["---:"] * right + ["---", "---"]
    return "\n".join([row(head), row(rule), *(row(cells) for cells in rows)])


def _sets_apart(figures: Figures) -> str:
    return (f"core only; {figures['cycles_per_image']:,.0f} cycles an image; estimated {figures['lut_share']:.0%} of "
            f"the LUTs, {figures['ramb36_share']:.0%} of the block RAM; no power known")  # fmt: skip


def boards(found: dict[str, Figures], points: Published) -> str:
    """ResNet-8 beside systems on boards."""
    accuracy = found.get(ACCURACY)
    quality = UNKNOWN if accuracy is None else f"{accuracy['integer']:.1%} on Fashion-MNIST"
    shown = [found[name] for name in OURS_ON_BOARDS if name in found]
    rows = [[f"**lutdla ResNet-8, predicted** ({figures['dataflow'].partition(' ')[0]})", f"none; core for the {part}",
             f"{figures['clock_mhz_assumed']:.0f}, assumed", quality,
             f"**{figures['images_per_s_predicted']:,.0f}, predicted**", UNKNOWN,
             _sets_apart(figures), made_by(figures)]
            for name, part in OURS_ON_BOARDS.items() if (figures := found.get(name)) is not None]  # fmt: skip
    rows += [[one.system, one.board, number(one.clock_mhz), one.accuracy, number(one.images_per_s), one.energy,
              one.unfair, points.sources[one.source]] for one in points.boards]  # fmt: skip
    columns = ["system", "board", "MHz", "accuracy", "images/s", "energy an image", "what sets it apart", "source"]
    made = [] if accuracy is None else [f"Accuracy made by {made_by(accuracy)}."]
    return "\n\n".join([BOARDS, _table(columns, 4, rows), *made, f"Cores estimated on {shown[0]['machine']}."])


def logic(demo: Figures, area: Figures, points: Published) -> str:
    """The demo's network beside networks in logic."""
    ours = ["**lutdla demo, 784-64-64-10**", f"{demo['device_accuracy']:.1%} on Fashion-MNIST",
            f"{area['lut'] + area['lutram']:,}, estimated", f"{area['ff']:,}", f"{demo['clock_mhz']:.0f}, assumed",
            UNKNOWN, f"and {area['ramb36']:g} block RAMs, {area['dsp']} DSPs; encoder counted",
            f"{made_by(area)}; {made_by(demo)}"]  # fmt: skip
    rows = [[one.system, one.accuracy, f"{one.lut:,}", number(one.ff), number(one.clock_mhz), number(one.latency_ns),
             one.unfair, points.sources[one.source]] for one in points.logic]  # fmt: skip
    table = _table(["network", "accuracy", "LUTs", "flip-flops", "MHz", "ns", "what sets it apart", "source"], 5,
                   [ours, *rows])  # fmt: skip
    return "\n\n".join([LOGIC.format(cycles=f"{demo['cycles_per_image']:,.0f}"), table])


def losses(found: dict[str, Figures], points: Published) -> str:
    """Points of accuracy lost, by metric."""
    rows = []
    for one in points.losses:
        ours = found.get(f"{LOSSES}{one.metric}")
        words = "not measured" if ours is None else (f"{ours['drop_points']:.1f} ({ours['seeds']} "
                                                     f"seed{'s' if ours['seeds'] > 1 else ''})")  # fmt: skip
        rows.append([one.metric, one.points, words, points.sources[one.source],
                     UNKNOWN if ours is None else made_by(ours)])  # fmt: skip
    columns = ["metric", "points, published", "points, ours", "source", "ours made by"]
    return "\n\n".join([LOSS, _table(columns, 2, rows)])


def sections(found: dict[str, Figures]) -> list[tuple[str, str]]:
    """Title and text of the sections whose figures of ours were measured."""
    points = published()
    made = []
    if any(name in found for name in OURS_ON_BOARDS):
        made.append(("Beside published boards", boards(found, points)))
    if "demo" in found and "area" in found:
        made.append(("Beside published networks in logic", logic(found["demo"], found["area"], points)))
    if any(name.startswith(LOSSES) for name in found):
        made.append(("Beside published losses of accuracy", losses(found, points)))
    return made
