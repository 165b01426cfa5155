"""Magika with all its matrix products as lookups, on files of this machine: `python -m benchmarks.pretrained_magika`.

Accuracy is the share of test files whose extension's type is the one with the largest score, dense and converted, on
files of packages and folders of which none was used for calibration or training (`lutdla.data.files`). Training distils
the dense network's scores; labels are not used. What is on a disk decides what is in the set: figures of two machines
do not compare, their differences do.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.pretrained import convert_and_train, finish, on_the_core, parser
from lutdla.data import load
from lutdla.data.files import CONTENT_TYPES
from lutdla.models.pretrained.magika import PARTS, load_magika, type_names
from lutdla.nn.segments.distillation import divergence
from lutdla.nn.train import logits

CUTS = {"dense": {"first": "scalar"}}
"""The last layer sees one vector a file, in which each value counts: single values, c levels each."""


def main() -> None:
    """Convert, train, measure, write the figures."""
    arguments = parser("pretrained_magika", __doc__, steps=600)
    arguments.add_argument("--files", type=int, default=100, help="training files of each type, at most")
    arguments.add_argument("--test-files", type=int, default=20, help="test files of each type, at most")
    arguments.add_argument("--calibration", type=int, default=128, help="files that codebooks are made of")
    arguments.set_defaults(set=["codebook_rows=128"])  # single values have a codebook each
    options = arguments.parse_args()
    torch.set_num_threads(1)
    data = load("files", train_per_class=options.files, test_per_class=options.test_files, seed=options.seed)
    train, test = (torch.tensor(side.astype(np.int64)) for side in (data.train_tokens, data.test_tokens))
    names = [CONTENT_TYPES[name] for name in data.classes]
    wanted = torch.tensor([type_names().index(names[label]) for label in data.test_labels])
    dense = load_magika()

    def accuracy(model: nn.Module) -> float:
        return share(predictions(model, test), wanted)

    of_dense = predictions(dense, test)
    figures: dict[str, Any] = {"train_files": len(train), "test_files": len(test), "dense": share(of_dense, wanted)}
    shuffled = train[torch.randperm(len(train), generator=torch.Generator().manual_seed(options.seed))]
    made = convert_and_train(dense, PARTS, shuffled[: options.calibration], shuffled, divergence, accuracy, options,
                             CUTS)
    trained = predictions(made.model, test)
    figures |= {"calibrated": made.before, "lut": share(trained, wanted), "agreement": share(trained, of_dense),
                **made.figures}
    figures["drop_points"] = 100 * (figures["dense"] - figures["lut"])
    finish(figures | on_the_core(made.model, {"content": test}, options), options)


def share(answers: Tensor, wanted: Tensor) -> float:
    """Share of the answers that are as wanted."""
    return float((answers == wanted).float().mean())


def predictions(model: nn.Module, tokens: Tensor) -> Tensor:
    """The type with the largest score of each file."""
    return logits(model, tokens, batch=16).argmax(1)


if __name__ == "__main__":
    main()
