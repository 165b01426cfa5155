"""A report of `lutdla explore` and a picture of it: `python -m benchmarks.explore_report`.

ResNet-8 on two boards, with several ways to encode. No data are given, so that accuracy and loss are not known.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from lutdla.explore.answer import Answer
from lutdla.explore.ledger import Ledger
from lutdla.explore.problem import read_problem
from lutdla.explore.report import write_report
from lutdla.explore.search import Search, Settings
from lutdla_overlay.boards import load_board
from lutdla_overlay.limits import limits_of
from tests.browser import browser, picture, prefer, resize, wait_for

NETWORK, BOARDS = "resnet8", ("pynq-z2", "zcu104")

SETTINGS = Settings(v=(2, 4, 8), c=(8, 16, 32), metric=("l1",))

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "explore_report.png"

WIDTH, HEIGHT = 1280, 1612
"""Pixels of the picture: the top of the page."""


def search(ledger: Ledger) -> list[Answer]:
    """The answers of the report."""
    return Search(read_problem(NETWORK), [limits_of(load_board(name)) for name in BOARDS], SETTINGS, ledger).run()


def photograph(report: Path, path: Path) -> None:
    """Write a picture of a report."""
    with tempfile.TemporaryDirectory() as folder, browser(Path(folder)) as driver:
        resize(driver, WIDTH, HEIGHT)
        prefer(driver, "light")
        driver.get(report.as_uri())
        wait_for(driver, "document.querySelectorAll('section:not([hidden]) .plot:not(.js-plotly-plot)').length === 0")
        path.write_bytes(picture(driver))


def main(arguments: Sequence[str] | None = None) -> None:
    """Search, write the report, take its picture."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.explore_report", description=__doc__)
    parser.add_argument("--report", type=Path, help="where the report goes; otherwise it is not kept")
    parser.add_argument("--picture", type=Path, default=PICTURE, help="where the picture goes")
    parser.add_argument("--ledger", type=Path, help="of a search that was broken off")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, Ledger(options.ledger) as ledger:
        report = options.report or Path(folder) / "report.html"
        write_report(report, "ResNet-8", search(ledger))
        photograph(report.resolve(), options.picture)
    print(f"wrote {options.picture}")


if __name__ == "__main__":
    main()
