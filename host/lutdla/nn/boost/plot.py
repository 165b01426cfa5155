"""The plot of a history."""

from __future__ import annotations

from pathlib import Path

from lutdla.errors import InputError
from lutdla.nn.boost.history import History

KINDS = (".svg", ".png", ".pdf")


def plot(history: History, path: Path) -> None:
    """Loss, score and rates over the epochs of all stages, one below the other. See `History.plot`."""
    rows = history.rows
    if not rows:
        raise InputError("the history is empty: there is nothing to plot")
    if path.suffix not in KINDS:
        raise InputError(f"{path}: a plot is a file that ends in {', '.join(KINDS)}")
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise InputError("plots need matplotlib: pip install 'lutdla[plot]'") from error
    rates = sorted({key for row in rows for key in row if key.startswith("rate_") and row[key]})
    curves = [("loss", ["loss"])]
    if any(row["validation"] is not None for row in rows):
        curves.append((history.score, ["validation"]))
    if rates:
        curves.append(("rate", rates))
    figure = Figure(figsize=(8, 2.2 * len(curves)), layout="constrained")
    axes = figure.subplots(len(curves), 1, sharex=True, squeeze=False)[:, 0]
    epochs = range(1, len(rows) + 1)
    for axis, (label, keys) in zip(axes, curves):
        for key in keys:
            values = [row.get(key) for row in rows]
            axis.plot(epochs, [float("nan") if value is None else value for value in values], marker=".",
                      label=key.removeprefix("rate_"))
        axis.set_ylabel(label)
        if label == "rate":
            axis.set_yscale("log", nonpositive="mask")
            axis.legend()
        for i in range(1, len(rows)):
            if rows[i]["stage"] != rows[i - 1]["stage"]:
                axis.axvline(i + 0.5, color="0.8", linewidth=1)
    for i, row in enumerate(rows):
        if i == 0 or row["stage"] != rows[i - 1]["stage"]:
            axes[0].annotate(row["stage"], (i + 1, 1.02), xycoords=("data", "axes fraction"))
    axes[-1].set_xlabel("epoch")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
