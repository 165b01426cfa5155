"""Silero VAD with its convolutions as lookups, on spoken prompts with noise: `python -m benchmarks.pretrained_vad`.

The area under the ROC curve of speech against pauses, dense and converted, on recordings that training has not seen.
Training distils the dense network's probabilities, on recordings with pink and white noise at several ratios.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.pretrained import convert_and_train, finish, on_the_core, parser
from lutdla.data import load
from lutdla.data.voice_activity import Stream, make_stream
from lutdla.models.pretrained.silero_vad import PARTS, chunks, load_silero_vad
from lutdla.nn.boost.auc import auc
from lutdla.nn.segments.distillation import cross_entropy

SEQUENCE = 32
"""Chunks of a training example: about a second."""

RATIOS = (20.0, 5.0, 0.0)
"""Speech to noise, in dB."""


def sequences(streams: list[Stream]) -> Tensor:
    """Training examples (count, SEQUENCE, 576)."""
    cut = [chunks(stream.samples) for stream in streams]
    whole = [part[: len(part) // SEQUENCE * SEQUENCE].reshape(-1, SEQUENCE, part.shape[1]) for part in cut]
    return torch.tensor(np.concatenate(whole))


def main() -> None:
    """Convert, train, measure, write the figures."""
    arguments = parser("pretrained_vad", __doc__, steps=5000)
    arguments.add_argument("--files", type=int, default=200, help="training recordings")
    arguments.add_argument("--test-files", type=int, default=109, help="test recordings")
    arguments.set_defaults(weight_rate=3e-4, table_rate=1e-3)
    options = arguments.parse_args()
    torch.set_num_threads(1)
    data, dense = load("speech-prompts"), load_silero_vad()
    train = sequences([make_stream(data.train[: options.files], snr_db=ratio, noise=noise, seed=options.seed + i)
                       for i, (ratio, noise) in enumerate([*((r, "pink") for r in RATIOS), (10.0, "white")])])
    tests = {ratio: make_stream(data.test[: options.test_files], snr_db=ratio, seed=1000 + options.seed)
             for ratio in RATIOS}

    def areas(model: nn.Module) -> dict[float, float]:
        with torch.no_grad():
            return {ratio: auc(model(torch.tensor(chunks(stream.samples)[None]))[0], torch.tensor(stream.speech))
                    for ratio, stream in tests.items()}

    before = areas(dense)
    figures: dict[str, Any] = {"train_chunks": train.shape[0] * SEQUENCE, "test_chunks": len(tests[0.0].speech)}
    made = convert_and_train(dense, PARTS, train, train, cross_entropy,
                             lambda model: float(np.mean(list(areas(model).values()))), options)
    after = areas(made.model)
    for ratio in RATIOS:
        figures |= {f"dense_auc_{ratio:.0f}db": before[ratio], f"lut_auc_{ratio:.0f}db": after[ratio]}
    figures |= {"dense": float(np.mean(list(before.values()))), "calibrated": made.before,
                "lut": float(np.mean(list(after.values()))), **made.figures}
    figures["drop_auc"] = figures["dense"] - figures["lut"]
    finish(figures | on_the_core(made.model, {"audio": train}, options), options)


if __name__ == "__main__":
    main()
