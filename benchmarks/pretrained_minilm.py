"""MiniLM with fully connected layers as lookups, on mails: `python -m benchmarks.pretrained_minilm`.

A logistic regression on the dense network's vectors tells spam from ham; the same regression then takes the converted
network's vectors. Training distils the vectors' directions, on training mails without labels. `--kinds feed_forward`
are all feed-forward layers, GELU included, `--kinds qkv out feed_forward` all there are.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.pretrained import convert_and_train, finish, on_the_core, parser
from lutdla.data import load
from lutdla.models.pretrained.minilm import KINDS, load_minilm, load_tokenizer, tokenize
from lutdla.nn.segments.distillation import angle


def vectors(model: nn.Module, inputs: dict[str, Tensor], batch: int = 32) -> Tensor:
    """Vectors (texts, width)."""
    with torch.no_grad():
        parts = zip(inputs["ids"].split(batch), inputs["mask"].split(batch))
        return torch.cat([model(ids, mask) for ids, mask in parts])


def regression(x: Tensor, labels: Tensor, *, decay: float = 1e-4, steps: int = 100) -> nn.Linear:
    """Logistic regression, by L-BFGS."""
    layer = nn.Linear(x.shape[1], 1)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    optimizer = torch.optim.LBFGS(layer.parameters(), max_iter=steps, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = F.binary_cross_entropy_with_logits(layer(x)[:, 0], labels) + decay * layer.weight.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    return layer.requires_grad_(False)


def main() -> None:
    """Convert, train, measure, write the figures."""
    arguments = parser("pretrained_minilm", __doc__, steps=400)
    arguments.set_defaults(set=["codebook_rows=128", "constant_rows=128"])
    arguments.add_argument("--files", type=int, default=2000, help="training mails")
    arguments.add_argument("--test-files", type=int, default=1000, help="test mails")
    arguments.add_argument("--tokens", type=int, default=64, help="of each mail")
    arguments.add_argument("--calibration", type=int, default=128, help="mails that codebooks are made of")
    arguments.add_argument("--kinds", nargs="+", choices=sorted(KINDS), default=["feed_forward"],
                           help="layers to convert")
    options = arguments.parse_args()
    torch.set_num_threads(1)
    data, dense, tokenizer = load("spam"), load_minilm(), load_tokenizer(options.tokens)
    sides = []
    for texts, labels, count in ((data.train_texts, data.train_labels, options.files),
                                 (data.test_texts, data.test_labels, options.test_files)):
        order = torch.randperm(len(texts), generator=torch.Generator().manual_seed(options.seed))[:count].tolist()
        ids, mask = tokenize(tokenizer, [texts[i] for i in order])
        sides.append(({"ids": ids, "mask": mask}, torch.tensor([float(labels[i]) for i in order])))
    (train, train_labels), (test, test_labels) = sides
    wanted = vectors(dense, test)
    head = regression(vectors(dense, train), train_labels)

    def accuracy(model: nn.Module) -> float:
        return float(((head(vectors(model, test))[:, 0] > 0) == test_labels.bool()).float().mean())

    figures: dict[str, Any] = {"train_texts": len(train_labels), "test_texts": len(test_labels),
                               "tokens": options.tokens, "kinds": " ".join(options.kinds),
                               "dense": float(((head(wanted)[:, 0] > 0) == test_labels.bool()).float().mean())}
    few = {name: tensor[: options.calibration] for name, tensor in train.items()}
    made = convert_and_train(dense, dense.parts(*options.kinds), few, train, angle, accuracy, options)
    figures |= {"calibrated": made.before, "lut": accuracy(made.model), **made.figures}
    figures["relative_drop_percent"] = 100 * (1 - figures["lut"] / figures["dense"])
    figures["cosine"] = float(F.cosine_similarity(vectors(made.model, test), wanted).mean())
    finish(figures | on_the_core(made.model, test, options), options)


if __name__ == "__main__":
    main()
