"""Results of a search, kept in one SQLite file as they come: each once, whatever is broken off or done twice."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Any

from lutdla.errors import InputError

WAIT_S = 30.0
"""For another process that writes."""


class Ledger:
    """Key -> result, as JSON has it.

    Args:
        path: the file; it is made where there is none. None: results live as long as this object.

    Attributes:
        twice: results that came here though there was one already.

    Raises:
        InputError: the file is no ledger.
    """

    def __init__(self, path: Path | str | None = None) -> None:
        self.path, self.twice = path, 0
        try:
            if path is not None:
                Path(path).parent.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(":memory:" if path is None else str(path), timeout=WAIT_S)
            with self._base:
                self._base.execute("create table if not exists results (key text primary key, result text not null)")
                self._base.execute("select key, result from results limit 1")
        except (OSError, sqlite3.Error) as error:
            raise InputError(f"{path}: no ledger of a search ({error}): name another file, or delete it") from error

    def __contains__(self, key: str) -> bool:
        return self._base.execute("select 1 from results where key = ?", (key,)).fetchone() is not None

    def __getitem__(self, key: str) -> Any:
        row = self._base.execute("select result from results where key = ?", (key,)).fetchone()
        if row is None:
            raise KeyError(key)
        return json.loads(row[0])

    def __len__(self) -> int:
        return int(self._base.execute("select count(*) from results").fetchone()[0])

    def keep(self, key: str, result: Any) -> bool:
        """Write a result down; False: there was one already, which stays.

        Raises:
            InputError: the file cannot be written.
        """
        content = json.dumps(result)
        try:
            with self._base:
                done = self._base.execute("insert or ignore into results (key, result) values (?, ?)", (key, content))
        except sqlite3.Error as error:
            raise InputError(f"{self.path}: cannot write the result of {key} ({error}): make room, or wait for who "
                             "writes there, and search again") from error
        new = done.rowcount == 1
        self.twice += not new
        return new

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()
