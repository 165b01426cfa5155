"""docs/reliability.md: what becomes of faults, what is proved, and how the tests are tested."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.faults import kinds, what_it_is
from lutdla.spec.document import table

Figures = dict[str, Any]

INTRODUCTION = """A call either returns what `reference.py` defines, or raises one of the
[errors](../host/lutdla/errors.py) of lutdla within its deadline; afterwards the device can be used again. This page
says how far that has been checked. No board has been used: faults are those of the emulated board, whose DMA, caches
and DDR are our models.

* **End to end.** Every packet carries a CRC-32, and a bad one changes no memory. Register `CRC_RUN` tells which
  packets a run was made of, `CRC_RESULT` what results left the core, `MODEL` which network computed them: the host
  compares all three after every exchange, so that a cache that was not flushed, a DMA that wrote elsewhere or a
  stranger's model cannot come back as a right answer. After loading, the CRC of each memory is read back.
* **Deadlines.** There is one place that waits (`runtime/core.py`), and the DMA's reset. pynq's own `wait()`, which
  spins for ever, is never called. Status registers are read errors first, and every message holds what they said.
* **Recovery.** The core is reset before the DMA, and both once more for what was on its way; buffers are made anew.
  What the core or the DMA refused is tried again once (`lutdla.open(..., retries=N)`); `acc.policy.recoveries` and
  the logger `lutdla` keep what was mended. `acc.recover()` does the same by hand, and loads a network that the core
  has lost.
* **Before the first register.** Manifest, hwh, pynq's cached metadata and the PL clock are compared with one another:
  on a board, an access to a wrong address hangs the processor.
* **One user.** A board belongs to one process: a lock file says to which, and is released with it, however it ends.
  Opening the board again in one process ends what was opened before. Threads may share an accelerator: calls wait for
  one another, no longer than their deadline. A forked child is refused.

**Not covered.** A bit that flips in a memory of the core after it was loaded changes results until the network is
loaded again: block RAM has no error correction here. An access to an address where nothing answers cannot be survived
on a board. Scatter-gather, and caches that lie about lines of neighbouring buffers, are not modelled."""


def _faults(figures: Figures) -> str:
    rows = []
    for kind in kinds():
        group, what = what_it_is(kind)
        bad = sum(figures[f"{kind}_{outcome}"] for outcome in ("wrong", "unnamed", "hang"))
        count = sum(figures[f"{kind}_{outcome}"] for outcome in ("named", "right")) + bad
        rows.append((group, what, f"{count:,}", f"{figures[f'{kind}_named']:,}", f"{figures[f'{kind}_right']:,}",
                     f"**{bad}**" if bad else "0", f"{figures[f'{kind}_recovered']:,}"))
    summary = (
        f"{figures['injected']:,} random faults of {figures['kinds']} kinds, {figures['injected_emulator']:,} with the "
        f"emulator and {figures['injected_rtl']:,} with the Verilated core behind pynq's own classes: "
        f"{figures['hangs']} hangs, {figures['wrong_answers']} wrong answers, {figures['unnamed_errors']} errors that "
        f"are not ours; after {figures['recovered']:,} of them a load and a run were exact. *Right* are results that a "
        "retry mended, or that the fault did not reach."
    )
    heads = ("part", "fault", "happened", "named error", "right result", "hang, wrong or unnamed", "recovered")
    return f"{summary}\n\n{table(heads, rows)}"


def _proofs(figures: Figures) -> str:
    return (f"{figures['proved']} of {figures['properties']} properties of the converted Verilog are proved; "
            f"{figures['mutants_killed']} of {figures['mutants']} designs with a fault in them are not. "
            "[What is proved, and how](proofs.md).")


def _fuzz(figures: Figures) -> str:
    return (f"{figures['cases']:,} files and streams made to break what reads them: {figures['crashes']} crashes, "
            "where anything but a result or an error of lutdla is one.")


def _soak(figures: Figures) -> str:
    return (f"{figures['emulator_images']:,} images on the emulator and {figures['rtl_images']:,} on the Verilated "
            f"core, in random batches, networks and pauses: {figures['mismatches']} results differ from the "
            f"reference, and the process grew by {figures['rss_growth_mib']:.1f} MiB.")


def _mutation(figures: Figures) -> str:
    return (f"{figures['caught']} of {figures['mutants']} faults put into the MyHDL sources, one at a time, are caught "
            "by the tests ([the list](../benchmarks/mutants.toml)).")


SECTIONS: dict[str, tuple[str, Callable[[Figures], str]]] = {
    "faults": ("Faults", _faults), "proofs": ("Formal proofs", _proofs), "fuzz": ("Hostile input", _fuzz),
    "soak": ("Load", _soak), "mutation": ("Faults in the hardware's sources", _mutation),
}  # fmt: skip
"""Name of the results -> heading, and what writes the section."""


def page(found: dict[str, Figures], note: str, made_by: Callable[[Figures], str]) -> str:
    """The whole page.

    Args:
        found: results by name.
        note: who wrote it.
        made_by: what made figures, in words.
    """
    parts = ["# Reliability", note, INTRODUCTION]
    for name, (heading, words) in SECTIONS.items():
        parts.append(f"## {heading}")
        if name in found:
            parts += [words(found[name]), made_by(found[name])]
        else:
            parts.append(f"Not measured yet: `python -m benchmarks.record {name} python -m benchmarks.{name}` does it.")
    return "\n\n".join(parts) + "\n"
