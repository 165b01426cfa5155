import numpy as np
import pytest

from lutdla.data.file_tokens import PADDING, file_tokens


def tokens(tmp_path, content):
    (tmp_path / "x").write_bytes(content)
    return file_tokens(tmp_path / "x")


def test_a_small_file_is_on_both_sides_without_the_white_space_outside(tmp_path):
    found = tokens(tmp_path, b"\n\t abc defgh \r\n")
    assert found.dtype == np.int16
    assert bytes(found[:12].astype(np.uint8)) == b"abc defgh \r\n"
    assert bytes(found[-12:].astype(np.uint8)) == b"\n\t abc defgh"
    assert (found[12:-12] == PADDING).all()


def test_of_a_long_file_both_ends_are_read(tmp_path):
    middle = bytes(range(256)) * 40
    found = tokens(tmp_path, b" " * 10 + b"a" * 2000 + middle + b"z" * 1500 + b"\n" * 7)
    assert found.tolist() == [ord("a")] * 1024 + [ord("z")] * 1024


def test_white_space_is_only_dropped_at_the_outside(tmp_path):
    """4,096 bytes are read at an end; when they are white space but for a few, only these are left."""
    found = tokens(tmp_path, b" " * 4086 + b"0123456789" + b"x" * 100_000)
    assert bytes(found[:10].astype(np.uint8)) == b"0123456789"
    assert (found[10:1024] == PADDING).all()
    assert (found[1024:] == ord("x")).all()


@pytest.mark.parametrize("content", [b"", b"1234567", b" " * 5000 + b"text", b"\n\n1234567"])
def test_a_file_that_is_too_short_gives_nothing(tmp_path, content):
    assert tokens(tmp_path, content) is None


def test_bytes_above_127_stay_what_they_are(tmp_path):
    assert tokens(tmp_path, bytes(range(200, 256)))[:56].tolist() == list(range(200, 256))
