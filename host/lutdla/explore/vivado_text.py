"""The text of a report of Vivado: its head, and its tables of both kinds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from lutdla.errors import InputError

_HEAD = re.compile(r"^\|\s*(Tool Version|Command|Design State|Design|Device|Speed File)\s*:\s*(.*?)\s*$", re.MULTILINE)
_SECTION = re.compile(r"^\d+(?:\.\d+)*\.? +(\S.*?)\s*$")
_TITLES = re.compile(r"\S+(?: \S+)*")


class Report:
    """A file, its head, and the way to refuse it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.text = path.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error}): name a report, or a folder of reports") from error
        self.lines = self.text.splitlines()
        self.head: dict[str, str] = {}
        for name, value in _HEAD.findall(self.text):
            self.head.setdefault(name, value)

    def fail(self, message: str) -> NoReturn:
        """Refuse the report."""
        raise InputError(f"{self.path}: {message}")

    def entry(self, name: str) -> str:
        """A line of the head."""
        if not self.head.get(name):
            self.fail(f"the head has no line {name!r}: the report is cut off, write it again")
        return self.head[name]

    @property
    def tool(self) -> str:
        """Name and version."""
        found = re.match(r"(Vivado) v?\.?\s*(\d\S*)", self.entry("Tool Version"))
        if found is None:
            self.fail(f"Tool Version is {self.head['Tool Version']!r}: it must name Vivado and its version")
        return f"{found[1]} {found[2]}"

    @property
    def implemented(self) -> bool:
        """Whether the design is placed; older timing reports do not say so, but call nets unplaced."""
        state = self.head.get("Design State")
        return "unplaced" not in self.text if state is None else bool(re.search("placed|rout", state, re.IGNORECASE))

    def tables(self) -> Iterator[tuple[str, dict[str, str]]]:
        """Every row of every table, by column, with the title of its section."""
        title, columns, closed = "", None, True
        for line in [*self.lines, ""]:
            if not line.startswith(("|", "+")):
                if not closed:
                    self.fail("its last table has no end: the report is cut off, write it again")
                columns = None
                title = found[1] if (found := _SECTION.match(line)) else title
                continue
            cells = [cell.strip() for cell in line.split("|")[1:-1]]
            if line.startswith("+"):
                closed = True
            elif cells and columns is None:
                columns = cells
            elif cells and columns is not None:
                closed = False
                yield title, dict(zip(columns, cells))

    def aligned(self, title: str) -> Iterator[dict[str, str]]:
        """Rows of a timing table: a value ends where its column's dashes end, the name of a clock begins the row."""
        lines = iter(self.lines)
        if not any(line.strip() == f"| {title}" for line in lines):
            return
        header = next((line for line in lines if "WNS(ns)" in line), "")
        ends = [at.end() for at in re.finditer(r"-+", next(lines, ""))]
        columns = dict(zip(ends, _TITLES.findall(header)))
        for line in lines:
            if not line.strip():
                return
            cells = [(at.end(), at[0]) for at in re.finditer(r"\S+", line)]
            row = {columns[end]: cell for end, cell in cells if end in columns}
            if columns and (first := next(iter(columns.values()))) == "Clock":
                row[first] = cells[0][1]
            yield row
