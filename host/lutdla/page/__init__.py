"""Pages that lutdla writes: one HTML file each, with interactive plots, that opens from disk without a network."""

from lutdla.page.plot_parts import Plot
from lutdla.page.render import render

__all__ = ["Plot", "render"]
