"""Formal proofs of bus behaviour, and mutants that must fail: `python -m benchmarks.proofs --json FILE`.

What is proved, and how, is in docs/proofs.md. A few minutes on one core.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from lutdla_hdl.proofs.listing import HELPER, Mutant, Proof, load_proofs
from lutdla_hdl.proofs.prover import Result, Trace


@dataclass
class Outcome:
    """What became of a proof and of its mutants.

    Attributes:
        proof, result: what was to be proved, and what was.
        killed: how each mutant that was found out breaks its assertion.
        survived: mutants that were not found out.
        seconds: that it took.
    """

    proof: Proof
    result: Result
    killed: dict[str, Trace] = field(default_factory=dict)
    survived: list[Mutant] = field(default_factory=list)
    seconds: float = 0.0

    def count(self, labels: Sequence[str], *, helpers: bool = False) -> int:
        """How many of the labels are properties, or are helpers of the induction."""
        return sum(label.startswith(HELPER) is helpers for label in labels)


def chosen(proofs: Sequence[Proof], only: Sequence[str]) -> list[Proof]:
    """The proofs with these names, all where there are none.

    Raises:
        SystemExit: no proof has such a name.
    """
    names = [proof.name for proof in proofs]
    if missing := sorted(set(only) - set(names)):
        sys.exit(f"no proof is named {', '.join(missing)}: use {', '.join(names)}")
    return [proof for proof in proofs if not only or proof.name in only]


def measure(proofs: Sequence[Proof], console: Console) -> list[Outcome]:
    """Prove everything and try every mutant."""
    outcomes: list[Outcome] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("proofs", total=sum(1 + len(proof.mutants) for proof in proofs))
        for proof in proofs:
            progress.update(task, description=proof.name)
            started = time.monotonic()
            outcome = Outcome(proof, proof.check())
            progress.advance(task)
            for mutant in proof.mutants:
                progress.update(task, description=f"{proof.name}: {mutant.name}")
                trace = proof.kill(mutant)
                if trace is None:
                    outcome.survived.append(mutant)
                else:
                    outcome.killed[mutant.name] = trace
                progress.advance(task)
            outcome.seconds = time.monotonic() - started
            outcomes.append(outcome)
        progress.update(task, description="proofs")
    return outcomes


def figures(outcomes: Sequence[Outcome]) -> dict[str, int | float]:
    """What was counted, flat. Helpers of the induction are no properties; they are proved too, and counted apart."""
    covers = sum(len(o.result.reached) + len(o.result.unreached) for o in outcomes)
    broken = {(o.proof.rules, mutant.breaks) for o in outcomes for mutant in o.proof.mutants if mutant.name in o.killed}
    return {
        "proofs": len(outcomes), "rules": len({o.proof.rules for o in outcomes}),
        "properties": sum(o.count(o.proof.assertions) for o in outcomes),
        "proved": sum(o.count(o.result.proved) for o in outcomes),
        "proved_by_induction": sum(o.count(o.result.proved) for o in outcomes),
        "helpers": sum(o.count(o.proof.assertions, helpers=True) for o in outcomes),
        "helpers_proved": sum(o.count(o.result.proved, helpers=True) for o in outcomes),
        "covers": covers, "covers_reached": sum(len(o.result.reached) for o in outcomes),
        "mutants": sum(len(o.proof.mutants) for o in outcomes),
        "mutants_killed": sum(len(o.killed) for o in outcomes), "properties_with_a_mutant": len(broken),
        "seconds": round(sum(o.seconds for o in outcomes), 1),
    }  # fmt: skip


def table_of(outcomes: Sequence[Outcome]) -> Table:
    """For people: one line a proof."""
    table = Table(title="formal proofs, by induction")
    for name in ("block", "properties", "proved", "helpers", "covers reached", "mutants killed", "s"):
        table.add_column(name, justify="left" if name == "block" else "right")
    for o in outcomes:
        colour = "green" if o.result.complete and not o.survived else "red"
        helpers = f"{o.count(o.result.proved, helpers=True)} of {o.count(o.proof.assertions, helpers=True)}"
        reached = len(o.result.reached)
        table.add_row(
            f"[{colour}]{o.proof.name}[/]", str(o.count(o.proof.assertions)), str(o.count(o.result.proved)), helpers,
            f"{reached} of {reached + len(o.result.unreached)}", f"{len(o.killed)} of {len(o.proof.mutants)}",
            f"{o.seconds:.0f}",
        )  # fmt: skip
    return table


def table_of_trace(trace: Trace, title: str) -> Table:
    """A counterexample: one line a signal, one column a cycle; values are hexadecimal."""
    table = Table("signal", *(str(cycle) for cycle in range(len(trace))), title=title)
    for name in trace[0]:
        if not name.endswith("_EN"):  # yosys' enable of an assertion
            table.add_row(name, *(f"{cycle[name]:x}" for cycle in trace))
    return table


def complaints(outcomes: Sequence[Outcome]) -> list[str]:
    """What does not hold, in words; nothing if all does."""
    return [
        *(f"{o.proof.name}: {label} {why}" for o in outcomes for label, why in o.result.failed.items()),
        *(f"{o.proof.name}: {label} is not reached within {o.proof.cycles} cycles"
          for o in outcomes for label in o.result.unreached),
        *(f"{o.proof.name}: mutant {mutant.name!r} survives {mutant.breaks}"
          for o in outcomes for mutant in o.survived),
    ]  # fmt: skip


def main() -> None:
    """Prove, try the mutants, show a table, write the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.proofs", description=__doc__)
    parser.add_argument("--json", type=Path, help="where the figures go")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="this proof; may be repeated")
    parser.add_argument("--trace", metavar="MUTANT", help="show how this mutant fails")
    options = parser.parse_args()
    console = Console()
    outcomes = measure(chosen(load_proofs(), options.only), console)
    for o in outcomes:
        if o.result.trace:
            console.print(table_of_trace(o.result.trace, f"{o.proof.name}: {', '.join(o.result.failed)}"))
        if options.trace in o.killed:
            console.print(table_of_trace(o.killed[options.trace], options.trace))
    console.print(table_of(outcomes))
    found = figures(outcomes)
    print(json.dumps(found, indent=2))
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    if left := complaints(outcomes):
        sys.exit("\n".join(left))


if __name__ == "__main__":
    main()
