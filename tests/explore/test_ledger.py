"""A ledger keeps each result once, whoever writes."""

import json
import sqlite3
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lutdla.errors import InputError
from lutdla.explore import ledger as ledgers
from lutdla.explore.ledger import Ledger

VALUES = st.recursive(st.none() | st.booleans() | st.integers(-2**60, 2**60) | st.floats(allow_nan=False) | st.text(),
                      lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
                      max_leaves=5)

WRITER = """
import sys
from lutdla.explore.ledger import Ledger
with Ledger(sys.argv[1]) as ledger:
    print(len([key for key in range(60) if ledger.keep(str(key), [key, sys.argv[2]])]), ledger.twice)
"""


@given(st.lists(st.tuples(st.text(max_size=3), VALUES), max_size=12))
def test_a_ledger_keeps_the_first_result_of_each_key(written):
    first: dict = {}
    with Ledger() as ledger:
        for key, result in written:
            assert (key in ledger) == (key in first)
            assert ledger.keep(key, result) == (key not in first)
            first.setdefault(key, result)
        assert len(ledger) == len(first)
        assert ledger.twice == len(written) - len(first)
        assert {key: ledger[key] for key in first} == {key: json.loads(json.dumps(at)) for key, at in first.items()}


def test_results_outlive_the_ledger(tmp_path):
    path = tmp_path / "new" / "search.db"
    with Ledger(path) as ledger:
        ledger.keep("a", [1, 2.5, None])
    with Ledger(path) as ledger:
        assert ledger["a"] == [1, 2.5, None]
        with pytest.raises(KeyError, match="b"):
            ledger["b"]


def test_what_json_does_not_have_is_not_kept():
    with Ledger() as ledger:
        with pytest.raises(TypeError):
            ledger.keep("a", object())
        assert "a" not in ledger


def test_two_processes_write_at_a_time(tmp_path):
    path = tmp_path / "search.db"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), name], stdout=subprocess.PIPE, text=True)
               for name in ("a", "b")]
    said = [writer.communicate(timeout=60)[0].split() for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0]
    assert sum(int(kept) for kept, _ in said) == sum(int(twice) for _, twice in said) == 60
    with Ledger(path) as ledger:
        assert len(ledger) == 60
        assert [ledger[str(key)][0] for key in range(60)] == list(range(60))
        assert [sum(ledger[str(key)][1] == name for key in range(60)) for name in ("a", "b")] == [
            int(kept) for kept, _ in said]


@pytest.mark.parametrize("content", [b"no database at all, but long enough to be looked at", b"SQLite format 3\0" * 9])
def test_a_file_that_is_no_ledger_is_refused(tmp_path, content):
    path = tmp_path / "search.db"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"search\.db: no ledger of a search \(.+\): name another file, or delete it"):
        Ledger(path)
    assert path.read_bytes() == content


def test_a_database_of_something_else_is_refused(tmp_path):
    base = sqlite3.connect(tmp_path / "search.db")
    base.execute("create table results (score integer)")
    base.close()
    with pytest.raises(InputError, match=r"no ledger of a search \(no such column: key\)"):
        Ledger(tmp_path / "search.db")


def test_a_folder_that_takes_no_files_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"/proc/search\.db: no ledger of a search"):
        Ledger("/proc/search.db")  # not even root's
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"file/search\.db: no ledger of a search"):
        Ledger(tmp_path / "file" / "search.db")


def test_a_ledger_that_another_process_holds_is_not_waited_for_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(ledgers, "WAIT_S", 0.2)
    with Ledger(tmp_path / "search.db") as ledger:
        other = sqlite3.connect(tmp_path / "search.db", isolation_level=None)
        other.execute("begin exclusive")
        start = time.monotonic()
        with pytest.raises(InputError, match=r"cannot write the result of a \(database is locked\): make room, or"):
            ledger.keep("a", 1)
        assert time.monotonic() - start < 5
        other.execute("rollback")
        other.close()
        assert ledger.keep("a", 1)
