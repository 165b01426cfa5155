# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Train and convert
#
# From a dense network in PyTorch to a file for the accelerator, in four steps: train it, *convert* its layers to table
# lookups, train those (LUTBoost), compile. This notebook needs PyTorch (`pip install "lutdla[notebooks,train]"`),
# so it is for your computer, or for a board with a 64-bit system; the `.lut` file that it writes runs on every board.

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch

import lutdla
from lutdla import compiler, data, nn
from lutdla.models.mlp import mlp
from lutdla.nn.boost import Averaging, Distillation, Stage
from lutdla_overlay.cores import load_core

plt.style.use("lutdla.mplstyle")
torch.set_num_threads(1)  # layers this small are slower on two

# %% [markdown]
# ## Train a dense network
#
# 1,438 handwritten digits of 8 x 8 pixels to learn from, 359 to test with. `mlp` is a plain `torch.nn.Sequential`.

# %%
digits = data.load("digits")
train = torch.tensor(digits.train_images), torch.tensor(digits.train_labels)
test = torch.tensor(digits.test_images), torch.tensor(digits.test_labels)
torch.manual_seed(0)
dense = mlp(shape=(8, 8), hidden=(64,), std=16.0)
nn.train_dense(dense, *train, epochs=30, batch=64, rate=3e-3, seed=0)
print(dense)
print(f"dense network: {nn.accuracy(dense, *test):.1%} of the test images are right")

# %% [markdown]
# ## Convert it
#
# `convert` finds a codebook for every four values of each layer's input by k-means, and makes tables of the weights.
# `v`, `c` and the metric are those of the core that will run it. Without any training, something is lost: the fewer
# centroids, the more.

# %%
core = load_core("xc7z010").config
way = {"v": core.v, "metric": core.metric}
counts = (2, 4, 8, 16, 32)
converted = {c: nn.convert(dense, train[0], c=c, **way) for c in counts}
print(*(module for name, module in converted[core.c].named_children()), sep="\n")


# %% [markdown]
# ## Train the lookup network
#
# LUTBoost trains codebooks, weights and single table entries together; forward, it computes exactly the integers of the
# core. `Distillation` lets the dense network teach, `Averaging` keeps a running average of all parameters. Here it runs
# twice: with the 16 centroids that the core has, and with 4, where conversion alone loses much.

# %%
def boosted(c):
    """A trained lookup network, and what each epoch reached."""
    boost = nn.LUTBoost(dense, batch=64, techniques=[Averaging(), Distillation(0.5)],
                        convert_options={**way, "c": c},
                        stages=[Stage("joint", epochs=15, centroid_rate=0.2, weight_rate=1e-3, table_rate=1e-3)])
    return boost.fit(train, validation=test), boost.history.rows


few, few_rows = boosted(4)
network, rows = boosted(core.c)
accuracy = nn.accuracy(network, *test)
print(f"lookup network: {accuracy:.1%}, dense network: {nn.accuracy(dense, *test):.1%}")

# %%
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(11, 3.2))
left.plot(counts, [nn.accuracy(converted[c], *test) for c in counts], "o-", label="converted")
left.plot([4, core.c], [nn.accuracy(few, *test), accuracy], "*", ms=14, label="and trained")
left.axhline(nn.accuracy(dense, *test), color="0.6", ls="--", lw=1, label="dense")
left.set(title="accuracy by centroids", xlabel="centroids c", xscale="log", ylim=(0.3, 1))
left.set_xticks(counts, counts)
left.minorticks_off()
left.legend(loc="lower right")
for c, each in ((4, few_rows), (core.c, rows)):
    epochs = np.arange(1, len(each) + 1)
    middle.plot(epochs, [row["loss"] for row in each], ".-", label=f"c={c}")
    right.plot(epochs, [row["validation"] for row in each], ".-", label=f"c={c}")
middle.set(title="loss", xlabel="epoch of LUTBoost", xticks=range(1, 16, 2))
middle.legend()
right.axhline(nn.accuracy(dense, *test), color="0.6", ls="--", lw=1)
right.set(title="accuracy while it trains", xlabel="epoch of LUTBoost", ylim=(0.8, 1), xticks=range(1, 16, 2))
plt.show()

# %% [markdown]
# ## What training won back
#
# Test images that the network of 4 centroids got wrong after conversion, and right after LUTBoost.

# %%
before, after = nn.predict(converted[4], test[0]), nn.predict(few, test[0])
won = torch.nonzero((before != test[1]) & (after == test[1]))[:, 0]
print(f"{len(won)} images were won back, {int(((before == test[1]) & (after != test[1])).sum())} were lost")
figure, axes = plt.subplots(1, 9, figsize=(11, 1.7))
for axis, i in zip(axes, won.tolist()):
    axis.imshow(digits.test_images[i], cmap="gray_r")
    axis.set_title(f"{before[i]} → {after[i]}")
for axis in axes:
    axis.axis("off")
plt.show()

# %% [markdown]
# ## Compile, and check every bit
#
# `compile` lays the network out for a core and writes one file. What PyTorch computed and what the accelerator computes
# are the same numbers, not merely similar ones.

# %%
artefact = compiler.compile(network, core, {"data": "digits", "accuracy": round(accuracy, 4)})
path = artefact.save("my_digits.lut")
with lutdla.open("emulator") as accelerator, torch.no_grad():
    results = accelerator.load(path)(digits.test_images)
    same = np.array_equal(results, network(test[0]).numpy())
print(f"{path}: {path.stat().st_size:,} bytes, {artefact.table_bytes:,} of them tables")
print(f"{(results.argmax(axis=1) == digits.test_labels).mean():.1%} of the test images are right; "
      f"the results are {'the same bits' if same else 'DIFFERENT'}")

# %% [markdown]
# `my_digits.lut` is all that a board needs: the next notebook runs such a file. Larger networks train with recipes:
# `lutdla train --help`.
