"""A search on a real cluster: workers that die, searches that are broken off, and everything that may be missing."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack

import pytest

from lutdla.errors import ConfigError, DeadlineError, InputError, ToolError
from lutdla.explore import cluster
from lutdla.explore.cluster import do_on_cluster
from lutdla.explore.ledger import Ledger
from lutdla.explore.source import source
from lutdla.explore.work import Piece, do
from tests.explore.clusters import scheduler, wait_for, worker
from tests.explore.noted import fails, notes, refuses, square, wait_until_busy


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A scheduler of this module's tests. Each brings its workers."""
    with scheduler(tmp_path_factory.mktemp("scheduler")) as process:
        yield process.address


@pytest.fixture
def workers(address, tmp_path):
    """Two workers."""
    with ExitStack() as stack:
        processes = [stack.enter_context(worker(address, tmp_path / "workers")) for _ in range(2)]
        wait_for(address, workers=2)
        yield processes


@pytest.fixture
def folder(tmp_path):
    """For the notes of pieces."""
    (tmp_path / "notes").mkdir()
    return tmp_path / "notes"


def pieces(folder, count, seconds=0.0):
    return [Piece(f"square {number}", square, {"number": number, "folder": str(folder), "seconds": seconds})
            for number in range(count)]


def squares(count):
    return {f"square {number}": {"number": number, "square": number * number} for number in range(count)}


def stop(process):
    """As power that fails."""
    os.kill(process.pid, signal.SIGKILL)
    process.wait(60)


def elapsed(start):
    return time.monotonic() - start


def test_a_cluster_gives_what_this_computer_gives(address, workers, folder):
    told, ledger = [], Ledger()
    ledger.keep("square 3", {"kept": True})
    found = do(pieces(folder, 12), ledger, lambda *of: told.append(of), address)
    assert list(found.items()) == list(do(pieces(folder, 12), ledger).items())
    assert found == squares(12) | {"square 3": {"kept": True}}
    assert [done for done, _, _ in told] == list(range(1, 13))
    assert {of for _, of, _ in told} == {12}
    assert told[0][2] == "square 3"
    begun = notes(folder)
    assert sorted(number for number, _ in begun) == [*range(3), *range(4, 12)]
    assert {pid for _, pid in begun} <= {process.pid for process in workers}
    assert ledger.twice == 0


def test_nothing_is_asked_of_a_cluster_where_nothing_is_lacking():
    with Ledger() as ledger:
        ledger.keep("square 0", 0)
        assert do(pieces("nowhere", 1), ledger, None, "tcp://127.0.0.1:1") == {"square 0": 0}


def test_a_killed_worker_costs_only_what_it_had(address, workers, tmp_path, folder):
    killed = workers[0].pid

    def kill(done, of, key):
        if done == 3:
            wait_until_busy(folder, killed)
            stop(workers[0])

    with Ledger(tmp_path / "search.db") as ledger:
        assert do(pieces(folder, 12, 0.25), ledger, kill, address) == squares(12)
        assert len(ledger) == 12
        assert ledger.twice == 0
    begun, ended = notes(folder), notes(folder, "end")
    lost = {at for at in begun if at not in ended}
    assert len(lost) == 1
    assert {pid for _, pid in lost} == {killed}
    numbers = [number for number, _ in begun]
    again = {number for number in numbers if numbers.count(number) > 1}
    assert {number for number, _ in lost} <= again
    assert len(again) <= 2  # and the one whose result had not left the worker
    assert again <= {number for number, pid in begun if pid == killed}


def test_a_search_that_is_broken_off_is_cancelled_and_goes_on(address, workers, tmp_path, folder):
    def breaks(done, of, key):
        if done == 3:
            raise KeyboardInterrupt

    with Ledger(tmp_path / "search.db") as ledger:
        with pytest.raises(KeyboardInterrupt):
            do(pieces(folder, 20, 0.1), ledger, breaks, address)
        kept = [number for number in range(20) if f"square {number}" in ledger]
    assert 3 <= len(kept) <= 5  # results that came together are written down together
    time.sleep(0.5)
    begun = notes(folder)
    assert len(begun) <= len(kept) + 4  # those that ran, and those that were on their way
    time.sleep(0.5)
    assert notes(folder) == begun
    with Ledger(tmp_path / "search.db") as ledger:
        assert do(pieces(folder, 20, 0.1), ledger, None, address) == squares(20)
        assert ledger.twice == 0
    rest = [number for number, _ in notes(folder)[len(begun):]]
    assert sorted(rest) == sorted(set(range(20)) - set(kept))


