"""The demo: real images, from a dense network in PyTorch to the accelerator, with every step compared bit for bit."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

import lutdla
from lutdla import compiler, runtime
from lutdla.data import Dataset, load
from lutdla.runtime import Profile
from lutdla.spec.artefact import Artefact
from lutdla.spec.config import CoreConfig
from lutdla.verify import reference_results

if TYPE_CHECKING:
    from lutdla.nn.fashion_mlp import Trained

CLOCK_MHZ = 100.0
"""The clock that the predicted rate assumes; no board has run this yet."""

TRAIN_LINES = """\
import lutdla
from lutdla import compiler, data, nn
fashion = data.load("fashion-mnist")
network = nn.train_fashion_mlp(fashion, seed={seed}).network
compiler.compile(network, lutdla.CoreConfig()).save("{folder}/mlp.lut")
"""
RUN_LINES = """\
with lutdla.open("pynq") as accelerator:
    results = accelerator.load("{folder}/mlp.lut")(fashion.test_images)
print("accuracy", (results.argmax(axis=1) == fashion.test_labels).mean())
"""
"""What a user writes. The demo runs the first part step by step, to show progress, and the second as it stands."""


class Steps(Protocol):
    """Shows how far the demo is."""

    def begin(self, name: str) -> None:
        """A step begins; the one before has ended."""

    def advance(self, done: int, total: int, note: str) -> None:
        """`done` of `total` of the step."""


@dataclass
class Demo:
    """Runs the steps in order and keeps their figures.

    Args:
        folder: where the artefact and the test images go (for `lutdla run`).
        steps: told about progress.
        rtl_images: test images that also run on the Verilated core.
        limit: use only so many training and test images, for a quick look.
        seed: of the training.
    """

    folder: Path
    steps: Steps
    rtl_images: int = 500
    limit: int | None = None
    seed: int = 0
    figures: dict[str, float | int] = field(default_factory=dict)
    config: CoreConfig = field(default_factory=CoreConfig)

    @contextmanager
    def _step(self, key: str, name: str) -> Iterator[None]:
        self.steps.begin(name)
        start = time.perf_counter()
        yield
        self.figures[f"seconds_{key}"] = round(time.perf_counter() - start, 2)

    def run(self) -> dict[str, float | int]:
        """All steps; returns the figures, flat."""
        start = time.perf_counter()
        with self._step("data", "read the images"):
            data = self._limited(load("fashion-mnist"))
        trained = self._train(data)
        with self._step("compile", "compile to one artefact"):
            artefact = self._compile(trained, data)
        with self._step("board", "run all test images on the emulated board"):
            results = self._run_lines(data)
        with self._step("compare", "compare with what training computed"):
            self._compare(trained, data, results)
        with self._step("rtl", "build the Verilated core and run a sample on it"):
            self._run_rtl(artefact, data.test_images[: self.rtl_images], results)
        self.figures["seconds_total"] = round(time.perf_counter() - start, 2)
        return self.figures

    def lines(self) -> str:
        """The lines of Python that do all of it."""
        return (TRAIN_LINES + RUN_LINES).format(folder=self.folder.as_posix(), seed=self.seed)

    # -- steps -------------------------------------------------------------------------------------------------------
    def _limited(self, data: Dataset) -> Dataset:
        n = self.limit
        return Dataset(data.name, data.train_images[:n], data.train_labels[:n], data.test_images[:n],
                       data.test_labels[:n], data.classes, data.source)

    def _train(self, data: Dataset) -> Trained:
        import torch

        from lutdla.nn.fashion_mlp import train_fashion_mlp

        torch.set_num_threads(1)  # layers this small are slower on two
        names = {"dense": "train the dense network", "centroids": "LUTBoost: train the centroids",
                 "joint": "LUTBoost: train everything"}
        shown = ""

        def progress(stage: str, done: int, total: int, loss: float) -> None:
            nonlocal shown
            if stage != shown:
                self.steps.begin(names.get(stage, stage))
                shown = stage
            self.steps.advance(done, total, f"loss {loss:.3f}")

        trained = train_fashion_mlp(data, self.config, seed=self.seed, progress=progress)
        self.figures |= {
            "dense_accuracy": trained.dense_accuracy, "lut_accuracy": trained.lut_accuracy,
            **{f"seconds_{step}": round(seconds, 2) for step, seconds in trained.seconds.items()},
        }  # fmt: skip
        return trained

    def _compile(self, trained: Trained, data: Dataset) -> Artefact:
        provenance: dict[str, Any] = {"data": data.name, "images": len(data.train_images), "seed": self.seed,
                                      "lut_accuracy": trained.lut_accuracy}
        artefact: Artefact = compiler.compile(trained.network, self.config, provenance)
        self.folder.mkdir(parents=True, exist_ok=True)
        artefact.save(self.folder / "mlp.lut")
        np.save(self.folder / "images.npy", data.test_images)
        self.figures |= {"table_bytes": artefact.table_bytes, "codebook_bytes": artefact.codebook_bytes}
        return artefact

    def _run_lines(self, data: Dataset) -> npt.NDArray[np.float32]:
        """Run the lines that use the artefact; returns the results on the emulated board."""
        names: dict[str, Any] = {"lutdla": lutdla, "fashion": data, "print": lambda *_: None}  # the table says it later
        exec(RUN_LINES.format(folder=self.folder.as_posix()), names)
        results: npt.NDArray[np.float32] = names["results"]
        return results

    def _compare(self, trained: Trained, data: Dataset, results: npt.NDArray[np.float32]) -> None:
        import torch

        from lutdla.nn.train import logits

        expected = logits(trained.network, torch.tensor(data.test_images)).numpy()
        self.figures |= {
            "images": len(results), "mismatches": int((results != expected).any(axis=1).sum()),
            "device_accuracy": float((results.argmax(axis=1) == data.test_labels).mean()),
        }  # fmt: skip

    def _run_rtl(self, artefact: Artefact, images: npt.NDArray[np.uint8], board: npt.NDArray[np.float32]) -> None:
        expected = reference_results(artefact, images)
        with runtime.open("rtl", config=self.config) as accelerator:
            network = accelerator.load(artefact)
            wrong = (network.raw(images) != expected).any(axis=1)
            profile = network.profile
        wrong |= (artefact.dequantize(expected) != board[: len(images)]).any(axis=1)
        self._keep_profile(profile)
        self.figures |= {"rtl_images": len(images), "rtl_mismatches": int(wrong.sum())}

    def _keep_profile(self, profile: Profile) -> None:
        self.figures |= {
            "cycles_per_image": round(profile.cycles_per_image, 2),
            "lookups_per_cycle": round(profile.lookups_per_cycle, 2), "clock_mhz": CLOCK_MHZ,
            "images_per_second_predicted": round(profile.images_per_second(CLOCK_MHZ)),
        }  # fmt: skip
