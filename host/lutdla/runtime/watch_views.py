"""Views of a watched call: a panel of ipywidgets in a notebook, a line of text elsewhere."""

from __future__ import annotations

import base64
import html
import io
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt

from lutdla.errors import InputError, ToolError
from lutdla.runtime.watch import View, WatchState

VIEWS = ("auto", "widgets", "text", "none")

BARS = 10
"""Most classes whose results are drawn."""

BLUE, GREEN, RED, GREY = "#3b7dd8", "#2e9e5b", "#d64545", "var(--jp-border-color2, #bdbdbd)"


def open_view(name: str, state: WatchState) -> View:
    """The view with a name.

    Raises:
        InputError: there is none with this name.
        ToolError: "widgets" without ipywidgets.
    """
    if name not in VIEWS:
        raise InputError(f"view is {name!r}: use one of {', '.join(VIEWS)}")
    if name == "auto":
        name = "widgets" if _in_notebook() and find_spec("ipywidgets") is not None else "text"
    if name == "none":
        return NoView()
    return Panel(state) if name == "widgets" else TextLine()


def _in_notebook() -> bool:
    """Whether a Jupyter kernel runs this; a kernel has imported IPython already."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return hasattr(shell, "kernel")


class NoView:
    """Shows nothing."""

    def update(self, state: WatchState) -> None:
        """Nothing."""

    def close(self, state: WatchState) -> None:
        """Nothing."""


class TextLine:
    """One line that is written again and again; where that cannot be, as in a file, once at the end.

    Args:
        stream: where it goes; None: standard output.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stdout if stream is None else stream
        self._again = self._stream.isatty() or _in_notebook()
        self._width = 0

    def update(self, state: WatchState) -> None:
        """Write over what was there."""
        if self._again:
            self._write("\r", state, "")

    def close(self, state: WatchState) -> None:
        """Write and end the line."""
        self._write("\r" if self._again else "", state, "\n")

    def _write(self, before: str, state: WatchState, after: str) -> None:
        words = [f"{value} {name}" for name, value in state.rows()]
        if state.prediction is not None:
            words.append(f"last: {said(state)}")
        text = ", ".join(words)
        self._stream.write(before + text.ljust(self._width) + after)
        self._stream.flush()
        self._width = len(text)


def said(state: WatchState) -> str:
    """What the network says of the newest image, and whether that is right."""
    if state.prediction is None:
        return ""
    name = state.name_of(state.prediction)
    if state.label is None:
        return name
    return f"{name} (right)" if state.label == state.prediction else f"{name} (it is {state.name_of(state.label)})"


class Panel:
    """A panel in a notebook: progress, figures, the curve of the rate, the newest image and its results.

    Attributes:
        box: the widget.

    Raises:
        ToolError: ipywidgets is not installed.
    """

    def __init__(self, state: WatchState) -> None:
        try:
            import ipywidgets as widgets
            from IPython.display import display
        except ImportError as error:
            raise ToolError("view 'widgets' needs ipywidgets: pip install 'lutdla[notebooks]', or use view='text'"
                            ) from error
        bounded = state.total is not None
        self.progress = widgets.IntProgress(0, 0, state.total if bounded else 1, style={"bar_color": BLUE},
                                            layout=widgets.Layout(width="100%", height="10px"))
        self.figures, self.newest = widgets.HTML(), widgets.HTML()
        row = widgets.HBox([self.figures, self.newest], layout=widgets.Layout(align_items="flex-start"))
        self.box = widgets.VBox([self.progress, row], layout=widgets.Layout(
            border="1px solid var(--jp-border-color2, #bdbdbd)", padding="10px", width="640px"))
        self.update(state)
        display(self.box)

    def update(self, state: WatchState) -> None:
        """Draw it again."""
        self.progress.value = state.images if state.total is not None else 1
        self.figures.value = figures_html(state)
        self.newest.value = newest_html(state)

    def close(self, state: WatchState) -> None:
        """Draw it for the last time; the panel stays."""
        self.update(state)
        self.progress.bar_style = "success" if state.total in (None, state.images) else "warning"


