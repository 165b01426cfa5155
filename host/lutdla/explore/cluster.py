"""Pieces of a search on a Dask cluster that is there already: `dask scheduler`, and `dask worker` for each computer.

    search --submit--> scheduler --> workers          a worker that is lost: the scheduler gives what it had to others
       '--ledger <--- results as they come ---'       the search is lost: what has come is in the ledger

Dask sends the name of a piece's function and the JSON it is given, nothing else: a file that the function reads must be
there on every worker, under the same path. Workers need this very lutdla, and what its functions import.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import pickle
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from lutdla.errors import DeadlineError, InputError, LutdlaError, ToolError
from lutdla.explore.ledger import Ledger
from lutdla.explore.source import source
from lutdla.explore.work import Piece, Progress

if TYPE_CHECKING:
    from distributed import Client, Future

CONNECT_S = 10.0
"""For the scheduler to answer."""
WORKERS_S = 60.0
"""For a worker to come, or to come back."""
QUIET_S = 6 * 3600.0
"""For the next result, while there are workers: more than any piece takes."""
LOOK_S = 1.0
"""Between two looks at the workers."""
POLL_S = 0.05
"""Between two looks at the results."""

UNANSWERED = (OSError, asyncio.TimeoutError)
"""What Dask raises when nobody answers; in Python 3.10 these are two things."""
LOST = "the scheduler was lost: start it and its workers again, and search again, which does only what is missing"


def do_on_cluster(pieces: Iterable[Piece], ledger: Ledger, address: str, progress: Progress | None = None, *,
                  timeout_s: float = WORKERS_S, quiet_s: float = QUIET_S) -> dict[str, Any]:
    """What `lutdla.explore.work.do` does, on a cluster. Each result is written down as it comes, once.

    What a lost worker had is done again by others; Dask gives a piece up whose workers were lost four times. A piece
    that raises is not tried again. If anything is raised here, Ctrl-C too, pieces that wait are cancelled; those that
    run cannot be broken off, and their results are dropped.

    Args:
        pieces: their functions must be found by name on the workers, and so must the files that these read.
        ledger: what it has is not done.
        address: of the scheduler, as it writes it: tcp://HOST:8786.
        progress: told of each piece that is done.
        timeout_s: for a worker to be there.
        quiet_s: for the next result, while workers are there.

    Raises:
        ToolError: Dask is not installed; the scheduler was lost; a worker has another lutdla or several threads; a
            piece's function failed in a way that is not ours, or its workers were lost.
        DeadlineError: no scheduler answers, there are no workers, or no result comes.
        InputError: this is no address, or a function has no name that workers could find it by.
        LutdlaError: a piece's own, which then names the piece.
    """
    every = {piece.key: piece for piece in pieces}
    lacking = {key: piece for key, piece in every.items() if key not in ledger}
    count = 0
    for key in every:
        if key not in lacking:
            count += 1
            if progress is not None:
                progress(count, len(every), key)
    if lacking:
        with _connected(address) as client:
            watch = _Watch(client, address, timeout_s, quiet_s)
            for done in _results(client, address, lacking.values(), watch):
                for key, result in done.items():  # all of them, before progress may raise
                    ledger.keep(key, result)
                for key in done:
                    count += 1
                    if progress is not None:
                        progress(count, len(every), key)
    return {key: ledger[key] for key in every}


# -- here --------------------------------------------------------------------------------------------------------------
@contextmanager
def _connected(address: str) -> Iterator[Client]:
    """A client. When it closes, the scheduler cancels what was submitted and is not done."""
    try:
        from distributed import Client
    except ImportError as error:
        raise ToolError(f"--cluster needs the Python package {error.name!r}: pip install 'lutdla[explore]'") from error
    try:
        with ThreadPoolExecutor(1) as pool:  # a notebook's own thread has an event loop already
            pool.submit(_ask, address).result()
        client = Client(address, timeout=CONNECT_S, set_as_default=False, name="lutdla")
    except (ValueError, TypeError) as error:
        raise InputError(f"cluster {address}: no address of a scheduler ({error}): write tcp://HOST:8786, or "
                         "tls://HOST:8786 with certificates in Dask's configuration") from error
    except UNANSWERED as error:
        raise DeadlineError(f'cluster {address}: no scheduler answers within {CONNECT_S:g} s: start one with "dask '
                            f'scheduler", and workers with "{_start(address)}"') from error
    log = logging.getLogger("distributed.client")
    level = log.level
    log.setLevel(logging.CRITICAL)  # of what else it says, tracebacks and all, something is raised here
    try:
        yield client
    finally:
        with suppress(*UNANSWERED):  # it is lost, and what happened is more important
            client.close(CONNECT_S)
        log.setLevel(level)


def _ask(address: str) -> None:
    """A scheduler, or an error: `Client` itself waits for ever for one that takes calls and says nothing."""
    from distributed import Security
    from distributed.core import rpc

    async def identity() -> None:
        async with rpc(address, connection_args=Security().get_connection_args("client")) as scheduler:
            found = await scheduler.identity()
            if found["type"] != "Scheduler":
                raise ValueError(f"there is a {found['type'].lower()}")

    asyncio.run(asyncio.wait_for(identity(), CONNECT_S))


def _results(client: Client, address: str, pieces: Iterable[Piece], watch: _Watch) -> Iterator[dict[str, Any]]:
    """Results by key, those together that came together."""
    from distributed import as_completed

    keys = {_submitted(client, piece): piece.key for piece in pieces}
    coming = as_completed(keys, loop=client.loop, with_results=True, raise_errors=False)
    while keys:
        done: dict[str, Any] = {}
        failed: list[LutdlaError] = []
        for future, outcome in coming.next_batch(block=False):
            key = keys.pop(future)  # and with it the result on the worker
            try:
                done[key] = _result(address, key, future, outcome)
            except LutdlaError as error:
                failed.append(error)
        if done:
            watch.heard()
            yield done
        if failed:
            raise failed[0]
        watch.look()
        time.sleep(POLL_S)


def _submitted(client: Client, piece: Piece) -> Future:
    """Where the same piece is submitted twice, by two searches, it is done once."""
    name = f"{piece.function.__module__}:{piece.function.__qualname__}"
    try:
        known = piece.function.__module__ != "__main__" and resolve_name(name) is piece.function
    except (ImportError, AttributeError, ValueError):
        known = False
    if not known:
        raise InputError(f"piece {piece.key}: workers cannot import its function {name}: put it into a module")
    call = _Call(name, json.dumps(piece.given, sort_keys=True), source())
    content = hashlib.sha256(repr(call).encode()).hexdigest()
    # The first part is the group, by which Dask sees that these are many: it then keeps them until a worker is free.
    return client.submit(pickle.loads, pickle.dumps(call), key=("lutdla", piece.key, content[:16]))


@dataclass(frozen=True)
class _Call:
    """What a worker does when it unpickles this. Dask itself unpickles bytes only: it must not fail, and with it the
    worker, where there is no lutdla."""

    function: str
    given: str
    source: str

    def __reduce__(self) -> tuple[Any, ...]:
        return _done_by_a_worker, (self.function, self.given, self.source)


def _result(address: str, key: str, future: Future, outcome: Any) -> Any:
    """The result of a piece that is done; otherwise its error, or why it is not done."""
    from distributed import KilledWorker

    if future.status == "finished":
        wrong, result = outcome
        if wrong:
            raise ToolError(f"cluster {address}: {wrong}")
        return result
    if future.status != "error":
        raise ToolError(f"cluster {address}: {LOST}")
    error = outcome[1]
    if isinstance(error, LutdlaError):
        error.args = (f"piece {key}: {error}",)
        raise error
    if isinstance(error, KilledWorker):
        raise ToolError(f"cluster {address}: piece {key} was lost with its worker {error.allowed_failures + 1} times, "
                        f"at last with {error.last_worker.address}: see what the workers wrote, and whether they have "
                        "memory enough") from error
    fix = " (workers need the lutdla of this computer, with the same extras)" if isinstance(error, ImportError) else ""
    raise ToolError(f"cluster {address}: piece {key}: {type(error).__name__}: {error}{fix}") from error


class _Watch:
    """Raises when nothing can come any more."""

    def __init__(self, client: Client, address: str, timeout_s: float, quiet_s: float) -> None:
        self.client, self.address, self.timeout_s, self.quiet_s = client, address, timeout_s, quiet_s
        self.result_at = self.worker_at = self.looked_at = time.monotonic()

    def heard(self) -> None:
        """A result came, and so there was a worker."""
        self.result_at = self.worker_at = time.monotonic()

    def look(self) -> None:
        """At the scheduler and its workers, if it is time to."""
        now = time.monotonic()
        if now < self.looked_at + LOOK_S:
            return
        if self._workers():
            self.worker_at = now
        elif now > self.worker_at + self.timeout_s:
            raise DeadlineError(f'cluster {self.address} has no workers since {self.timeout_s:g} s: start "'
                                f'{_start(self.address)}"')
        if now > self.result_at + self.quiet_s:
            raise DeadlineError(f"cluster {self.address} has workers and brought no result in {self.quiet_s:g} s: see "
                                "what they do")
        self.looked_at = time.monotonic()

    def _workers(self) -> int:
        if self.client.status != "running":
            raise ToolError(f"cluster {self.address}: {LOST}")
        try:
            return len(self.client.sync(self.client.scheduler.ncores, workers=None, callback_timeout=CONNECT_S))
        except UNANSWERED as error:
            raise ToolError(f"cluster {self.address}: {LOST}") from error


def _start(address: str) -> str:
    return f"dask worker {address} --nthreads 1"


# -- on a worker -------------------------------------------------------------------------------------------------------
def _done_by_a_worker(name: str, given: str, expected: str) -> tuple[str, Any]:
    """What is wrong with this worker, and the result."""
    from distributed import get_worker

    worker, wrong = get_worker(), ""
    if source() != expected:
        wrong = (f"has another lutdla (source {source()}) than this computer (source {expected}): install the same "
                 "and start it again")
    elif worker.state.nthreads > 1:  # pieces set random seeds, and convert Verilog: both belong to the whole process
        wrong = (f"has {worker.state.nthreads} threads, and pieces need a process each: start it with "
                 f'"{_start(worker.scheduler.address)}", and --nworkers for several processes')
    if wrong:
        return f"worker {worker.address} {wrong}", None
    return "", resolve_name(name)(**json.loads(given))
