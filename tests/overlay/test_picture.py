import xml.etree.ElementTree as ET

import pytest

from lutdla_overlay.boards import board_names
from lutdla_overlay.design import INTERRUPT
from lutdla_overlay.picture import picture
from tests.overlay.designs import design_of

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("board", board_names())
def test_every_cell_bus_and_interrupt_is_drawn(board):
    design = design_of(board)
    root = ET.fromstring(picture(design))
    words = [text.text for text in root.iter(f"{SVG}text")]
    assert {cell.name for cell in design.cells} <= set(words)
    assert {f"0x{address.base:08X}" for address in design.addresses if not address.memory} <= set(words)
    titles = [title.text for title in root.iter(f"{SVG}title")]
    lines = sum(len(net.sinks) for net in design.nets if net.kind == INTERRUPT)
    assert len(titles) == len(design.links) + lines
    assert "dma/M_AXIS_MM2S to lutdla/s_axis, " in "".join(titles)


def test_cells_do_not_lie_on_each_other():
    root = ET.fromstring(picture(design_of("pynq-z2")))
    _, *cells = root.iter(f"{SVG}rect")
    boxes = [tuple(float(cell.get(name)) for name in ("x", "y", "width", "height")) for cell in cells]
    for i, (x, y, w, h) in enumerate(boxes):
        for x2, y2, w2, h2 in boxes[i + 1:]:
            assert x + w <= x2 or x2 + w2 <= x or y + h <= y2 or y2 + h2 <= y
