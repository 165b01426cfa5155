# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Bring your own model
#
# Any PyTorch module whose layers the core runs can be converted: convolutions, fully connected layers, batch norm,
# ReLU, pooling, residual additions. This notebook takes a small residual network of ours, sees what is refused and why,
# trains it as lookups, and looks at what the compiler makes of it. It needs PyTorch (`pip install
# "lutdla[notebooks,train]"`).

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import Tensor
from torch import nn as layers

import lutdla
from lutdla import compiler, data, nn
from lutdla.compiler.explain import explain
from lutdla.nn.boost import Averaging, Distillation, Stage
from lutdla.verify import reference_results
from lutdla_overlay.cores import load_core

plt.style.use("lutdla.mplstyle")
torch.set_num_threads(1)


# %% [markdown]
# ## A module of your own

# %%
class Digits(layers.Module):
    """Two convolutions, the second with a residual connection, and a fully connected layer."""

    def __init__(self, activation: type[layers.Module] = layers.ReLU) -> None:
        super().__init__()
        self.first = layers.Conv2d(1, 8, 3, padding=1, bias=False)
        self.first_norm = layers.BatchNorm2d(8)
        self.second = layers.Conv2d(8, 8, 3, padding=1, bias=False)
        self.second_norm = layers.BatchNorm2d(8)
        self.activation = activation()
        self.pool = layers.MaxPool2d(2)
        self.last = layers.Linear(8 * 4 * 4, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, 10) of images (B, 1, 8, 8)."""
        x = self.pool(self.activation(self.first_norm(self.first(x))))
        x = self.activation(self.second_norm(self.second(x)) + x)
        return self.last(x.flatten(1))


# %% [markdown]
# ## What is refused, and why
#
# What the core cannot run is refused before any training. The message names the layer, its place, and a way out.

# %%
digits = data.load("digits")
scaled = [torch.tensor(images).unsqueeze(1) / 16 for images in (digits.train_images, digits.test_images)]
train, test = zip(scaled, (torch.tensor(digits.train_labels), torch.tensor(digits.test_labels)))
try:
    nn.convert(Digits(layers.Sigmoid).eval(), train[0][:100])
except lutdla.errors.CompileError as error:
    print(error)

# %% [markdown]
# ## Train it dense, then as lookups
#
# Batch norms fold into the tables and the residual is added in the core. A trained model from elsewhere comes as it is,
# or from a file: `nn.load_model("model.pt2")` reads what `torch.export` saves, and ONNX.

# %%
torch.manual_seed(0)
dense = Digits()
nn.train_dense(dense, *train, epochs=12, batch=64, rate=5e-3, seed=0)
boost = nn.LUTBoost(dense, batch=64, techniques=[Averaging(), Distillation(0.5)],
                    convert_options={"v": 4, "c": 16, "metric": "l1"},
                    stages=[Stage("joint", epochs=5, centroid_rate=0.2, weight_rate=1e-3, table_rate=1e-3)])
converted = nn.accuracy(boost.replace(train), *test)
network = boost.fit(train)
reached = {"dense": nn.accuracy(dense, *test), "converted": converted,
           "trained as lookups": nn.accuracy(network, *test)}
for name, value in reached.items():
    print(f"{name:<20} {value:.1%}")

# %% [markdown]
# ## Compile it, and see where everything goes
#
# The compiler lays the network out for the core of a board. `explain` says what became of it: cycles of each layer,
# predicted by the model that was fitted to the Verilated core, and how full each memory is.

# %%
core = load_core("xc7z010").config
artefact = compiler.compile(network, core)
found = explain(artefact)
cycles: dict[str, float] = {}
for record in found.records:
    cycles[record.layer] = cycles.get(record.layer, 0) + (record.cycles + record.waits) / found.images
memories = {use.memory: use.used / use.available for use in found.memories}

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3))
bars = left.barh(list(cycles), list(cycles.values()), height=0.6)
left.bar_label(bars, fmt="{:,.0f}", padding=3)
left.set(title="cycles of each layer, an image", xlim=(0, 1.2 * max(cycles.values())))
left.invert_yaxis()
bars = right.barh(list(memories), list(memories.values()), height=0.6, color="C2")
right.bar_label(bars, fmt="{:.0%}", padding=3)
right.set(title="how full the memories of the core are", xlim=(0, 1.15))
right.set_xticks([])
right.invert_yaxis()
plt.show()
print(f"{found.cycles_per_image:,.0f} cycles an image, {found.table_bytes:,} bytes of tables; core: {core}")

# %% [markdown]
# ## Check it
#
# Three ways to compute it must agree on every bit: PyTorch, the emulator, and `reference.py`, which is slow, short, and
# defines what is right. `lutdla verify my_model.lut` compares all back ends.

# %%
images = digits.test_images[:, None] / np.float32(16)
with lutdla.open("emulator") as accelerator, torch.no_grad():
    device = accelerator.load(artefact)
    results, raw = device(images), device.raw(images[:8])
    print("emulator and PyTorch agree:  ", np.array_equal(results, network(test[0]).numpy()))
    print("emulator and reference agree:", np.array_equal(raw, reference_results(artefact, images[:8])))

# %%
answers = results.argmax(axis=1)
confusion = np.zeros((10, 10), int)
np.add.at(confusion, (digits.test_labels, answers), 1)
figure, axis = plt.subplots(figsize=(4.2, 4))
axis.imshow(np.sqrt(confusion))
for row, column in zip(*np.nonzero(confusion)):
    axis.text(column, row, confusion[row, column], ha="center", va="center", fontsize=8,
              color="white" if row == column else "C4")
axis.set(title=f"{(answers == digits.test_labels).mean():.1%} are right", xlabel="network says", ylabel="it is",
         xticks=range(10), yticks=range(10))
plt.show()
path = artefact.save("my_model.lut")
