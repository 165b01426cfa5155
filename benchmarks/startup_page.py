"""The tools' part of docs/performance.md: what a user waits for before anything runs, and how compile times grow."""

from __future__ import annotations

from typing import Any

from benchmarks.compile_words import AXES, RESNET20, STEPS
from benchmarks.engine_page import made_by, row
from lutdla.compiler.dataflow import MOST_DRAFTS

Figures = dict[str, Any]

STARTUP, GROWTH = "startup", "compile_growth"
"""Results that these sections show."""

LIMITS = {
    "import_ms": ("`import lutdla`, in the process", 50),
    "open_load_ms": ("`lutdla.open` and `load` of a {network} artefact, in the process, behind the import", 300),
    "cli_help_ms": ("`lutdla --help`, the whole process", 300),
}
"""Figure -> words for it, and what it may be, in milliseconds."""

SCALE = {"python_ms": "for scale: an interpreter that does nothing", "numpy_ms": "for scale: `import numpy`"}

WAITS = """\
Medians of {turns} fresh processes each. `import lutdla` loads names when they are first used. Of the time until a
network is loaded, importing numpy is {numpy:.0%}."""

STEPS_TAKEN = """\
Seconds of each step on residual networks of growing depth ({blocks} blocks) and width ({channels} channels), the
largest of which have {bytes_blocks:,} and {bytes_channels:,} bytes of tables. An exponent is the slope of the logarithm
of seconds over that of bytes: 1 is linear in the tables. "Streamed" compiles the same networks for a core that holds
few of their tables: the compiler draws up as many as {drafts} programs and takes the best. Their records are more with
more tables and with more images in a batch, until the program memory is full; so this step grows by leaps."""


def startup(figures: Figures) -> str:
    """What a user waits for."""
    lines = [row(["", "ms", "limit"]), row(["---", "---:", "---:"])]
    for key, (words, limit) in LIMITS.items():
        lines.append(row([words.format(network=figures["network"]), f"{figures[key]:,.1f}", str(limit)]))
    lines += [row([words, f"{figures[key]:,.1f}", ""]) for key, words in SCALE.items()]
    made = f"Made by {made_by(figures)}; {figures['machine']}."
    waits = WAITS.format(turns=figures["turns"], numpy=figures["numpy_ms"] / figures["open_load_ms"])
    return "\n\n".join([waits, "\n".join(lines), made])


def growth(figures: Figures) -> str:
    """Times of the steps of compiling, and how they grow."""
    sizes = {axis: sorted(int(key.removeprefix(f"bytes_{axis}_")) for key in figures
                          if key.startswith(f"bytes_{axis}_")) for axis in AXES}  # fmt: skip
    largest = {axis: max(found) for axis, found in sizes.items()}
    lines = [row(["step", *(cell for words in AXES.values() for cell in (f"s, most {words}", "exponent"))]),
             row(["---", *["---:"] * 2 * len(AXES)])]  # fmt: skip
    for step, words in STEPS.items():
        cells = [cell for axis in AXES for cell in (f"{figures[f'seconds_{axis}_{step}_{largest[axis]}']:,.3f}",
                                                    f"{figures[f'exponent_{axis}_{step}']:.2f}")]
        lines.append(row([words, *cells]))
    words = {axis: f"{found[0]} to {found[-1]}" for axis, found in sizes.items()}
    intro = STEPS_TAKEN.format(drafts=MOST_DRAFTS, **words,
                               **{f"bytes_{axis}": figures[f"bytes_{axis}_{size}"] for axis, size in largest.items()})
    resnet20 = " and ".join(f"{figures[key]:.2f} s for {words}" for key, words in RESNET20.items())
    picture = "![seconds of each step over bytes of tables, for more blocks and for more channels](compile_growth.svg)"
    return "\n\n".join([intro, "\n".join(lines), f"ResNet-20 is compiled in {resnet20}.", picture,
                        f"Made by {made_by(figures)}; {figures['machine']}."])


def sections(found: dict[str, Figures]) -> list[tuple[str, str]]:
    """Title and text of each section whose figures were measured."""
    made = []
    if STARTUP in found:
        made.append(("Startup", startup(found[STARTUP])))
    if GROWTH in found:
        made.append(("Time to convert and compile", growth(found[GROWTH])))
    return made


def covers(name: str) -> bool:
    """Whether a result is shown by these sections."""
    return name in (STARTUP, GROWTH)
