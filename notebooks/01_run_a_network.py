# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Run a network
#
# A small network that recognises handwritten digits, as lookup tables: on the accelerator of a board, or on the
# emulator where there is no board. Both give the same bits.

# %%
from pathlib import Path

import numpy as np

import lutdla
from lutdla.runtime.target import has_board

# %% [markdown]
# ## Open the accelerator
#
# On a board `"lutdla.bit"` is the overlay that was installed for it. Elsewhere, try `"pynq"` (an emulated board behind
# the real pynq package) or `"rtl"` (the Verilated hardware, which counts clock cycles) instead of `"emulator"`.

# %%
target = "lutdla.bit" if has_board() else "emulator"
accelerator = lutdla.open(target)

# %% [markdown]
# ## Load a network
#
# A `.lut` file is compiled for the layout of a core. The models beside this notebook are one network, compiled for
# several cores: a board refuses those that are for another.

# %%
for file in sorted(Path("models").glob("digits.*.lut")):
    try:
        network = accelerator.load(file)
        break
    except lutdla.errors.FitError as error:
        print(f"{file.name}: {error}")
print(f"{file.name} runs on {accelerator.config}")

# %% [markdown]
# ## Recognise digits
#
# A hundred images of 8 x 8 pixels that the network has not seen in training: NumPy in, NumPy out.

# %%
digits = np.load("models/digits.npz")
images, labels = digits["images"], digits["labels"]
predicted = network(images).argmax(axis=1)
print(f"{(predicted == labels).sum()} of {len(labels)} are right")

# %%
try:
    import matplotlib.pyplot as plt
except ImportError:
    print("is       ", *labels[:16])
    print("predicted", *predicted[:16])
else:
    figure, axes = plt.subplots(2, 8, figsize=(9, 2.8))
    for axis, image, label, guess in zip(axes.flat, images, labels, predicted):
        axis.imshow(image, cmap="gray_r")
        axis.set_title(guess, color="black" if guess == label else "red")
        axis.axis("off")
    plt.show()

# %% [markdown]
# ## Look inside
#
# What the newest call cost, counted by the core. The emulator has no clock and counts lookups only.

# %%
print(network.profile)

# %% [markdown]
# With pynq, the overlay is there too, and the core's registers by name.

# %%
overlay = getattr(accelerator.core().backend, "overlay", None)
if overlay is not None:
    print(overlay.lutdla.status, overlay.lutdla.error, overlay.lutdla.counters, sep="\n")
    print(overlay.lutdla.register_map)

# %%
accelerator.close()

# %% [markdown]
# The images are of *Optical Recognition of Handwritten Digits* (Alpaydin, Kaynak, UCI Machine Learning Repository,
# CC BY 4.0). `notebooks/make_models.py` in lutdla's repository trains the network.
