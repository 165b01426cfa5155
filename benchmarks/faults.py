"""Random faults on the emulated board, over the emulator and over the Verilated core: `python -m benchmarks.faults`.

Every fault must end in the right results or in an error of lutdla, in bounded time, and the device must be usable
afterwards. The exit status is 1 when one did not.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from pathlib import Path
from random import Random
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from lutdla.backends.rtl import RtlModel
from lutdla.compiler.assemble import assemble
from lutdla.compiler.random_network import random_network
from lutdla.faults.campaign import ABANDONED, OUTCOMES, Campaign, Tally
from lutdla.faults.fault import FAULTS
from lutdla.faults.opening import OPENINGS
from lutdla.spec.artefact import Artefact
from lutdla.spec.config import CoreConfig

CONFIG = CoreConfig(
    v=2, c=4, ports=2, blocks=2, lanes=4, encoders=1, table_rows=64, index_words=32, accumulator_rows=4,
    constant_rows=32, codebook_rows=64, program_rows=16, window_rows=16, value_rows=16, packet_beats=32,
)  # fmt: skip
"""Small: thousands of loads and runs. Its table memory is too small for the last of `artefacts`."""

RTL_STEP = 200
"""Clock cycles between two looks at the Verilated core: a run takes some hundred."""
RTL_STALL = 0.3


def artefacts() -> tuple[Artefact, ...]:
    """Two networks whose tables are in the core, and one whose tables are streamed."""
    made = tuple(assemble(random_network(CONFIG, sizes, seed=seed), CONFIG)
                 for seed, sizes in enumerate(((10, 8, 6), (10, 8, 6), (24, 48, 16))))  # fmt: skip
    if not made[-1].image.pieces or made[0].image.pieces:
        sys.exit("the networks of the campaign are not what they should be: one with streamed tables, two without")
    return made


def what_it_is(kind: str) -> tuple[str, str]:
    """Group and meaning of a kind of fault."""
    if kind in FAULTS:
        return FAULTS[kind].group, FAULTS[kind].what
    if kind in OPENINGS:
        return "opening", OPENINGS[kind][0]
    return "process", "a process ends in the middle of a load or a run, and closes nothing"


def kinds() -> list[str]:
    """Every kind of fault."""
    return [*FAULTS, *OPENINGS, ABANDONED]


def figures(tallies: dict[str, Tally]) -> dict[str, Any]:
    """Flat figures: totals, and for each kind of fault how often it came and how it ended."""
    found: dict[str, Any] = {
        "injected": sum(tally.injected for tally in tallies.values()),
        "hangs": sum(tally.total("hang") for tally in tallies.values()),
        "wrong_answers": sum(tally.total("wrong") for tally in tallies.values()),
        "unnamed_errors": sum(tally.total("unnamed") for tally in tallies.values()),
        "recovered": sum(tally.recovered.total() for tally in tallies.values()),
        "named_errors": sum(tally.total("named") for tally in tallies.values()),
        "right_answers": sum(tally.total("right") for tally in tallies.values()),
        "kinds": len(kinds()),
    }
    for name, tally in tallies.items():
        found[f"injected_{name}"] = tally.injected
    for kind in kinds():
        for outcome in OUTCOMES:
            found[f"{kind}_{outcome}"] = sum(tally.outcomes[kind, outcome] for tally in tallies.values())
        found[f"{kind}_recovered"] = sum(tally.recovered[kind] for tally in tallies.values())
    return found


def show(found: dict[str, Any]) -> Table:
    """A table by kind of fault."""
    table = Table("part", "fault", *OUTCOMES, "recovered", title="what became of the faults")
    for kind in kinds():
        table.add_row(what_it_is(kind)[0], kind, *(str(found[f"{kind}_{outcome}"] or "") for outcome in OUTCOMES),
                      str(found[f"{kind}_recovered"]))
    return table


def main() -> None:
    """Run the campaign, show a table, write the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="faults over the emulator")
    parser.add_argument("--rtl", type=int, default=2_000, help="faults over the Verilated core")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="where the figures go")
    options = parser.parse_args()
    logging.getLogger("lutdla").setLevel(logging.ERROR)  # each mended error is a warning
    random, models = Random(options.seed), artefacts()

    def verilated(config: CoreConfig) -> RtlModel:
        return RtlModel(config, random.choice((0.0, RTL_STALL)), random.getrandbits(30), RTL_STEP)

    campaigns = {
        "emulator": (Campaign(models, seed=options.seed), options.count),
        "rtl": (Campaign(models, verilated, timeout_s=0.3, seed=options.seed), options.rtl),
    }
    bad: list[str] = []
    for name, (campaign, count) in campaigns.items():
        for _ in track(campaign.run(count), f"faults, {name}", total=count):
            pass
        campaign.close()
        bad += [f"{name}: {text}" for text in campaign.tally.worst]
    found = figures({name: campaign.tally for name, (campaign, _) in campaigns.items()})
    console = Console()
    console.print(show(found))
    for text in bad:
        console.print(text, style="red", markup=False)
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
