"""Makes what the notebooks run: python notebooks/make_models.py (needs lutdla[train]; about a minute).

    digits.npz, digits.CORE.lut   test images, and one MLP that is compiled for the layouts of cores
    digits.tiny.lut               a smaller MLP, for a core that simulators run quickly
    first_layer.npz               images, and the dense MLP's first layer
    encoder.safetensors, .json    a small encoder of MiniLM's architecture, and its vocabulary
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import sentences
import torch
from safetensors.torch import save_file
from torch import nn as torch_nn
from torch.nn import functional as F

import lutdla
from lutdla import compiler, data, nn
from lutdla.data import Dataset
from lutdla.models.mlp import mlp
from lutdla.models.pretrained import MiniLM
from lutdla.nn.boost import Averaging, Distillation, Stage
from lutdla_overlay.cores import load_core

MODELS = Path(__file__).parent / "lutdla_notebooks" / "models"
CORES = ("xc7z010", "xc7z020", "zcu104")
"""Core files (lutdla_overlay.cores) with layouts of their own; zynqmp has that of xc7z020."""
TINY = lutdla.CoreConfig(v=4, c=4, metric="l1", ports=4, blocks=2, lanes=8, encoders=1, table_rows=64, index_words=32,
                         accumulator_rows=4, constant_rows=16, codebook_rows=32, program_rows=8, window_rows=8,
                         value_rows=4, packet_beats=64)
"""A core that is built and simulated in seconds."""
IMAGES = 100
LAYER_IMAGES = 400
ENCODER = {"width": 32, "layers": 2, "heads": 4, "hidden": 128, "positions": sentences.TOKENS}
STEPS = 300
SEED = 0


def trained(digits: Dataset, hidden: int, core: lutdla.CoreConfig) -> tuple[torch_nn.Module, torch_nn.Module]:
    """A dense network, and the lookup network that is made of it."""
    train = torch.tensor(digits.train_images), torch.tensor(digits.train_labels)
    torch.manual_seed(SEED)
    dense = mlp(shape=(8, 8), hidden=(hidden,), std=16.0)
    nn.train_dense(dense, *train, epochs=60, batch=64, rate=3e-3, seed=SEED)
    boost = nn.LUTBoost(dense, stages=[Stage("joint", epochs=60, centroid_rate=0.2, weight_rate=1e-3, table_rate=1e-3)],
                        techniques=[Averaging(), Distillation(0.5)], batch=64, seed=SEED,
                        convert_options={"v": core.v, "c": core.c, "metric": core.metric})
    return dense, boost.fit(train)


def facts_of(digits: Dataset, dense: torch_nn.Module, network: torch_nn.Module) -> dict[str, object]:
    """What an artefact says of its origin."""
    test = torch.tensor(digits.test_images), torch.tensor(digits.test_labels)
    return {"data": "digits", "seed": SEED, "test_images": len(digits.test_images),
            "dense_accuracy": round(nn.accuracy(dense, *test), 4), "accuracy": round(nn.accuracy(network, *test), 4)}


def make_digits(digits: Dataset) -> None:
    """The network for boards, the images, and the first layer."""
    dense, network = trained(digits, 64, load_core(CORES[0]).config)
    chosen = np.random.default_rng(SEED).choice(len(digits.test_images), IMAGES, replace=False)
    images, labels = digits.test_images[chosen], digits.test_labels[chosen]
    np.savez_compressed(MODELS / "digits.npz", images=images, labels=labels)
    facts = facts_of(digits, dense, network)
    print(facts)
    for core in CORES:
        file = MODELS / f"digits.{core}.lut"
        compiler.compile(network, load_core(core).config, facts).save(file)
        with lutdla.open("emulator") as accelerator:
            right = accelerator.load(file)(digits.test_images).argmax(axis=1) == digits.test_labels
        print(f"{file.name}: {file.stat().st_size:,} bytes, {right.sum()} of {len(right)} test images right, "
              f"{right[chosen].sum()} of the {IMAGES} that are shipped")
    layer = next(module for module in dense if isinstance(module, torch_nn.Linear))
    np.savez_compressed(MODELS / "first_layer.npz", images=digits.train_images[:LAYER_IMAGES],
                        weight=(layer.weight.detach() / 16).half().numpy())


def make_tiny(digits: Dataset) -> None:
    """The network for simulators."""
    dense, network = trained(digits, 16, TINY)
    facts = facts_of(digits, dense, network)
    file = compiler.compile(network, TINY, facts).save(MODELS / "digits.tiny.lut")
    print(f"{file.name}: {file.stat().st_size:,} bytes, {facts}")


def make_encoder() -> None:
    """An encoder that puts sentences about one topic side by side."""
    torch.manual_seed(SEED)
    random = np.random.default_rng(SEED)
    words = sentences.vocabulary()
    model = MiniLM(words=len(words), **ENCODER)
    optimizer = torch.optim.AdamW(model.parameters(), 2e-3)
    own = torch.arange(len(sentences.TOPICS))
    for step in range(STEPS):
        first, second = (model(*map(torch.tensor, sentences.tokenize([sentences.draw(topic, random)
                         for topic in sentences.TOPICS], words))) for _ in range(2))
        loss = F.cross_entropy(first @ second.T / 0.1, own)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 100 == 0 or step == STEPS - 1:
            print(f"encoder, step {step}: loss {loss.item():.3f}")
    save_file(model.state_dict(), MODELS / "encoder.safetensors")
    (MODELS / "encoder.safetensors").chmod(0o644)  # safetensors keeps it from others
    content = {"sizes": ENCODER, "words": words, "topics": {topic: list(sentences.examples(topic))
                                                            for topic in sentences.TOPICS}}
    (MODELS / "encoder.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Train, compile, measure, write."""
    MODELS.mkdir(exist_ok=True)
    digits = data.load("digits")
    make_digits(digits)
    make_tiny(digits)
    make_encoder()


if __name__ == "__main__":
    main()
