"""`Training`: a recipe from data to files, as `lutdla train` runs it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lutdla.errors import ConfigError
from lutdla.nn.boost.checkpoint import Checkpoints
from lutdla.nn.boost.files import write_atomically
from lutdla.nn.boost.history import History
from lutdla.nn.boost.named import schedule, techniques
from lutdla.nn.boost.processes import Share
from lutdla.nn.boost.recipe_file import Recipe
from lutdla.nn.boost.recipe_parts import Splits, augmented, dense_network, examples, stages, task
from lutdla.nn.boost.recipe_steps import answers_of, boost_of, train_dense_of
from lutdla.nn.boost.techniques.early_stop import EarlyStop
from lutdla.nn.train import Progress, silent
from lutdla.spec.config import CoreConfig

DENSE_CHECKPOINT, LUT_CHECKPOINT = "dense.ckpt", "lut.ckpt"


@dataclass(frozen=True)
class Trained:
    """What a training reached.

    Attributes:
        score: what the scores are: "accuracy", "AUC".
        dense, lut: of the dense network and of the lookup network's integers, on the test examples.
        test_examples: number of them.
        files: what was written.
    """

    score: str
    dense: float
    lut: float
    test_examples: int
    files: tuple[Path, ...]


class Training:
    """A recipe, ready to run; everything that can be refused is refused on construction.

    Args:
        recipe: what to do.
        core: the core to make an artefact for; None makes none.
        limit: use only so many examples of each split, for a quick look.
        resume: go on where the checkpoints in the output folder are; without any, begin.

    Raises:
        LutdlaError: a part of the recipe is not there or not usable; or the folder holds another training.
    """

    def __init__(self, recipe: Recipe, core: CoreConfig | None = None, *, limit: int | None = None,
                 resume: bool = False) -> None:
        self.recipe, self.core, self.resume = recipe, core, resume
        self.folder = Path(recipe.output.folder)
        self.stages, self.techniques = stages(recipe), techniques(recipe.techniques, "techniques")
        self.task = task(recipe)
        schedule(recipe.dense.schedule, recipe.dense.warmup, "dense")  # refuses what there is not
        self._choice = self._find_choice()
        if not resume and any((self.folder / name).exists() for name in (DENSE_CHECKPOINT, LUT_CHECKPOINT)):
            raise ConfigError(f"{self.folder} holds checkpoints of a training: go on with --resume, name another "
                              "folder, or delete it")
        self.splits: Splits = examples(recipe, limit)
        early = [t for t in (*self.techniques, *(t for s in self.stages for t in s.techniques))
                 if isinstance(t, EarlyStop)]
        if early and not self.splits.held_out:
            raise ConfigError("early_stop chooses by validation, which would be the test examples: set validation in "
                              "[data] to a share of the training examples")
        self.dense = dense_network(recipe, self.splits)

    def run(self, progress: Progress = silent) -> Trained:
        """Train, evaluate and write. In several processes each returns the same."""
        dense_history = train_dense_of(self.recipe, self.dense, self.splits, progress=progress,
                                       **self._kept(DENSE_CHECKPOINT))
        boost = boost_of(self.recipe, self.dense, self._choice)
        network = boost.fit(augmented(self.recipe, self.splits.train, dense=False),
                            validation=self.splits.validation, progress=progress, **self._kept(LUT_CHECKPOINT))
        history = History(self.task.SCORE, dense_history.rows + boost.history.rows)
        (name, dense), (_, lut) = (self._score(model) for model in (self.dense, network))
        files = self._write(network, history, name, {"dense": dense, "lut": lut}) if Share.here().first else ()
        Share.here().wait()
        return Trained(name, dense, lut, len(self.splits.test[0]), files)

    def _find_choice(self) -> dict[str, Any]:
        """v, c and metric: as the recipe wants them and the core has them."""
        section, choice = self.recipe.convert, {}
        for name, usual in (("v", 4), ("c", 16), ("metric", "l2")):
            wanted = getattr(section, name)
            of_core = usual if self.core is None else getattr(self.core, name)
            if self.core is not None and wanted is not None and wanted != of_core:
                raise ConfigError(f"[convert] {name} is {wanted}, the core has {of_core}: leave it out, or use another "
                                  "core")
            choice[name] = of_core if wanted is None else wanted
        return choice

    def _kept(self, name: str) -> dict[str, Any]:
        """The checkpoint, and whether there is one to go on from."""
        path = self.folder / name
        return {"checkpoint": Checkpoints(path, self.recipe.output.every_steps),
                "resume": self.resume and path.exists()}

    def _score(self, model: nn.Module) -> tuple[str, float]:
        """What the score is called, and that of the test examples."""
        return self.splits.final_score(self.task, answers_of(self.recipe, model, self.splits.test))

    def _write(self, network: nn.Module, history: History, score: str,
               scores: dict[str, float]) -> tuple[Path, ...]:
        files: dict[str, Callable[[Path], None]] = {
            "dense.pt": partial(_save, self.dense.state_dict()), "lut.pt": partial(_save, network.state_dict()),
            "history.json": history.save,
            "results.json": partial(_save_json, {"score": score, **scores, "seed": self.recipe.seed,
                                                 "test_examples": len(self.splits.test[0])}),
        }  # fmt: skip
        if history.rows:
            files["history.svg"] = history.plot
        if self.core is not None:
            files["model.lut"] = partial(self._compile, network, score, scores)
        for name, write in files.items():
            write(self.folder / name)
        return tuple(self.folder / name for name in files)

    def _compile(self, network: nn.Module, score: str, scores: dict[str, float], path: Path) -> None:
        from lutdla.compiler import compile

        assert self.core is not None
        provenance = {"seed": self.recipe.seed, "examples": len(self.splits.train[0]),
                      **{f"{name}_{score.replace(' ', '_')}": value for name, value in scores.items()}}
        compile(network.cpu(), self.core, provenance).save(path)


def _save(state: dict[str, Any], path: Path) -> None:
    buffer = io.BytesIO()
    torch.save({name: value.cpu() if isinstance(value, Tensor) else value for name, value in state.items()}, buffer)
    write_atomically(path, buffer.getvalue())


def _save_json(values: dict[str, Any], path: Path) -> None:
    write_atomically(path, (json.dumps(values, indent=2) + "\n").encode())
