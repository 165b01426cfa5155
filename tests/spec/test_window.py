import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lutdla.errors import ProgramError
from lutdla.spec.window import (
    PORT_FIELDS,
    Port,
    Window,
    decode_window,
    encode_window,
    validate_windows,
    window_arrays,
    window_bytes,
)
from tests.strategies import TINY, configs

GOOD = Window((Port(), Port()))


@st.composite
def windows(draw, config):
    ports = st.builds(Port, offset=st.integers(-(1 << 15), (1 << 15) - 1), dy=st.integers(-128, 127),
                      dx=st.integers(-128, 127), blocks=st.integers(0, (1 << config.blocks) - 1),
                      shortcut=st.booleans())
    return Window(tuple(draw(st.lists(ports, min_size=config.ports, max_size=config.ports))),
                  draw(st.integers(0, (1 << 16) - 1)))


@given(data=st.data())
def test_a_window_survives_its_bytes(data):
    config = data.draw(configs())
    window = data.draw(windows(config))
    assert len(encode_window(window)) == window_bytes(config)
    assert decode_window(encode_window(window), config) == window
    validate_windows([window], config)


def test_bytes_of_a_window():
    data = encode_window(Window((Port(-2, dy=-1, dx=1, blocks=3, shortcut=True), Port(5, blocks=1)), table=0x1234))
    assert data.hex() == "feffff010301" + "050000000100" + "3412"


@given(data=st.data())
def test_windows_as_arrays(data):
    rows = data.draw(st.lists(windows(TINY), min_size=1, max_size=5))
    arrays = window_arrays(rows)
    for name, _ in PORT_FIELDS:
        expected = [[getattr(port, name) for port in window.ports] for window in rows]
        np.testing.assert_array_equal(getattr(arrays, name), expected)
    assert arrays.table.tolist() == [window.table for window in rows]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "window memory needs 0 rows, this core has window_rows=16"),
        ([GOOD] * 17, "window memory needs 17 rows, this core has window_rows=16: use a core with window_rows >= 17"),
        ([GOOD, Window((Port(),))], "window 1: 1 ports, this core has ports=2"),
        ([Window((Port(), Port()), table=1 << 16)], "window 0: table is 65536, it must be 0..65535"),
        ([Window((Port(), Port()), table=-1)], "window 0: table is -1"),
        ([Window((Port(1 << 15), Port()))], "window 0: offset of port 0 is 32768, it must be -32768..32767"),
        ([Window((Port(), Port(dx=-129)))], "window 0: dx of port 1 is -129, it must be -128..127"),
        ([Window((Port(), Port(blocks=4)))], "window 0: blocks of port 1 is 4, it must be 0..3"),
    ],
)
def test_a_window_that_does_not_fit_is_refused(rows, message):
    with pytest.raises(ProgramError, match=message):
        validate_windows(rows, TINY)
