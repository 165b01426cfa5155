# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # What a table lookup network is
#
# A layer of a neural network multiplies: `y = W x`. A lookup network reads instead. It cuts `x` into short vectors,
# takes for each the nearest of a few stored *centroids*, and adds up what those centroids times the weights are known
# to be. This notebook takes one layer apart, with numpy alone: the first layer of a small network that reads 8 x 8
# digits.

# %%
import matplotlib.pyplot as plt
import numpy as np

from lutdla import reference

plt.style.use("lutdla.mplstyle")
layer = np.load("models/first_layer.npz")
images = layer["images"].astype(float)  # (400, 8, 8), grey values 0..16
weight = layer["weight"].astype(float)  # (64 outputs, 64 pixels)
pixels = images.reshape(len(images), -1)
print(f"{len(images)} images, a layer of {weight.shape[1]} inputs and {weight.shape[0]} outputs: "
      f"{weight.size:,} multiplications an image")

# %% [markdown]
# ## Cut the input into short vectors
#
# Here each vector has `v = 2` values: a pair of neighbouring pixels. The marked pair takes these values in 400 images
# (spread a little, so that equal ones show). Some places are crowded, many are empty: that is why a few centroids can
# stand for all of them.

# %%
V, PLACE = 2, 13
pairs = pixels.reshape(len(pixels), -1, V)  # (400, 32 subspaces, 2)
points = pairs[:, PLACE]
jitter = np.random.default_rng(0).normal(0, 0.12, points.shape)

figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.6), width_ratios=(1, 1.2))
left.imshow(images[0], cmap="gray_r")
left.add_patch(plt.Rectangle((PLACE * V % 8 - 0.5, PLACE * V // 8 - 0.5), V, 1, fill=False, color="C1", lw=3))
left.set_title("an image and one pair of its pixels")
left.axis("off")
right.scatter(*(points + jitter).T, s=14, alpha=0.5)
right.scatter(*points[0], s=90, color="C1", edgecolor="white", zorder=3)
right.set(title="this pair in all images", xlabel="left pixel", ylabel="right pixel", aspect="equal")
plt.show()


# %% [markdown]
# ## A codebook: the nearest centroid stands for all its neighbours
#
# k-means finds `c = 8` centroids for the pair. A pair is then no longer two numbers but one index of 3 bits: the number
# of the nearest centroid. Which is nearest depends on the distance. The accelerator has three; the simpler ones need no
# multipliers at all. The regions below are drawn by `lutdla.reference.distance`, the function that defines what the
# hardware computes.

# %%
def codebook_of(points, c, rounds=15):
    """c centroids of points (M, v): k-means, begun at points spread over the data."""
    order = np.lexsort(points.T)
    centroids = points[order[np.linspace(0, len(points) - 1, c).astype(int)]].astype(float)
    for _ in range(rounds):
        nearest = ((points[:, None] - centroids) ** 2).sum(axis=2).argmin(axis=1)
        centroids = np.array([points[nearest == j].mean(axis=0) if (nearest == j).any()
                              else points[np.abs(points - centroids[nearest]).sum(axis=1).argmax()]
                              for j in range(c)])
    return centroids


# %%
centroids = codebook_of(points, c=8)
side = np.linspace(-1, 17, 110)
figure, axes = plt.subplots(1, 3, figsize=(10, 3.7), sharey=True)
for axis, metric, words in zip(axes, ("l2", "l1", "chebyshev"),
                               ("L2: squares", "L1: sum of differences", "Chebyshev: largest difference")):
    region = [[reference.distance(np.array([x, y]), centroids, metric).argmin() for x in side] for y in side]
    axis.imshow(region, origin="lower", extent=(-1, 17, -1, 17), cmap="Pastel1", vmax=8, interpolation="nearest")
    axis.scatter(*(points + jitter).T, s=6, color="0.35", alpha=0.5)
    axis.scatter(*centroids.T, s=70, color="C0", edgecolor="white", zorder=3)
    axis.set_title(words)
plt.show()

# %% [markdown]
# ## What the network sees
#
# With a codebook for each of the 32 pairs, an image becomes 32 indices. Put the centroids back, and the digit is still
# there. Longer vectors need fewer lookups, and lose more.

# %%
def codebooks_of(pixels, v, c):
    """Codebooks (subspaces, c, v) of inputs (M, K)."""
    slices = pixels.reshape(len(pixels), -1, v)
    return np.array([codebook_of(slices[:, s], c) for s in range(slices.shape[1])])


def encode(pixels, codebooks):
    """Indices (M, subspaces) of the nearest centroids."""
    slices = pixels.reshape(len(pixels), len(codebooks), 1, -1)
    return ((slices - codebooks) ** 2).sum(axis=3).argmin(axis=2)


def decode(indices, codebooks):
    """The centroids that indices stand for, as inputs (M, K)."""
    return codebooks[np.arange(len(codebooks)), indices].reshape(len(indices), -1)


# %%
ways = ((1, 16), (2, 16), (4, 16), (8, 16))
figure, axes = plt.subplots(2, 5, figsize=(9, 4))
for row, image in zip(axes, (3, 12)):
    row[0].imshow(images[image], cmap="gray_r")
    row[0].set_title("64 pixels")
    for axis, (v, c) in zip(row[1:], ways):
        codebooks = codebooks_of(pixels, v, c)
        seen = decode(encode(pixels[image : image + 1], codebooks), codebooks)
        axis.imshow(seen.reshape(8, 8), cmap="gray_r", vmin=0, vmax=16)
        axis.set_title(f"v={v}: {64 // v} indices")
for axis in axes.flat:
    axis.axis("off")
plt.show()

# %% [markdown]
# ## A table: all products, computed before
#
# A pair can only be one of `c` centroids now, so its products with the weights are known: `c` rows of 64 numbers. One
# image needs one row of each table, the row that its index names. Their sum is the layer's result. Nothing is
# multiplied any more.

# %%
codebooks = codebooks_of(pixels, V, 8)
slices = weight.reshape(len(weight), -1, V)  # (64 outputs, 32 subspaces, 2)
tables = np.einsum("scv,nsv->scn", codebooks, slices)  # (32 subspaces, 8 centroids, 64 outputs)
indices = encode(pixels, codebooks)  # (400 images, 32 subspaces)
rows = tables[np.arange(len(tables)), indices[0]]  # (32 rows, 64 outputs)
result, exact = rows.sum(axis=0), weight @ pixels[0]

figure, (top, middle, bottom) = plt.subplots(3, 1, figsize=(9, 6.4), height_ratios=(1.3, 1.9, 1.2), sharex=True)
most = np.abs(rows).max()
colours = {"cmap": "RdBu", "aspect": "auto", "interpolation": "nearest", "vmin": -most, "vmax": most}
top.imshow(tables[PLACE], **colours)
top.add_patch(plt.Rectangle((-0.5, indices[0, PLACE] - 0.5), 64, 1, fill=False, color="C1", lw=2.5))
top.set(title=f"the table of one pair; the image names row {indices[0, PLACE]}", ylabel="centroid")
middle.imshow(rows, **colours)
middle.set(title="the rows that the image names, one from each of 32 tables", ylabel="pair")
bottom.bar(np.arange(64), exact, color="0.8", width=0.9, label="W x")
bottom.plot(np.arange(64), result, "o", ms=4, label="sum of the rows")
bottom.set(title="their sum, and the exact result", xlabel="output", ylabel="value",
           ylim=(1.2 * min(result.min(), exact.min()), 1.5 * max(result.max(), exact.max())))
bottom.legend(ncols=2, loc="upper right")
plt.show()


# %% [markdown]
# ## What it costs, and what it loses
#
# The error of the layer, relative to its result, for more and for longer vectors and codebooks. More centroids cost
# table memory; longer vectors save lookups. Every point was computed here, before any training: training the codebooks
# for the task, as the next notebook does, wins most of the loss back.

# %%
def error_of(v, c):
    """Mean squared error of the layer's results, relative to their variance."""
    codebooks = codebooks_of(pixels, v, c)
    wanted = pixels @ weight.T
    have = decode(encode(pixels, codebooks), codebooks) @ weight.T
    return ((have - wanted) ** 2).mean() / wanted.var()


counts = (2, 4, 8, 16, 32)
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.5), sharey=True)
for v in (1, 2, 4, 8):
    errors = [error_of(v, c) for c in counts]
    left.plot(counts, errors, "o-", label=f"v={v}")
    right.plot([64 // v * c * 64 / 1024 for c in counts], errors, "o-", label=f"v={v}: {64 // v * 64:,} lookups")
left.set(title="more centroids", xlabel="centroids c", ylabel="relative error", xscale="log", yscale="log",
         ylim=(1e-4, 1))
left.set_xticks(counts, counts)
left.minorticks_off()
right.set(title="more memory", xlabel="tables, KiB (one byte an entry)", xscale="log")
left.legend()
right.legend()
plt.show()

# %% [markdown]
# ## What the accelerator adds
#
# - Inputs, centroids and table entries are integers of 8 bits, so that software and hardware agree on every bit.
# - Results become indices again before they leave the core: between layers, only indices are stored.
# - Many tables are read in one cycle, each giving many outputs.
#
# The idea is that of [LUT-DLA](https://arxiv.org/abs/2501.10658). Next: train such a network and compile it.
