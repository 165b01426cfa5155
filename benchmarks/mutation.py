"""Faults put into the hardware sources, one at a time: do tests notice? `python -m benchmarks.mutation --json FILE`.

Each entry of `mutants.toml` is a mistake that a designer could make, with which the core can still be converted. A
mutant is caught when one of the tests that it names fails, where all pass with the sources as they are. About half an
hour on one core.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.mutation_list import Mutant, load_mutants
from benchmarks.mutation_run import Outcome, Verdict, check_unchanged, try_mutant


def chosen(mutants: Sequence[Mutant], only: Sequence[str]) -> list[Mutant]:
    """The mutants with these names, all where there are none.

    Raises:
        SystemExit: no mutant has such a name.
    """
    if missing := sorted(set(only) - {mutant.name for mutant in mutants}):
        sys.exit(f"no mutant is named {', '.join(missing)}: see benchmarks/mutants.toml")
    return [mutant for mutant in mutants if not only or mutant.name in only]


def all_tests(mutants: Sequence[Mutant]) -> list[str]:
    """Test files of all mutants, once each."""
    return list(dict.fromkeys(test for mutant in mutants for test in mutant.tests))


def figures(outcomes: Sequence[Outcome], seconds: float) -> dict[str, int | float]:
    """What was counted, flat."""
    count = {verdict: sum(outcome.verdict is verdict for outcome in outcomes) for verdict in Verdict}
    return {
        "mutants": len(outcomes), **{verdict.value: count[verdict] for verdict in Verdict},
        "blocks": len({outcome.mutant.block for outcome in outcomes}),
        "test_files": len(all_tests([outcome.mutant for outcome in outcomes])), "seconds": round(seconds, 1),
    }  # fmt: skip


def table_of(outcomes: Sequence[Outcome]) -> Table:
    """For people: one line a mutant."""
    table = Table("block", "mutant", "what", "verdict", "by", "s", title="faults in the hardware sources")
    colour = {Verdict.CAUGHT: "green", Verdict.SURVIVED: "red", Verdict.BROKEN: "yellow"}
    for outcome in outcomes:
        mutant, verdict = outcome.mutant, outcome.verdict
        table.add_row(mutant.block, mutant.name, mutant.what, f"[{colour[verdict]}]{verdict.value}[/]",
                      outcome.by.replace("[", r"\["), f"{outcome.seconds:.0f}")  # fmt: skip
    return table


def main() -> None:
    """Test the sources as they are, then every mutant; show a table, write the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutation", description=__doc__)
    parser.add_argument("--json", type=Path, help="where the figures go")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="this mutant; may be repeated")
    parser.add_argument("--jobs", type=int, default=1, help="mutants at the same time")
    options = parser.parse_args()
    started, console = time.monotonic(), Console()
    mutants = chosen(load_mutants(), options.only)
    with console.status("the sources as they are"):
        check_unchanged(all_tests(mutants))
    with ThreadPoolExecutor(options.jobs) as pool:
        outcomes = list(track(pool.map(try_mutant, mutants), "mutants", len(mutants), console=console))
    console.print(table_of(outcomes))
    found = figures(outcomes, time.monotonic() - started)
    print(json.dumps(found, indent=2))
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    if left := [o for o in outcomes if o.verdict is not Verdict.CAUGHT]:
        sys.exit("not caught: " + ", ".join(f"{o.mutant.name} ({o.verdict.value}: {o.by})" for o in left))


if __name__ == "__main__":
    main()
