"""Boxes and arrows: pictures of what is joined to what, as data."""

from dataclasses import dataclass
from pathlib import Path

COLOURS = {"train": "#fde8c8", "file": "#e4f3dc", "run": "#dbe9fd", "core": "#dbe9fd", "memory": "#e4f3dc",
           "stream": "#fde8c8", "contract": "#eeeeee"}  # fmt: skip
"""What a box is -> its colour."""


@dataclass(frozen=True)
class Box:
    """A rectangle with a text; `x` and `y` are its centre, in units of the picture."""

    text: str
    x: float
    y: float
    kind: str
    width: float = 2.6
    height: float = 0.9


@dataclass(frozen=True)
class Diagram:
    """Boxes by name, arrows between them.

    Attributes:
        arrows: (from, to, text, bend); the bend is 0 for a straight one.
        dashed: arrows (from, to) of what decides rather than flows.
    """

    size: tuple[float, float]
    boxes: dict[str, Box]
    arrows: tuple[tuple[str, str, str, float], ...]
    dashed: tuple[tuple[str, str], ...] = ()


FLOW = Diagram(
    (13.4, 6.2),
    {
        "torch": Box("PyTorch model", 1.5, 5.4, "train"),
        "convert": Box("lutdla.nn\nconvert, LUTBoost", 5.0, 5.4, "train"),
        "compiler": Box("lutdla.compiler\nintegers, layout", 8.5, 5.4, "train"),
        "file": Box("model.lut\nprogram, tables", 11.9, 5.4, "file"),
        "runtime": Box("lutdla.runtime\nchecks, deadlines", 11.9, 3.6, "run"),
        "protocol": Box("lutdla.backends\none protocol", 8.5, 3.6, "run"),
        "spec": Box("lutdla.spec: registers, packets,\nprogram, file", 2.9, 3.6, "contract", 5.4),
        "emulator": Box("emulator\nnumpy, compiled", 1.5, 1.6, "core"),
        "rtl": Box("rtl\nVerilated core", 4.5, 1.6, "core"),
        "myhdl": Box("myhdl\nsimulation", 7.5, 1.6, "core"),
        "pynq": Box("pynq: board,\nor emulated board", 10.9, 1.6, "core", 3.2),
        "reference": Box("reference.py defines every bit", 5.6, 0.2, "contract", 5.4, 0.5),
    },
    (
        ("torch", "convert", "", 0), ("convert", "compiler", "", 0), ("compiler", "file", "", 0),
        ("file", "runtime", "load", 0), ("runtime", "protocol", "", 0), ("protocol", "emulator", "", 0),
        ("protocol", "rtl", "", 0), ("protocol", "myhdl", "", 0), ("protocol", "pynq", "", 0),
    ),
    (("spec", "protocol"), ("reference", "emulator"), ("reference", "rtl"), ("reference", "myhdl"),
     ("reference", "pynq")),
)  # fmt: skip
"""From a torch model to what runs it."""

CORE = Diagram(
    (13.4, 6.6),
    {
        "s_axis": Box("s_axis", 0.9, 5.8, "stream", 1.2, 0.6),
        "decoder": Box("packet decoder\nCRC, load buffer", 3.4, 5.8, "core"),
        "memories": Box("program, windows, codebooks,\ntables, constants", 8.0, 5.8, "memory", 4.4),
        "sequencer": Box("sequencer\nloop nest", 12.0, 5.8, "core", 2.2),
        "input": Box("frame input", 3.4, 4.1, "core"),
        "encoders": Box("encoders\nnearest centroid", 3.4, 2.4, "core"),
        "index": Box("index memory\na copy for each port", 6.9, 2.4, "memory", 2.8),
        "banks": Box("table banks\nports x blocks", 10.3, 2.4, "memory"),
        "adders": Box("adder trees,\naccumulators", 10.3, 0.7, "core"),
        "rows": Box("row FIFO", 6.9, 0.7, "core", 2.0),
        "requantize": Box("requantise,\nclamp, pool", 3.4, 0.7, "core"),
        "output": Box("frame output", 6.9, -0.8, "core"),
        "m_axis": Box("m_axis", 3.4, -0.8, "stream", 1.2, 0.6),
    },
    (
        ("s_axis", "decoder", "", 0), ("decoder", "memories", "load bus", 0), ("decoder", "input", "frames", 0),
        ("input", "encoders", "groups of values", 0), ("encoders", "index", "indices", 0),
        ("index", "banks", "rows", 0), ("banks", "adders", "entries", 0), ("adders", "rows", "sums", 0),
        ("rows", "requantize", "", 0), ("requantize", "encoders", "next layer", 0), ("rows", "output", "last layer", 0),
        ("output", "m_axis", "", 0),
    ),
    (("memories", "sequencer"), ("sequencer", "banks"), ("memories", "index")),
)  # fmt: skip
"""The core: what goes where. Dashed: what says which step is next, and where it reads."""


def draw(diagram: Diagram, path: Path) -> None:
    """Write a picture."""
    import matplotlib.pyplot as plt
    from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

    low = min(box.y - box.height for box in diagram.boxes.values())
    figure, axis = plt.subplots(figsize=(diagram.size[0] * 0.75, (diagram.size[1] - low) * 0.75))
    figure.subplots_adjust(left=0, right=1, top=1, bottom=0)
    axis.set(xlim=(0, diagram.size[0]), ylim=(low, diagram.size[1] + 0.3))
    axis.axis("off")
    patches = {}
    for name, box in diagram.boxes.items():
        corner = box.x - box.width / 2, box.y - box.height / 2
        patches[name] = FancyBboxPatch(corner, box.width, box.height, boxstyle="round,pad=0,rounding_size=0.12",
                                       facecolor=COLOURS[box.kind], edgecolor="0.35", linewidth=1)
        axis.add_patch(patches[name])
        axis.text(box.x, box.y, box.text, ha="center", va="center", fontsize=10)
    arrows = (*diagram.arrows, *((*ends, "", 0) for ends in diagram.dashed))
    for start, end, text, bend in arrows:
        style = "--" if (start, end) in diagram.dashed else "-"
        one, other = diagram.boxes[start], diagram.boxes[end]
        axis.add_patch(FancyArrowPatch(
            (one.x, one.y), (other.x, other.y), patchA=patches[start], patchB=patches[end], arrowstyle="-|>",
            mutation_scale=13, linestyle=style, color="0.35", linewidth=1.1, shrinkA=0, shrinkB=1,
            connectionstyle=f"arc3,rad={bend}"))
        if text:
            level = one.y == other.y
            left, right = sorted((one, other), key=lambda box: box.x)
            x = (left.x + left.width / 2 + right.x - right.width / 2) / 2 if level else one.x
            y = (one.y + other.y) / 2
            axis.text(x + (0 if level else 0.12), y + (0.14 if level else 0), text, fontsize=8.5, color="0.3",
                      ha="center" if level else "left", va="bottom" if level else "center")
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
