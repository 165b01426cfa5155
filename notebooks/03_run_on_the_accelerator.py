# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Run on the accelerator
#
# A small network that recognises handwritten digits, as lookup tables: on the accelerator of a board, or on the
# emulator where there is no board. Both give the same bits.

# %%
import time
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import lutdla
from lutdla.runtime.target import has_board

warnings.simplefilter("ignore")  # pynq's own, on a computer that is no board
plt.style.use("lutdla.mplstyle")

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
for file in sorted(Path("models").glob("digits.[xz]*.lut")):
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
figure, axes = plt.subplots(2, 10, figsize=(9, 2.4))
for axis, image, label, guess in zip(axes.flat, images, labels, predicted):
    axis.imshow(image, cmap="gray_r")
    axis.set_title(guess, color="black" if guess == label else "red")
    axis.axis("off")
plt.show()

# %% [markdown]
# ## Watch it work
#
# `watch` runs many images batch by batch and shows how it goes. It gives the results of each batch, so that a loop can
# use them; `run()` gives all at once. Where there are no widgets, it writes a line of text.

# %%
stream = np.tile(images, (40, 1, 1))
results = network.watch(stream, labels=np.tile(labels, 40), batch=100).run()
print(results.shape)

# %% [markdown]
# ## What a call costs
#
# `profile` is what the newest call cost, counted by the core. The emulator has no clock and counts lookups only.

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
# ## Compare back ends, live
#
# One network, one set of images, whatever this computer has: the emulator, an emulated board behind pynq, the Verilated
# hardware (built the first time, which takes a while) and the MyHDL simulation, which is the source of the hardware.
# The network is a smaller one, for a core that is simulated quickly.

# %%
counts = {"emulator": 20_000, "pynq": 20_000, "rtl": 1000, "myhdl": 2}
speed, exact, wanted = {}, {}, None
for name, count in counts.items():
    if has_board() and name == "pynq":
        continue  # this computer's own board has another core
    try:
        with lutdla.open(name) as accelerator:
            network = accelerator.load("models/digits.tiny.lut")
            batch = np.resize(images, (count, 8, 8))
            network(batch[:1])  # warm
            begin = time.perf_counter()
            raw = network.raw(batch)
            speed[name] = count / (time.perf_counter() - begin)
            exact[name] = network.profile
    except lutdla.errors.ToolError as error:
        print(f"{name}: {error}")
        continue
    wanted = raw if wanted is None else wanted
    same = np.array_equal(raw, np.resize(wanted[:100], raw.shape))
    print(f"{name:<9} {count:>6,} images, {speed[name]:>9,.0f} a second: {'the same bits' if same else 'DIFFERENT'}")

# %%
figure, axis = plt.subplots(figsize=(8, 2.2))
bars = axis.barh(list(speed), list(speed.values()), color=[f"C{i}" for i in range(len(speed))], height=0.6)
axis.bar_label(bars, [f"{value:,.0f}" for value in speed.values()], padding=4)
axis.set(title="images a second on this computer", xscale="log", xlim=(1, 10 * max(speed.values())))
axis.invert_yaxis()
plt.show()

# %% [markdown]
# ## Where the cycles go
#
# Simulations count clock cycles as the hardware does; on a board the same numbers come from the core's registers.
# `layers()` says how long each layer took, counters say what the core waited for. A small network leaves much of a core
# idle: frames come in and results go out while few lookups are to be done.

# %%
name = next((name for name in ("rtl", "myhdl") if name in exact), None)
if name is not None:
    profile = exact[name]
    layers = dict(profile.layers())
    waits = {cause: getattr(profile, f"stall_{cause}") / profile.images
             for cause in ("input", "output", "encoder", "tables", "drain")}
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(11, 2.8), width_ratios=(1.2, 1.2, 0.9))
    bars = left.barh(list(layers), list(layers.values()), height=0.6)
    left.bar_label(bars, padding=3)
    left.set(title="cycles of each layer", xlim=(0, 1.2 * max(layers.values())))
    left.invert_yaxis()
    bars = middle.barh(list(waits), list(waits.values()), height=0.6, color="C1")
    middle.bar_label(bars, [f"{value:.1f}" for value in waits.values()], padding=3)
    middle.set(title="cycles that an image waited for", xlim=(0, 1.25 * max(1, *waits.values())))
    middle.invert_yaxis()
    used = profile.utilization
    right.pie([used, 1 - used], colors=["C2", "0.88"], startangle=90, counterclock=False, wedgeprops={"width": 0.35})
    right.text(0, 0, f"{used:.0%}", ha="center", va="center", fontsize=18)
    right.set_title("banks in use")
    plt.show()
    print(f"{name}: {profile.cycles_per_image:.1f} cycles an image, which is "
          f"{profile.images_per_second(100):,.0f} images a second at 100 MHz, if nothing but the core takes time")

# %% [markdown]
# The images are of *Optical Recognition of Handwritten Digits* (Alpaydin, Kaynak, UCI Machine Learning Repository,
# CC BY 4.0). `notebooks/make_models.py` in lutdla's repository trains the networks.
