"""The picture of the idea: where the nearest centroid changes, a table row for each centroid, and sums of rows."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from lutdla.reference import encode

CENTROIDS = 8
OUTPUTS = 6
VALUES = (70, 35)
"""The two values that are looked up."""


def draw(path: Path) -> None:
    """Write the picture."""
    import matplotlib.pyplot as plt

    rng = np.random.default_rng(5)
    codebook = rng.integers(-115, 116, (CENTROIDS, 2))
    weights = rng.integers(-60, 61, (2, OUTPUTS))
    table = codebook @ weights // 128
    chosen = encode(np.array(VALUES), codebook, "l2")
    figure, axes = plt.subplots(1, 2, figsize=(10.5, 4), gridspec_kw={"width_ratios": (1, 1.5), "left": 0.06,
                                                                      "right": 0.99, "top": 0.9, "bottom": 0.12})
    _cells(axes[0], codebook, chosen)
    _rows(axes[1], table, chosen)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _cells(axis: Axes, codebook: np.ndarray, chosen: int) -> None:
    from matplotlib import colormaps

    grid = np.arange(-128, 128, 2)
    cells = np.array([[encode(np.array((x, y)), codebook, "l2") for x in grid] for y in grid])
    axis.imshow(cells, extent=(-129, 127, -129, 127), origin="lower", cmap=colormaps["Pastel2"],
                interpolation="nearest")
    axis.plot(*codebook.T, "o", color="0.25", markersize=6)
    for number, (x, y) in enumerate(codebook):
        axis.annotate(str(number), (x, y), xytext=(5, 4), textcoords="offset points", fontsize=10)
    axis.annotate("", codebook[chosen], VALUES, arrowprops={"arrowstyle": "-|>", "color": "#0b57b0"})
    axis.plot(*VALUES, "s", color="#0b57b0", markersize=7)
    axis.set(title=f"values {VALUES} are nearest to centroid {chosen}", xlabel="first value", ylabel="second value",
             xticks=(-128, 0, 127), yticks=(-128, 0, 127))


def _rows(axis: Axes, table: np.ndarray, chosen: int) -> None:
    axis.set(xlim=(-1.4, OUTPUTS), ylim=(CENTROIDS + 1.7, -1), title="so row "
             f"{chosen} of this subspace's table is added: no multiplication")
    axis.axis("off")
    for row, entries in enumerate(table):
        taken = row == chosen
        axis.text(-0.2, row, f"row {row}", ha="right", va="center", fontsize=9, weight="bold" if taken else "normal")
        for column, entry in enumerate(entries):
            axis.add_patch(_square(column, row, "#0b57b0" if taken else "#f1f3f5"))
            axis.text(column + 0.5, row, str(entry), ha="center", va="center", fontsize=9,
                      color="white" if taken else "0.2")
    for column in range(OUTPUTS):
        axis.annotate("", (column + 0.5, CENTROIDS + 0.55), (column + 0.5, CENTROIDS - 0.4),
                      arrowprops={"arrowstyle": "-|>", "color": "0.4"})
        axis.add_patch(_square(column, CENTROIDS + 1, "#e4f3dc"))
        added = f"+ {table[chosen, column]}".replace("+ -", "\N{MINUS SIGN} ")
        axis.text(column + 0.5, CENTROIDS + 1, added, ha="center", va="center", fontsize=9)
    axis.text(-0.2, CENTROIDS + 1, "sums", ha="right", va="center", fontsize=9)


def _square(x: float, y: float, colour: str) -> object:
    from matplotlib.patches import Rectangle

    return Rectangle((x + 0.03, y - 0.42), 0.94, 0.84, facecolor=colour, edgecolor="white")