# -- parts of the panel ------------------------------------------------------------------------------------------------
def figures_html(state: WatchState) -> str:
    """Figures as a table, and the curve of the rate below."""
    rows = "".join(
        f'<tr style="white-space:nowrap"><td style="padding-right:20px;opacity:.7">{name}</td>'
        f'<td style="text-align:right;font-variant-numeric:tabular-nums"><b>{value}</b></td></tr>'
        for name, value in state.rows())
    return (f'<div style="width:300px;line-height:1.6"><table style="width:270px">{rows}</table>'
            f'{curve_svg(list(state.rates))}</div>')


def curve_svg(values: Sequence[float], width: int = 240, height: int = 44) -> str:
    """A small curve that begins at 0; nothing of fewer than two values."""
    if len(values) < 2:
        return ""
    top = max(values) * 1.05 or 1.0
    points = " ".join(f"{i * width / (len(values) - 1):.1f},{height - value * height / top:.1f}"
                      for i, value in enumerate(values))
    return (f'<svg width="{width}" height="{height + 16}" role="img" aria-label="images a second, newest batches">'
            f'<polyline points="0,{height} {points} {width},{height}" fill="{BLUE}" fill-opacity=".15"/>'
            f'<polyline points="{points}" fill="none" stroke="{BLUE}" stroke-width="1.5"/>'
            f'<text x="0" y="{height + 13}" font-size="11" fill="currentColor" opacity=".7">images a second, newest '
            "batches</text></svg>")


def newest_html(state: WatchState) -> str:
    """The newest image, what it was taken for, and its results as bars."""
    if state.scores is None:
        return ""
    right = state.label is None or state.label == state.prediction
    picture = None if state.image is None else png(state.image)
    shown = "" if picture is None else (
        f'<img alt="newest image" width="120" style="image-rendering:pixelated;border:1px solid {GREY}" '
        f'src="data:image/png;base64,{base64.b64encode(picture).decode()}">')
    words = html.escape(said(state))
    color = GREY if state.label is None else GREEN if right else RED
    return (f'<div style="display:flex;gap:16px"><div style="width:122px;text-align:center">{shown}'
            f'<div style="border-bottom:3px solid {color};line-height:1.5;margin-top:4px">{words}</div></div>'
            f'{bars_html(state)}</div>')


def bars_html(state: WatchState) -> str:
    """The largest results as bars, in the order of the classes; softmax makes shares of them."""
    if state.scores is None or len(state.scores) < 2:
        return ""
    powers = np.exp(state.scores - state.scores.max())
    shares = powers / powers.sum()
    chosen = sorted(np.argsort(-shares, kind="stable")[:BARS].tolist())
    rows = "".join(
        f'<tr style="line-height:1.15"><td style="text-align:right;padding-right:6px">{html.escape(state.name_of(i))}'
        f'</td><td><div style="height:9px;width:{max(1.0, 110 * float(shares[i])):.0f}px;'
        f'background:{BLUE if i == state.prediction else GREY}"></div></td></tr>' for i in chosen)
    return f'<table style="border-spacing:0 1px">{rows}</table>'


def png(image: npt.NDArray[Any]) -> bytes | None:
    """An image as PNG, its values spread over all greys; None for what is no picture, or without pillow.

    Args:
        image: (height, width), or with 1 or 3 channels in front or behind.
    """
    if find_spec("PIL") is None:
        return None
    if image.ndim == 3 and image.shape[0] in (1, 3):
        image = np.moveaxis(image, 0, -1)
    if image.ndim == 3 and image.shape[-1] == 1:
        image = image[..., 0]
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[-1] != 3) or min(image.shape[:2]) < 2:
        return None
    from PIL import Image

    values = image.astype(np.float32)
    low, high = float(values.min()), float(values.max())
    grey = ((values - low) * (255 / (high - low) if high > low else 0)).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(grey).save(file, "png")
    return file.getvalue()
