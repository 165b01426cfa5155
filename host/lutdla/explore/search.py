"""The search: from a network and boards to a way to encode and a core, step by step, the cheap steps first.

    every way to encode --cycles of its best core--> bounds --estimated loss--> front
       front --compiled for--> candidates --short trainings--> accuracies --floor--> the pick

Without data, nothing is known of losses and accuracy: the ways are those of the network, or those that are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lutdla.errors import ConfigError, InputError
from lutdla.explore.answer import Answer, Candidate
from lutdla.explore.choice import OBJECTIVES, Choice
from lutdla.explore.ledger import Ledger
from lutdla.explore.limits import Limits
from lutdla.explore.mixed import mixed_front
from lutdla.explore.next_board import next_board
from lutdla.explore.picking import answer
from lutdla.explore.pieces import bounds, chosen, piece
from lutdla.explore.plain import from_plain, to_plain
from lutdla.explore.problem import Problem, plain_recipe
from lutdla.explore.proxy import map_losses
from lutdla.explore.short_run import ShortRun, dense_run, short_run
from lutdla.explore.space import AXES, check_axes
from lutdla.explore.trials import next_ways, usual_floor
from lutdla.explore.ways import Way, front, spread, with_layers
from lutdla.explore.work import Piece, Progress, do

VECTORS, CENTROIDS, METRICS = (2, 3, 4, 6, 8), (8, 16, 32, 64), AXES["metric"]
"""Ways that are looked at where data are known."""

MOST_WAYS = 8
"""Of a board, ways on the front that are compiled for."""


@dataclass(frozen=True)
class Settings:
    """What is looked for, and how thoroughly.

    Attributes:
        objective: one of `OBJECTIVES`.
        floor: accuracy that the pick must reach; None: `usual_floor`.
        v, c, metric: of the ways; empty: the network's own, or all.
        runs: short trainings, at most.
        epochs, limit: of a short training: epochs of all its stages, examples.
        trials: ways with mixed v that are looked at for each board and metric.
    """

    objective: str = "throughput"
    floor: float | None = None
    v: tuple[int, ...] = ()
    c: tuple[int, ...] = ()
    metric: tuple[str, ...] = ()
    runs: int = 4
    epochs: int = 2
    limit: int = 4096
    trials: int = 0

    def __post_init__(self) -> None:
        if self.objective not in OBJECTIVES:
            raise ConfigError(f"objective is {self.objective!r}: use one of {', '.join(OBJECTIVES)}")
        check_axes(v=self.v, c=self.c, metric=self.metric)
        for name, value in (("runs", self.runs), ("trials", self.trials)):
            if value < 0:
                raise ConfigError(f"{name} is {value}: it must be 0 or more")
        for name, value in (("epochs", self.epochs), ("limit", self.limit)):
            if value < 1:
                raise ConfigError(f"{name} is {value}: it must be 1 or more")


class Search:
    """A search, ready to run.

    Args:
        problem: the network.
        boards: to find cores for.
        settings: what is looked for.
        ledger: where results are kept; what is there is not done again.
        folder: for the dense network where it is trained here; with a cluster, all its workers must reach it.
        cluster: address of a Dask scheduler; None: all work is done here.
        progress: told of each piece that is done.

    Raises:
        ConfigError, InputError: what is asked for cannot be.
    """

    def __init__(self, problem: Problem, boards: Sequence[Limits], settings: Settings, ledger: Ledger,
                 folder: Path | None = None, cluster: str | None = None, progress: Progress | None = None) -> None:
        if not boards:
            raise InputError("there are no boards: name one")
        self.problem, self.settings = problem, settings
        self.boards = list(boards)
        self._ledger, self._folder, self._cluster, self._progress = ledger, folder, cluster, progress
        self._recipe: dict[str, Any] | None = None
        known = problem.recipe is not None
        if settings.floor is not None and (not known or settings.runs == 0):
            raise InputError(f"accuracy floor is {settings.floor:g}: accuracy is known of networks with data alone, "
                             "after short trainings: explore a recipe or a file with --data, with runs of 1 or more")
        self.v = settings.v or (VECTORS if problem.v is None else (problem.v,))
        self.c = settings.c or (CENTROIDS if problem.c is None else (problem.c,))
        self.metric = settings.metric or METRICS

    def run(self, others: Iterable[Limits] = ()) -> list[Answer]:
        """Search; an answer for each board, in their order.

        Args:
            others: boards of which the next that would help is named.
        """
        # boards with the same part have the same best core
        parts = list(dict.fromkeys(replace(board, name="") for board in self.boards))
        losses = self._losses() if self.problem.recipe is not None else {}
        ways = self._ways(parts, losses)
        candidates = self._candidates(ways, losses)
        runs = self._runs(candidates, losses) if self.problem.recipe is not None else {}
        answers = [answer(board, _scored(candidates[replace(board, name="")], runs, board.name),
                          self.settings.objective, self._floor(runs), runs) for board in self.boards]
        every = list(others)
        return [self._with_next(one, every) for one in answers] if every else answers

    # -- the steps ---------------------------------------------------------------------------------------------------
    def _losses(self) -> dict[Way, float]:
        """Estimated losses of all ways; also trains the dense network, where that is to be done."""
        recipe = self._trained()
        pairs = [[v, c] for v in self.v for c in self.c]
        done = self._do([piece(f"losses {metric}", map_losses, recipe=recipe, metric=metric, pairs=pairs)
                         for metric in self.metric])
        found = {}
        for metric, maps in zip(self.metric, done, strict=True):
            for number, (v, c) in enumerate(pairs):
                found[Way(v, c, metric)] = sum(one["losses"][number] for one in maps)
        self._maps = dict(zip(self.metric, done, strict=True))
        return found

    def _ways(self, parts: list[Limits], losses: dict[Way, float]) -> dict[Limits, list[Way]]:
        """For each part, the ways that are compiled for."""
        work = [(part, piece(f"bounds {part.name or part.family} v={v}", bounds, shape=to_plain(self.problem.shape),
                             limits=to_plain(part), objective=self.settings.objective, v=v, c=list(self.c),
                             metric=list(self.metric))) for part in parts for v in self.v]
        found: dict[Limits, list[tuple[Way, float]]] = {part: [] for part in parts}
        for (part, _), rows in zip(work, self._do([one for _, one in work]), strict=True):
            found[part] += [(Way(row["v"], row["c"], row["metric"]), row["score"]) for row in rows]
        ways = {part: _worth(rows, losses) for part, rows in found.items()}
        if self.settings.trials and losses:
            for part, more in self._mixed(parts, losses).items():
                ways[part] += [way for way in more if way not in ways[part]]
        return ways

    def _mixed(self, parts: list[Limits], losses: dict[Way, float]) -> dict[Limits, list[Way]]:
        """For each part, ways with mixed v on the front; their losses are added to those that are known."""
        pairs = [[v, c] for v in self.v for c in self.c]
        work = [(part, piece(f"mixed {metric} {part.family}", mixed_front, shape=to_plain(self.problem.shape),
                             limits=to_plain(part), objective=self.settings.objective, metric=metric, pairs=pairs,
                             losses=self._maps[metric], trials=self.settings.trials))
                for part in parts for metric in self.metric]
        rows: dict[Limits, list[tuple[Way, float]]] = {part: [] for part in parts}
        for (part, _), found in zip(work, self._do([one for _, one in work]), strict=True):
            for row in found:
                way = Way(row["v"], row["c"], row["metric"], tuple((name, v) for name, v in row["layers"]))
                losses[way] = row["loss"]
                rows[part].append((way, row["image"]))
        return {part: _worth(of, losses) for part, of in rows.items()}

    def _candidates(self, ways: dict[Limits, list[Way]], losses: dict[Way, float]) -> dict[Limits, list[Candidate]]:
        work = [(part, way, piece(f"core {way} {part.family}", chosen,
                                  shape=to_plain(with_layers(self.problem.shape, way)), limits=to_plain(part),
                                  objective=self.settings.objective, v=way.v, c=way.c, metric=way.metric))
                for part, of in ways.items() for way in of]
        found: dict[Limits, list[Candidate]] = {part: [] for part in ways}
        for (part, way, _), plain in zip(work, self._do([one for _, _, one in work]), strict=True):
            if plain is not None:
                choice = from_plain(plain, Choice)
                found[part].append(Candidate(way.v, way.c, way.metric, choice, losses.get(way), layers=way.layers))
        return found

    def _runs(self, candidates: dict[Limits, list[Candidate]], losses: dict[Way, float]) -> dict[Way, ShortRun]:
        """Short trainings of some ways: first spread over the front, then where the floor is."""
        ways = sorted({_way(one) for of in candidates.values() for one in of}, key=lambda way: losses[way])
        found: dict[Way, ShortRun] = {}
        while chosen_ways := next_ways(ways, {way: run.lut for way, run in found.items()}, self._floor(found),
                                       self.settings.runs):
            work = [piece(f"run {way}", short_run, recipe=self._trained(), v=way.v, c=way.c, metric=way.metric,
                          layers=dict(way.layers), epochs=self.settings.epochs, limit=self.settings.limit)
                    for way in chosen_ways]
            found |= {way: from_plain(plain, ShortRun) for way, plain in zip(chosen_ways, self._do(work), strict=True)}
        return found

    def _with_next(self, one: Answer, others: list[Limits]) -> Answer:
        """The answer with a sentence on the next board, where one is clearly better."""
        way = _way(one.pick) if one.pick is not None else Way(self.v[0], self.c[0], self.metric[0])
        line = next_board(with_layers(self.problem.shape, way), one, others, way.v, way.c, way.metric, self._do)
        return one if line is None else replace(one, why=(*one.why, line))

    # -- what they need ------------------------------------------------------------------------------------------------
    def _floor(self, runs: dict[Way, ShortRun]) -> float | None:
        return usual_floor(runs.values()) if self.settings.floor is None else self.settings.floor

    def _trained(self) -> dict[str, Any]:
        """The recipe, as JSON has it, with a dense network that is trained: here and now where it is not."""
        if self._recipe is None:
            recipe = self.problem.recipe
            assert recipe is not None
            if recipe.dense.epochs > 0:
                recipe = replace(recipe, dense=replace(recipe.dense, epochs=0, checkpoint=self._dense()))
            self._recipe = plain_recipe(recipe)
        return self._recipe

    def _dense(self) -> str:
        """State dict of the dense network: of a training in the recipe's folder, or of one in the search's."""
        recipe = self.problem.recipe
        assert recipe is not None
        there = Path(recipe.output.folder) / "dense.pt"
        if there.is_file():
            return str(there.absolute())
        if self._folder is None:
            raise InputError(f"the dense network of {self.problem.name} is not trained: run lutdla train first, or "
                             "give the search a folder to train it in")
        (done,) = self._do([piece("dense network", dense_run, recipe=plain_recipe(recipe),
                                  folder=str(self._folder.absolute()))])
        if not Path(done["checkpoint"]).is_file():
            raise InputError(f"{done['checkpoint']}, the dense network that this search has trained, is gone: put it "
                             f"back, or delete {self._folder}")
        return str(done["checkpoint"])

    def _do(self, work: list[Piece]) -> list[Any]:
        done = do(work, self._ledger, self._progress, cluster=self._cluster)
        return [done[one.key] for one in work]


def _worth(rows: list[tuple[Way, float]], losses: dict[Way, float]) -> list[Way]:
    """Of ways and scores, those that are compiled for: the front where losses are known."""
    if not rows:
        return []
    if losses:
        kept = front([(score, losses[way]) for way, score in rows])
        rows = sorted((row for row, on in zip(rows, kept, strict=True) if on), key=lambda row: row[1])
    else:
        rows = sorted(rows, key=lambda row: row[1])
    return [rows[at][0] for at in spread(len(rows), MOST_WAYS)]


def _way(candidate: Candidate) -> Way:
    return Way(candidate.v, candidate.c, candidate.metric, candidate.layers)


def _scored(candidates: list[Candidate], runs: dict[Way, ShortRun], board: str) -> Iterator[Candidate]:
    """Candidates with the accuracy of their way, named for a board."""
    for one in candidates:
        run = runs.get(_way(one))
        yield replace(one, choice=replace(one.choice, board=board), accuracy=None if run is None else run.lut)