def test_a_piece_that_fails_is_named_and_not_tried_again(address, workers, folder):
    with Ledger() as ledger:
        with pytest.raises(ConfigError, match=r"^piece resnet8 v=99: v is 99: it must be 1\.\.16$"):
            do([Piece("resnet8 v=99", refuses, {"folder": str(folder)})], ledger, None, address)
        assert len(notes(folder)) == 1
        with pytest.raises(ToolError, match=rf"cluster {address}: piece bad: ZeroDivisionError: division by zero$"):
            do([Piece("bad", fails, {})], ledger, None, address)
        assert len(ledger) == 0


def test_when_all_workers_are_gone_the_search_ends(address, workers, tmp_path, folder):
    times = []

    def kill(done, of, key):
        if done == 2:
            for process in workers:
                stop(process)
            times.append(time.monotonic())

    with Ledger() as ledger:
        with pytest.raises(DeadlineError, match=rf'cluster {address} has no workers since 1 s: start "dask worker '
                                                rf'{address} --nthreads 1"'):
            do_on_cluster(pieces(folder, 8, 0.1), ledger, address, kill, timeout_s=1)
        assert 1 <= elapsed(times[0]) < 10
        assert len(ledger) >= 2
        with worker(address, tmp_path / "workers"):
            assert do(pieces(folder, 8), ledger, None, address) == squares(8)


def test_workers_that_bring_nothing_end_the_search(address, workers, folder):
    start = time.monotonic()
    with pytest.raises(DeadlineError, match=rf"cluster {address} has workers and brought no result in 1 s"):
        do_on_cluster(pieces(folder, 1, 4), Ledger(), address, quiet_s=1)
    assert elapsed(start) < 4


def test_a_scheduler_that_dies_ends_the_search(tmp_path, folder, caplog):
    with scheduler(tmp_path) as process, worker(process.address, tmp_path / "workers"), Ledger() as ledger:
        with pytest.raises(ToolError, match=rf"cluster {process.address}: the scheduler was lost: start it and its"):
            do(pieces(folder, 8, 0.1), ledger, lambda *of: stop(process), process.address)
        assert len(ledger) >= 1
    assert not caplog.records


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def test_without_a_scheduler_the_command_is_named(monkeypatch, folder):
    monkeypatch.setattr(cluster, "CONNECT_S", 1.0)
    nobody = f"tcp://127.0.0.1:{free_port()}"
    start = time.monotonic()
    with pytest.raises(DeadlineError, match=rf'cluster {nobody}: no scheduler answers within 1 s: start one with "dask '
                                            rf'scheduler", and workers with "dask worker {nobody} --nthreads 1"'):
        do(pieces(folder, 1), Ledger(), None, nobody)
    with socket.socket() as listener:  # takes calls and says nothing
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with pytest.raises(DeadlineError, match="no scheduler answers within 1 s"):
            do(pieces(folder, 1), Ledger(), None, f"tcp://127.0.0.1:{listener.getsockname()[1]}")
    assert elapsed(start) < 10


@pytest.mark.parametrize("wrong", ["", "here", "127.0.0.1", "mail://here:25", "tls://127.0.0.1:1"])
def test_what_is_no_address_is_refused(wrong, folder):
    with pytest.raises(InputError, match=rf"cluster {wrong}: no address of a scheduler \(.+\): write tcp://HOST:8786"):
        do(pieces(folder, 1), Ledger(), None, wrong)


@pytest.mark.parametrize(("before", "threads", "says"), [
    ("import lutdla.explore.source; lutdla.explore.source.SOURCES = ()", 1,
     rf"worker tcp://127\S+ has another lutdla \(source \w+\) than this computer \(source {source()}\): inst"),
    ("", 2, r"worker tcp://127\S+ has 2 threads, and pieces need a process each: start it with \"dask worker"),
    ("import sys; sys.modules['lutdla.explore'] = None", 1,
     r"piece square 0: ModuleNotFoundError: .+ \(workers need the lutdla of this computer, with the same extras\)$"),
])  # fmt: skip
def test_a_worker_that_would_give_other_results_is_named(address, tmp_path, folder, before, threads, says):
    with worker(address, tmp_path / "workers", threads, before), Ledger() as ledger:
        with pytest.raises(ToolError, match=rf"cluster {address}: {says}"):
            do(pieces(folder, 2), ledger, None, address)
        assert (len(ledger), notes(folder)) == (0, [])


def test_functions_that_workers_cannot_find_are_refused(address):
    def inner():
        pass

    for function in (lambda: 0, inner):
        with pytest.raises(InputError, match=r"piece p: workers cannot import its function tests\.explore\.test_"):
            do([Piece("p", function, {})], Ledger(), None, address)


def test_dask_is_imported_when_a_cluster_is_used(monkeypatch, folder):
    code = "import sys, lutdla.explore.cluster, lutdla.explore.work; print({'dask', 'distributed'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60).stdout == "set()\n"
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ToolError, match=r"--cluster needs the Python package 'distributed': pip install 'lutdla\[expl"):
        do(pieces(folder, 1), Ledger(), None, "tcp://127.0.0.1:1")
