"""A search whose worker is killed: `python -m benchmarks.cluster`.

Best cores of several networks, boards and ways to encode, on a Dask cluster of two workers on this computer. When half
of them are found, a worker that has a piece is killed. Results are compared with those of the same pieces without a
cluster. The exit status is 1 when one is lost, differs, or came twice.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import ExitStack
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.cluster_piece import best_core
from benchmarks.command import run
from lutdla.explore.ledger import Ledger
from lutdla.explore.pieces import chosen
from lutdla.explore.plain import to_plain
from lutdla.explore.problem import read_problem
from lutdla.explore.work import Piece, do
from lutdla_overlay.boards import load_board
from lutdla_overlay.limits import limits_of
from tests.explore.clusters import scheduler, wait_for, worker
from tests.explore.noted import notes, wait_until_busy

NETWORKS = ("lenet5", "resnet8", "kws")
BOARDS = ("pynq-z2", "zcu104")
WAYS = ((4, 16), (8, 16))
"""(v, c) of the ways to encode."""
WORKERS = 2


def given() -> dict[str, dict[str, Any]]:
    """What each piece is given, by its key."""
    shapes = {name: to_plain(read_problem(name).shape) for name in NETWORKS}
    limits = {name: to_plain(limits_of(load_board(name))) for name in BOARDS}
    return {f"{network} {board} v={v} c={c}": {"shape": shapes[network], "limits": limits[board],
                                               "objective": "throughput", "v": v, "c": c, "metric": "l1"}
            for network, board, (v, c) in product(NETWORKS, BOARDS, WAYS)}  # fmt: skip


def on_cluster(folder: Path, ledger: Ledger, work: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Results of all pieces, with a worker killed when half of them are done."""
    with ExitStack() as stack:
        address = stack.enter_context(scheduler(folder)).address
        workers = [stack.enter_context(worker(address, folder / "workers")) for _ in range(WORKERS)]
        wait_for(address, WORKERS)

        def kill(done: int, of: int, key: str) -> None:
            print(f"{done}/{of} {key}", file=sys.stderr)
            if done == of // 2:
                wait_until_busy(folder, workers[0].pid)
                os.kill(workers[0].pid, signal.SIGKILL)

        pieces = [Piece(key, best_core, {"number": number, "folder": str(folder), **one})
                  for number, (key, one) in enumerate(work.items())]
        return do(pieces, ledger, kill, address)


def measure() -> dict[str, Any]:
    """What became of the pieces; it ends here where that is not as it should be."""
    work = given()
    expected = do([Piece(key, chosen, one) for key, one in work.items()], Ledger())
    with TemporaryDirectory() as name, Ledger(Path(name) / "ledger.sqlite") as ledger:
        found = on_cluster(Path(name), ledger, work)
        begun, ended = notes(name), notes(name, "end")
        lost = sum(key not in ledger for key in work)
    broken_off = set(begun) - set(ended)
    figures = {
        "pieces": len(work), "workers": WORKERS, "killed": len({pid for _, pid in broken_off}), "lost": lost,
        "duplicated": ledger.twice, "different": sum(found.get(key) != one for key, one in expected.items()),
        "runs": len(begun), "runs_broken_off": len(broken_off),
    }  # fmt: skip
    if figures["killed"] != 1 or figures["lost"] or figures["duplicated"] or figures["different"]:
        sys.exit(f"the cluster did not give what was asked for: {figures}")
    return figures


if __name__ == "__main__":
    run("cluster", __doc__, measure)
