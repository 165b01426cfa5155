"""The overlay of every board, checked as far as that goes without Vivado: `python -m benchmarks.overlay --json FILE`.

For each board, with its own core: the plan renders (`plan_ok`), a stand-in for Vivado runs its scripts and makes what
was predicted (`standin_ok`), component.xml keeps to the schema (`xsd_ok`), Verilator has nothing to say (`lint_ok`),
the real pynq package loads the predicted hwh and a network runs on it bit for bit (`hwh_ok`), ResNet-8 fits (`fits`).
Then the area of the core by yosys as shares of the part, and how far the estimate is off. `mutations`: designs with
one thing missing. A quarter of an hour, for four cores are converted and synthesized.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from lxml import etree
from rich.console import Console
from rich.table import Table

from benchmarks.overlay_page import CHECKS, SHARES
from benchmarks.record import ROOT
from lutdla.backends.core_verilog import core_verilog
from lutdla.compiler.assemble import assemble
from lutdla.compiler.topologies import topology
from lutdla.emulation import emulated_board
from lutdla.errors import FitError, LutdlaError
from lutdla.explore.area import Area, estimate
from lutdla.runtime import Accelerator
from lutdla.spec.artefact import Artefact
from lutdla.verify import reference_results
from lutdla_hdl.convert import WAIVERS
from lutdla_hdl.resources import resources
from lutdla_hdl.synthesis import synthesize
from lutdla_overlay.boards import Board, board_names, load_board
from lutdla_overlay.compare import compare
from lutdla_overlay.cores import Core, load_core
from lutdla_overlay.fit import board_shares, fit
from lutdla_overlay.hwh import hwh
from lutdla_overlay.plan import BuildPlan, make_plan
from tests.overlay.builds import build, is_caught
from tests.overlay.designs import small_plan
from tests.overlay.ip.ipxact import schema
from tests.overlay.ip.lint import verilator_says

MUTATED = ("pynq-z2", "kv260")
"""One board of each kind, whose design is taken apart."""

IP = "ip/lutdla_core_1_0"

MODELS = ROOT / "notebooks" / "lutdla_notebooks" / "models"
"""The digits network, compiled for each layout of cores."""


def standin_ok(plan: BuildPlan) -> bool:
    """The stand-in builds it, and its hwh is the predicted one."""
    with tempfile.TemporaryDirectory() as folder:
        _, overlay = build(plan, Path(folder))
        return compare(hwh(plan.design), overlay.hwh.read_text(), plan.design) == []


def xsd_ok(plan: BuildPlan) -> bool:
    """component.xml keeps to the schema of IEEE 1685-2009."""
    return bool(schema().validate(etree.fromstring(plan.files[f"{IP}/component.xml"].encode())))


def lint_ok(plan: BuildPlan) -> bool:
    """Verilator says nothing about core and wrapper, beside what the waivers give reasons for."""
    with tempfile.TemporaryDirectory() as folder:
        waivers, core, wrapper = (Path(folder) / name for name in ("lutdla_core.vlt", "lutdla_core.v", "lutdla_ip.v"))
        waivers.write_text(WAIVERS)
        for file in (core, wrapper):
            file.write_text(plan.files[f"{IP}/hdl/{file.name}"])
        return verilator_says(waivers, core, wrapper) == []


def hwh_ok(board: Board, core: Core) -> bool:
    """pynq loads the predicted hwh, and the digits network on it gives the reference's bits."""
    artefact = next(found for path in sorted(MODELS.glob("*.lut")) if _runs(found := Artefact.load(path), core))
    x = np.random.default_rng(0).random((20, *artefact.input_shape))
    with Accelerator("pynq", emulated_board(None, core.config, board.key, core.clock_mhz_assumed)) as accelerator:
        return bool(np.array_equal(accelerator.load(artefact).raw(x), reference_results(artefact, x)))


def _runs(artefact: Artefact, core: Core) -> bool:
    try:
        artefact.check_fits(core.config)
    except FitError:
        return False
    return True


def area(core: Core) -> Area:
    """Of a core, by yosys."""
    verilog = core_verilog(core.config)
    found = resources(synthesize(verilog, family=core.family, options=core.synthesis_options))
    return Area(int(found["lut"]), int(found["lutram"]), int(found["ff"]), found["ramb36"], int(found["uram"]),
                int(found["dsp"]))


def _holds(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except LutdlaError:
        return False


def figures_of(key: str, measured: Area) -> dict[str, bool | float]:
    """All figures of a board but for its name."""
    board = load_board(key)
    core = load_core(board.core)

    @cache
    def plan() -> BuildPlan:
        return make_plan(core.config, board, core.clock_mhz_assumed, core_verilog(core.config).read_text(),
                         ultra_ram=core.ultra_ram)

    checks: dict[str, Callable[[], bool]] = {
        "plan_ok": lambda: bool(plan().steps), "standin_ok": lambda: standin_ok(plan()),
        "xsd_ok": lambda: xsd_ok(plan()), "lint_ok": lambda: lint_ok(plan()), "hwh_ok": lambda: hwh_ok(board, core),
        "fits": lambda: fit(assemble(topology("resnet8", core.config), core.config), board).fits,
    }  # fmt: skip
    shares, guess = board_shares(measured, board), estimate(core.config, core.family, core.ultra_ram)
    return {
        **{name: _holds(check) for name, check in checks.items()},
        "lut_fraction": round(shares["lut"], 4), "ramb_fraction": round(shares["ramb36"], 4),
        "uram_fraction": round(shares["uram"], 4), "dsp_fraction": round(shares["dsp"], 4),
        "lut_estimate_error": round((guess.lut + guess.lutram) / (measured.lut + measured.lutram) - 1, 4),
        "ramb_estimate_error": round(guess.ramb36 / measured.ramb36 - 1, 4),
    }  # fmt: skip


def mutations(key: str) -> tuple[int, int]:
    """Designs with one thing missing, and how many of them are caught."""
    plan = small_plan(key)
    verilog = core_verilog(plan.design.config).read_text()
    with tempfile.TemporaryDirectory() as folder:
        caught = [is_caught(plan, design, Path(folder) / str(i), verilog)
                  for i, (_, design) in enumerate(plan.design.without())]
    return len(caught), sum(caught)


def main() -> None:
    """Check, measure, show, write the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overlay", description=__doc__)
    parser.add_argument("--json", type=Path, help="where the figures go")
    options = parser.parse_args()
    console, figures, table = Console(), {}, Table("board", *CHECKS.values(), *SHARES.values())
    areas: dict[str, Area] = {}
    for key in board_names():
        core = load_core(load_board(key).core)
        with console.status(key):
            if core.key not in areas:
                areas[core.key] = area(core)
            found = figures_of(key, areas[core.key])
        figures |= {f"{key.replace('-', '_')}_{name}": value for name, value in found.items()}
        table.add_row(key, *("yes" if found[name] else "no" for name in CHECKS),
                      *(f"{found[name]:.0%}" for name in SHARES))
    counts = [mutations(key) for key in MUTATED]
    figures |= {"mutations": sum(all_ for all_, _ in counts), "mutations_caught": sum(caught for _, caught in counts)}
    console.print(table)
    console.print(f"{figures['mutations_caught']} of {figures['mutations']} designs with something missing are caught")
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
