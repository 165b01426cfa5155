"""Answers of a small search: real cores for two boards, and figures of trainings that did not take place."""

from dataclasses import replace
from functools import lru_cache

from lutdla.compiler.topologies import topology
from lutdla.explore.answer import Answer, Candidate
from lutdla.explore.choice import choose
from lutdla.explore.picking import answer
from lutdla.explore.rating import rate
from lutdla.explore.shapes import NetworkShape
from lutdla.spec.config import CoreConfig
from lutdla_overlay.boards import load_board
from lutdla_overlay.limits import limits_of

BOARDS = ("pynq-z2", "zcu104")


@lru_cache(maxsize=1)
def untrained() -> tuple[Answer, ...]:
    """Answers without data: neither loss nor accuracy is known."""
    shape = NetworkShape.of(topology("lenet5", CoreConfig()), "lenet5")
    return tuple(_answer(shape, limits_of(load_board(name))) for name in BOARDS)


def _answer(shape, limits):
    found = []
    for v in (4, 8):
        rated = rate(shape, limits, v=[v], c=[16], metric=["l1"], streams=False)
        found.append(Candidate(v, 16, "l1", choose(shape, rated, limits)))
    return answer(limits, found, "throughput", None, {})


def trained() -> list[Answer]:
    """Answers with losses, and with accuracies for some: one board has a pick, the other none."""
    small, large = untrained()
    fast, slow = (replace(one, front=True) for one in small.candidates)
    third = replace(slow, v=2, c=8, metric="l2", loss=0.002, layers=(("conv1", 2), ("fc1", 4)),
                    choice=replace(slow.choice, images_per_s=slow.choice.images_per_s / 3))
    fast, slow = replace(fast, loss=0.31, accuracy=0.912), replace(slow, loss=0.042, accuracy=0.975)
    return [replace(small, candidates=(fast, slow, third), pick=slow),
            replace(large, candidates=large.candidates, pick=None, why=("nothing reaches 99.0% & more",))]
