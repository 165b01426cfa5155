"""The cores that boards have by default, found by the search and written to `overlay/lutdla_overlay/cores/`.

    python -m benchmarks.board_cores            # writes them
    python -m benchmarks.board_cores --check    # exit status 1 where a file is not what the search finds

A core is the fastest for one network that all boards hold which are built with it, with no more than `MOST_LUT` lookup
tables: larger ones take yosys very long, and nobody has shown that they reach the clock; `lutdla explore` finds them.
Its small memories have room for other networks of the same kind.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from lutdla.compiler.topologies import topology
from lutdla.explore.area import estimate
from lutdla.explore.choice import Choice, choose
from lutdla.explore.limits import RESOURCES, SPARE, Limits
from lutdla.explore.rating import rate
from lutdla.explore.shapes import NetworkShape
from lutdla.spec.config import CoreConfig
from lutdla_overlay.boards import board_names, load_board
from lutdla_overlay.limits import limits_of

FOLDER = Path(__file__).parents[1] / "overlay" / "lutdla_overlay" / "cores"
MOST_LUT = 33_000

ROOM = {"acc_bits": 24, "constant_rows": 32, "codebook_rows": 64, "accumulator_rows": 32, "program_rows": 32,
        "window_rows": 32}  # fmt: skip
"""What a core has at least, so that other networks of the same kind run on it."""

MORE = {"constant_rows": 64, "program_rows": 64, "window_rows": 64, "value_rows": 2048, "index_words": 4096}
"""What it has as well where there is room."""


@dataclass(frozen=True)
class Wanted:
    """A core: the network that it is the fastest for, the clock that is assumed, and its boards where they do not name
    it."""

    network: str
    clock_mhz: int
    boards: tuple[str, ...] = ()


CORES = {
    "xc7z010": Wanted("resnet8", 100), "xc7z020": Wanted("resnet8", 100),
    "xc7z020-large": Wanted("resnet20", 100, ("pynq-z1", "pynq-z2", "zybo-z7-20")),
    "zynqmp": Wanted("resnet8", 200), "zcu104": Wanted("resnet20", 200),
}  # fmt: skip


def boards_of(key: str) -> tuple[str, ...]:
    """Boards that are built with a core, or may be."""
    return CORES[key].boards or tuple(name for name in board_names() if load_board(name).core == key)


def limits_for(key: str) -> Limits:
    """What all boards of a core have."""
    every = [limits_of(load_board(name)) for name in boards_of(key)]
    amounts = {name: min(one.amounts[name] for one in every) for name in RESOURCES}
    amounts["lut"] = min(amounts["lut"], round(MOST_LUT / (1 - SPARE["lut"])))
    return replace(every[0], name=key, amounts=amounts, stream_bits=min(one.stream_bits for one in every))


def found(key: str) -> Choice:
    """The core that the search finds."""
    limits, config = limits_for(key), CoreConfig()
    shape = NetworkShape.of(topology(CORES[key].network, config), CORES[key].network)
    choice = choose(shape, rate(shape, limits, room=ROOM, v=[config.v], c=[config.c]), limits)
    if choice is None:
        sys.exit(f"no core holds {CORES[key].network} on {', '.join(boards_of(key))}")
    # what the network does not need, was left out of the core that was compiled for
    core = replace(choice.config, **{name: max(least, getattr(choice.config, name)) for name, least in ROOM.items()})
    for name, depth in MORE.items():
        deeper = replace(core, **{name: max(depth, getattr(core, name))})
        if bool(limits.holds(estimate(deeper, limits.family, choice.ultra_ram))):
            core = deeper
    return replace(choice, config=core)


def text(key: str, choice: Choice) -> str:
    """The core's file."""
    wanted, usual = CORES[key], CoreConfig()
    names = [load_board(name).name for name in boards_of(key)]
    lines = [f"# For {_list(names)}: the fastest core of at most {MOST_LUT:,} LUTs that the search finds for",
             f"# {wanted.network}. Written by `python -m benchmarks.board_cores`: change what it looks for instead.",
             f'family = "{choice_family(key)}"', f"clock_mhz_assumed = {wanted.clock_mhz}"]
    if choice.ultra_ram:
        lines.append("ultra_ram = true")
    always = ("v", "c", "metric", "ports", "blocks", "lanes", "encoders", "table_rows")
    fields = [f"{name} = {value!r}".replace("'", '"') for name, value in choice.config.to_dict().items()
              if name in always or value != getattr(usual, name)]
    return "\n".join([*lines, "", "[config]", *fields]) + "\n"


def choice_family(key: str) -> str:
    """Family of the boards' parts."""
    return limits_of(load_board(boards_of(key)[0])).family


def _list(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def main() -> None:
    """Search, show, write or compare."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.board_cores", description=__doc__)
    parser.add_argument("core", nargs="*", choices=[*CORES, []], help="only these")
    parser.add_argument("--check", action="store_true", help="write nothing; say which files differ")
    options = parser.parse_args()
    console, different = Console(highlight=False), []
    for key in options.core or CORES:
        choice = found(key)
        console.print(f"{key}: {choice.config}, {choice.cycles_per_image:,.0f} cycles an image of "
                      f"{CORES[key].network}", markup=False)
        path = FOLDER / f"{key}.toml"
        if options.check and path.read_text(encoding="utf-8") != text(key, choice):
            different.append(key)
        elif not options.check:
            path.write_text(text(key, choice), encoding="utf-8")
    if different:
        sys.exit(f"not what the search finds: {', '.join(different)}")


if __name__ == "__main__":
    main()
