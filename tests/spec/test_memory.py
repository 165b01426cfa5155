from dataclasses import replace

import numpy as np
import pytest

from lutdla.errors import ProgramError
from tests.spec.small import image, piece
from tests.strategies import TINY

IMAGE = image()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"codebooks": np.zeros((33, 1, 4, 2), np.int8)}, "codebook memory needs 33 rows, this core has 32"),
        ({"codebooks": np.zeros((3, 1, 4, 3), np.int8)}, r"codebook words have shape \(1, 4, 3\), this core needs"),
        ({"tables": np.zeros((4, 65, 4), np.int8)}, "table memory needs 65 rows, this core has 64"),
        ({"tables": np.zeros((3, 64, 4), np.int8)}, r"table words have shape \(3, 4\), this core needs \(4, 4\)"),
        ({"mult": IMAGE.mult - 40000}, "mult is .*: it must be 0..32767"),
        ({"mult": IMAGE.mult + 40000}, "mult is .*: it must be 0..32767"),
        ({"shift": IMAGE.shift + 47}, "shift is .*: it must be 0..47"),
        ({"bias": IMAGE.bias + (1 << 40)}, "bias is .*: it must be -549755813888..549755813887"),
        ({"bias": np.zeros((17, 2), np.int64)}, "constant memory needs 17 rows, this core has 16"),
    ],
)
def test_an_image_that_does_not_fit_is_refused(changes, message):
    with pytest.raises(ProgramError, match=message):
        replace(IMAGE, **changes).validate(TINY)


def test_table_bytes_count_streamed_tables():
    assert IMAGE.table_bytes == 4 * 16 * 4
    assert image(pieces=(piece(16, 8), piece(24, 4))).table_bytes == 4 * (16 + 8 + 4) * 4
