"""Pieces of work that a search is made of, each done once: here, or on a cluster.

A piece is a function that can be imported, and what it is given, as JSON. Its result, JSON too, goes into the search's
ledger under the piece's key; what is in the ledger is not done again, so that a search that was broken off goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from lutdla.explore.ledger import Ledger

Progress = Callable[[int, int, str], None]
"""Told of each piece that is done: pieces done, of how many, its key."""


@dataclass(frozen=True)
class Piece:
    """A piece of work.

    Attributes:
        key: names it in the ledger.
        function: what does it, of a module, so that another process finds it.
        given: its keyword arguments, as JSON has them.
    """

    key: str
    function: Callable[..., Any]
    given: dict[str, Any]


def do(pieces: Iterable[Piece], ledger: Ledger, progress: Progress | None = None,
       cluster: str | None = None) -> dict[str, Any]:
    """Do what the ledger lacks: one after the other, or on the cluster with this address of a scheduler.

    Returns:
        the results of all pieces, by key, in the order of the pieces.
    """
    if cluster is not None:
        from lutdla.explore.cluster import do_on_cluster

        return do_on_cluster(pieces, ledger, cluster, progress)
    every = list(pieces)
    for count, piece in enumerate(every, start=1):
        if piece.key not in ledger:
            ledger.keep(piece.key, piece.function(**piece.given))
        if progress is not None:
            progress(count, len(every), piece.key)
    return {piece.key: ledger[piece.key] for piece in every}
