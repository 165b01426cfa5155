"""Writes the figures of benchmarks/results/ into docs/ and README.md: `python -m benchmarks.tables`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks import (
    accuracy_page,
    co_design_page,
    compile_words,
    cost_model,
    cost_model_page,
    engine_page,
    growth,
    overlay_page,
    peers_page,
    reliability_page,
    speed_page,
    startup_page,
)
from benchmarks.record import ORIGIN, RESULTS, ROOT

BEGIN, END = "<!-- figures: written by `make docs` -->", "<!-- end of figures -->"
"""What surrounds the figures in README.md."""

LABELS = {
    "dense_accuracy": "accuracy of the dense network",
    "lut_accuracy": "accuracy as lookup tables, in integers, as training reported it",
    "device_accuracy": "accuracy on the emulated board",
    "images": "test images",
    "mismatches": "results that differ between reference and board",
    "rtl_images": "images run on the Verilated core",
    "rtl_mismatches": "results that differ between reference and Verilated core",
    "cycles_per_image": "clock cycles an image",
    "lookups_per_cycle": "table lookups a cycle",
    "table_bytes": "table memory, bytes",
    "codebook_bytes": "codebook memory, bytes",
    "clock_mhz": "assumed clock, MHz",
    "seconds_total": "whole demo, seconds",
    "core": "core", "network": "network", "family": "family of parts",
    "lut": "lookup tables (logic)", "lutram": "lookup tables as memory", "ff": "flip-flops",
    "ramb36": "block RAMs of 36 Kbit (one of 18 Kbit counts as half)", "dsp": "DSP slices",
    "inverters": "inverters (Vivado usually absorbs them)",
    "lookups_per_cycle_most": "table lookups a cycle, at the most",
    "conversion_s": "MyHDL to Verilog, seconds",
    "pieces": "pieces of work", "killed": "workers killed with a piece", "lost": "pieces without a result",
    "duplicated": "results that came twice", "different": "results unlike those without a cluster",
    "runs": "runs of pieces", "runs_broken_off": "runs that the kill broke off",
}
"""Words for the figures that readers meet most; others are shown by their key."""

PREDICTED = "images_per_second"
"""A key with this in its name rests on an assumed clock."""

README_KEYS = (
    "dense_accuracy", "lut_accuracy", "device_accuracy", "images", "mismatches", "rtl_images", "rtl_mismatches",
    "cycles_per_image", "lookups_per_cycle", "table_bytes", "seconds_total",
)  # fmt: skip
"""What README.md shows of the demo: keys that `lutdla demo --json` always has."""

TITLES = {
    "demo": "The demo: `lutdla demo`", "verify": "Every back end against the reference",
    "area": "Area of the demo's core: yosys' estimate for 7-series parts", "speed": "Speed of the back ends",
    "training": "Accuracy of the demo's recipe over seeds",
    "cluster": "A search on a cluster, one of whose workers is killed",
    "newcomer": "README and quick start, followed to the letter",
    "first_layer": "Cuts of the first layer", "rtl_speed": "Speed of RTL simulation",
    "notebooks": "The notebooks, seconds of each",
}  # fmt: skip
VERIFICATION = ("verify",)
"""Results that docs/verification.md shows; the others go to docs/performance.md."""

NOTE = "<!-- Written by `make docs` (benchmarks.tables) from benchmarks/results/. -->"


def results(folder: Path = RESULTS) -> dict[str, dict[str, Any]]:
    """All results by name.

    Raises:
        ValueError: for a file that does not say where its figures come from.
    """
    found = {}
    for path in sorted(folder.glob("*.json")):
        found[path.stem] = json.loads(path.read_text(encoding="utf-8"))
        for key in ORIGIN:
            if key not in found[path.stem]:
                raise ValueError(f"{path.name} has no {key!r}: write it with benchmarks.record")
    return found


def text(key: str, value: Any) -> str:
    """A figure as readers want it."""
    if isinstance(value, (bool, str)):
        return str(value)
    if key.endswith("accuracy"):
        return f"{value:.2%}"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.2f}" if abs(value) < 1000 else f"{value:,.0f}"


def label(key: str) -> str:
    """Words for a figure."""
    if key.startswith("mismatches_"):
        return f"results of {key.removeprefix('mismatches_')} that differ from the reference"
    words = LABELS.get(key, key.replace("_", " "))
    return f"{words} (predicted, at the assumed clock)" if PREDICTED in key else words


def table(figures: dict[str, Any], keys: tuple[str, ...] | None = None) -> str:
    """Figures as a Markdown table, and below it what made them.

    Raises:
        ValueError: when one of `keys` was not measured.
    """
    shown = keys or tuple(key for key in figures if key not in ORIGIN)
    for key in shown:
        if key not in figures:
            raise ValueError(f"the results of `{figures['command']}` have no {key!r}: measure it again")
    rows = [f"| {label(key)} | {text(key, figures[key])} |" for key in shown]
    return "\n".join(["| figure | value |", "| --- | ---: |", *rows, "", made_by(figures)])


def made_by(figures: dict[str, Any]) -> str:
    """What made the figures."""
    return f"Made by `{figures['command']}` at commit `{figures['commit']}` on {figures['date']}; {figures['machine']}."


def _page(title: str, introduction: str, sections: dict[str, dict[str, Any]], command: str,
          comparisons: Iterable[tuple[str, str]] = ()) -> str:
    parts = [f"# {title}", NOTE, introduction]
    made = (engine_page, speed_page, accuracy_page, startup_page)
    for heading, words in (*(section for page in made for section in page.sections(sections)), *comparisons):
        parts += [f"## {heading}", words]
    for name, figures in sections.items():
        if not any(page.covers(name) for page in made):
            parts += [f"## {TITLES.get(name, name)}", table(figures)]
    if not sections:
        parts.append(f"Not measured yet: `{command}` does it.")
    return "\n\n".join(parts) + "\n"


def pages(found: dict[str, dict[str, Any]]) -> dict[str, str]:
    """The generated pages of docs/: file name -> content."""
    overlay = found.get(overlay_page.NAME)
    checks = {} if overlay is None else {"overlay_checks.md": overlay_page.page(overlay, NOTE, made_by(overlay))}
    return checks | {
        "reliability.md": reliability_page.page(found, NOTE, made_by),
        "cost-model.md": cost_model_page.page((ROOT / "docs" / "cost-model.md").read_text(encoding="utf-8"), found),
        "co-design.md": co_design_page.page(found, NOTE, made_by),
        "performance.md": _page(
            "Performance",
            "Cycles and lookups are counted by the counters of the Verilated core. A clock frequency is an assumption "
            "until a board or Vivado has shown it, and so is every rate that follows from it.",
            {name: figures for name, figures in found.items()
             if name not in (*VERIFICATION, overlay_page.NAME, *reliability_page.SECTIONS, *cost_model_page.NAMES)
             and not accuracy_page.covers(name) and not co_design_page.covers(name) and not peers_page.covers(name)},
            "python -m benchmarks.record demo lutdla demo",
            peers_page.sections(found),
        ),
        "accuracy.md": _page(
            "Accuracy",
            accuracy_page.INTRODUCTION,
            {name: figures for name, figures in found.items() if accuracy_page.covers(name)},
            "python -m benchmarks.record accuracy_fashion_resnet8_l2 python -m benchmarks.accuracy fashion_resnet8",
        ),
        "verification.md": _page(
            "Verification",
            "`reference.py` defines what the core computes, in plain integers. Everything else must agree with it on "
            "every bit; a figure here counts the results that do not.",
            {name: figures for name, figures in found.items() if name in VERIFICATION},
            "python -m benchmarks.record verify lutdla verify MODEL.lut",
        ),
    }


def readme_block(found: dict[str, dict[str, Any]]) -> str:
    """The figures of README.md, with the marks around them."""
    parts = []
    if "demo" in found:
        parts.append(table(found["demo"], README_KEYS))
    if "verify" in found:
        verify = found["verify"]
        ends = [f"{key.removeprefix('mismatches_')} {verify[key]:,}" for key in verify if key.startswith("mismatches_")]
        parts.append(
            f"Results that differ from the reference, over {verify['vectors']:,} vectors: {', '.join(ends)} "
            f"(`{verify['command']}`)."
        )
    body = "\n\n".join(parts) or "Not measured yet: `python -m benchmarks.record demo lutdla demo` does it."
    return f"{BEGIN}\n\n{body}\n\n{END}"


def with_block(readme: str, block: str) -> str:
    """README.md with its figures replaced.

    Raises:
        ValueError: when the marks are missing.
    """
    if readme.count(BEGIN) != 1 or readme.count(END) != 1:
        raise ValueError(f"README.md must hold {BEGIN!r} and {END!r} once each")
    before, _, rest = readme.partition(BEGIN)
    return before + block + rest.partition(END)[2]


def main() -> None:
    """Write the pages and the figures of README.md."""
    found = results()
    for name, content in pages(found).items():
        (ROOT / "docs" / name).write_text(content, encoding="utf-8")
        print(f"docs/{name}")
    if "growth" in found:
        growth.plot(found["growth"], ROOT / "docs" / "growth.svg")
        print("docs/growth.svg")
    if startup_page.GROWTH in found:
        compile_words.plot(found[startup_page.GROWTH], ROOT / "docs" / "compile_growth.svg")
        print("docs/compile_growth.svg")
    if speed_page.EMULATOR in found:
        speed_page.plot(found[speed_page.EMULATOR], ROOT / "docs" / "emulator_speed.svg")
        print("docs/emulator_speed.svg")
    cost_model_page.plot(cost_model.held_out(), ROOT / "docs" / "cost_model.svg")
    print("docs/cost_model.svg")
    for path in accuracy_page.plots(found):
        print(path.relative_to(ROOT))
    readme = ROOT / "README.md"
    readme.write_text(with_block(readme.read_text(encoding="utf-8"), readme_block(found)), encoding="utf-8")
    print("README.md")


if __name__ == "__main__":
    main()
