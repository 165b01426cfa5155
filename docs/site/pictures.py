"""Draws the pictures of the pages: `python docs/site/pictures.py [NAME ...]`. The same code gives the same files."""

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import matplotlib as mpl

sys.path.insert(0, str(Path(__file__).parent))

import diagrams
import idea
import waves

FOLDER = Path(__file__).parents[1] / "pictures"

PICTURES: dict[str, Callable[[Path], None]] = {
    "idea.svg": idea.draw, "flow.svg": partial(diagrams.draw, diagrams.FLOW),
    "core.svg": partial(diagrams.draw, diagrams.CORE), "waves.svg": waves.draw,
}  # fmt: skip
"""File -> what draws it."""


def main(arguments: list[str] | None = None) -> None:
    """Draw pictures into a folder."""
    parser = argparse.ArgumentParser(description="Draw the pictures of the pages.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(PICTURES)} (all)")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder to write into (docs/pictures)")
    given = parser.parse_args(arguments)
    unknown = [name for name in given.names if name not in PICTURES]
    if unknown:
        parser.error(f"no picture is called {unknown[0]!r}: known are {', '.join(PICTURES)}")
    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "lutdla"
    given.out.mkdir(parents=True, exist_ok=True)
    for name in given.names or PICTURES:
        PICTURES[name](given.out / name)
        sys.stdout.write(f"{given.out / name}\n")


if __name__ == "__main__":
    main()
