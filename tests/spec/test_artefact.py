import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import save_file

from lutdla.errors import ArtefactError, FitError, LutdlaError
from lutdla.spec.artefact import Artefact
from lutdla.spec.config import ABI_VERSION, CoreConfig
from lutdla.spec.container import digest
from lutdla.spec.frame_layout import FrameLayout
from tests.networks import random_artefact, two_layers
from tests.programs import Shape
from tests.strategies import TINY

NETWORK = replace(two_layers(), provenance={"trained": "never", "accuracy": 0.5})
STREAMED = random_artefact(TINY, Shape(5, images=2, pieces=3))
"""Several images in a pass, three table pieces."""


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return NETWORK.save(tmp_path_factory.mktemp("artefact") / "folder" / "net.lut")


def rewritten(path, target, change_header=None, change_tensors=None):
    """A file with another header or other tensors, and a digest that is right for them."""
    with safe_open(path, framework="numpy") as file:
        header = json.loads(file.metadata()["lutdla"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    if change_header:
        change_header(header)
    if change_tensors:
        change_tensors(tensors)
    text = json.dumps(header, sort_keys=True)
    save_file(tensors, target, metadata={"lutdla": text, "sha256": digest(text, tensors)})
    return target


@pytest.mark.parametrize("artefact", [NETWORK, STREAMED], ids=["resident", "streamed"])
def test_an_artefact_survives_its_file(artefact, tmp_path):
    found = Artefact.load(artefact.save(tmp_path / "net.lut"))
    assert found.image.program == artefact.image.program
    assert found.image.windows == artefact.image.windows
    for name in ("codebooks", "tables", "mult", "bias", "shift"):
        np.testing.assert_array_equal(getattr(found.image, name), getattr(artefact.image, name))
    assert [piece.row for piece in found.image.pieces] == [piece.row for piece in artefact.image.pieces]
    for piece, expected in zip(found.image.pieces, artefact.image.pieces):
        np.testing.assert_array_equal(piece.tables, expected.tables)
    np.testing.assert_array_equal(found.output_scale, artefact.output_scale)
    for name in ("config", "input_shape", "input_scale", "input_zero_point", "layout", "layers", "provenance", "digest",
                 "model_id", "outputs", "table_bytes", "codebook_bytes"):  # fmt: skip
        assert getattr(found, name) == getattr(artefact, name), name


def test_an_input_layout_survives_its_file(tmp_path):
    layout = FrameLayout(1, 2, 6, slice=2, space_to_depth=2)
    image = replace(NETWORK, input_shape=(1, 2, 6), layout=layout)  # three pixels of two subspaces
    assert Artefact.load(image.save(tmp_path / "net.lut")).layout == layout


def test_saving_again_keeps_the_digest(path, tmp_path):
    assert Artefact.load(Artefact.load(path).save(tmp_path / "again.lut")).digest == NETWORK.digest


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ArtefactError, match=r"none\.lut: no such file"):
        Artefact.load(tmp_path / "none.lut")


@pytest.mark.parametrize("content", [b"", b"\x00" * 7, b"PK\x03\x04 a zip", b"\xff" * 100, bytes(1000)])
def test_another_kind_of_file_is_named(tmp_path, content):
    (tmp_path / "bad.lut").write_bytes(content)
    with pytest.raises(ArtefactError, match=r"bad\.lut: damaged or not an artefact"):
        Artefact.load(tmp_path / "bad.lut")


def test_a_safetensors_file_of_someone_else_is_named(tmp_path):
    save_file({"weight": np.zeros(3)}, tmp_path / "other.lut")
    with pytest.raises(ArtefactError, match="a safetensors file, but not a lutdla artefact"):
        Artefact.load(tmp_path / "other.lut")


@given(data=st.data())
def test_a_truncated_file_is_refused(path, data):
    content = path.read_bytes()
    cut = path.with_name("cut.lut")
    cut.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    with pytest.raises(ArtefactError, match=r"cut\.lut: "):
        Artefact.load(cut)


@given(data=st.data())
def test_a_flipped_bit_is_refused(path, data):
    content = bytearray(path.read_bytes())
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    content[bit // 8] ^= 1 << bit % 8
    damaged = path.with_name("flipped.lut")
    damaged.write_bytes(bytes(content))
    with pytest.raises(ArtefactError, match=r"flipped\.lut: "):
        Artefact.load(damaged)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda h: h.update(format=1), f"format 1, ABI {ABI_VERSION}; this lutdla reads format 3, ABI"),
        (lambda h: h.update(abi=7), "format 3, ABI 7"),
        (lambda h: h.pop("config"), "header does not describe a network"),
        (lambda h: h["config"].update(v=3), "header does not describe a network"),
        (lambda h: h["config"].update(banks=3), "unknown configuration field 'banks'"),
        (lambda h: h["program"].pop(), "record 1: the last record sends results to the host"),
        (lambda h: h["program"][1].update(kind="Convolve"), "header does not describe a network"),
        (lambda h: h["program"][1].update(index=99), "record 1: index word reaches 99"),
        (lambda h: h["program"][1].update(last_word=99), "header does not describe a network"),
        (lambda h: h["input"].pop("scale"), "header does not describe a network"),
        (lambda h: h["input"]["layout"].update(slice=1), "its layout 10 in 10 groups, the program takes 6 groups"),
        (lambda h: h.update(pieces=[[24, 4]]), "header does not describe a network .*streamed tables have 0 rows"),
        (lambda h: h["input"].update(shape=[3, 5]), "an input has 15 values, its layout 10 in 6 groups, the program"),
    ],
)
def test_a_header_of_another_version_or_without_sense_is_refused(path, tmp_path, change, message):
    changed = rewritten(path, tmp_path / "changed.lut", change)
    with pytest.raises(ArtefactError, match=message):
        Artefact.load(changed)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("tables"), "header does not describe a network .*tables"),
        (lambda t: t.update(tables=t["tables"].astype(np.int16)), "tensor tables is int16, it must be int8"),
        (lambda t: t.update(tables=t["tables"][:, :, :3].copy()), "table words have shape"),
        (lambda t: t.update(output_scale=np.ones(9, np.float32)), r"\(9,\) output scales and \(6,\) biases"),
        (lambda t: t.update(windows=t["windows"][:, :-1].copy()), r"network .*windows have shape \(2, 10\)"),
        (lambda t: t.update(windows=t["windows"] + 200), "window 0: dy of port 0 is 200"),
        (lambda t: t.update(shift=t["shift"] + 100), "shift is .*it must be 0..47"),
    ],
)
def test_tensors_without_sense_are_refused(path, tmp_path, change, message):
    changed = rewritten(path, tmp_path / "changed.lut", change_tensors=change)
    with pytest.raises(ArtefactError, match=message):
        Artefact.load(changed)


def test_a_wrong_digest_is_refused(path, tmp_path):
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    tensors["tables"] = tensors["tables"] ^ 1
    save_file(tensors, tmp_path / "other.lut", metadata=metadata)
    with pytest.raises(ArtefactError, match="its sha256 does not match its content"):
        Artefact.load(tmp_path / "other.lut")


def test_the_digest_covers_scales_and_provenance():
    assert replace(NETWORK, input_scale=2.0).digest != NETWORK.digest
    assert replace(NETWORK, provenance={}).digest != NETWORK.digest
    assert replace(NETWORK, output_bias=NETWORK.output_bias + 1).digest != NETWORK.digest


# -- fit -------------------------------------------------------------------------------------------------------------
def core(**changes):
    return CoreConfig(**TINY.to_dict() | changes)


def test_a_deeper_core_fits():
    NETWORK.check_fits(core(table_rows=128, index_words=64, codebook_rows=64))
    STREAMED.check_fits(core(table_rows=128, value_rows=32, window_rows=32))


def test_a_core_of_exactly_the_needed_depths_fits_and_none_smaller():
    for artefact in (NETWORK, STREAMED):
        needs = {name: 1 << (need - 1).bit_length() for name, need in artefact.requires().items()}
        fitting = {name: max(need, 8 if name == "table_rows" else 2) for name, need in needs.items()}
        artefact.check_fits(core(**fitting))
        for name, depth in fitting.items():
            if depth // 2 >= (8 if name == "table_rows" else 2):
                with pytest.raises(FitError, match=f"{name.split('_')[0]} memory needs"):
                    artefact.check_fits(core(**fitting | {name: depth // 2}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"c": 8}, "artefact was compiled for c=4, this overlay has c=8: compile the model for this overlay"),
        ({"metric": "l1"}, "artefact was compiled for metric=l2, this overlay has metric=l1"),
        ({"lanes": 8}, "artefact was compiled for lanes=4, this overlay has lanes=8"),
        ({"table_rows": 8}, r"table memory needs \d+ rows, this overlay has 8 .*: use an overlay with table_rows="),
        ({"codebook_rows": 4}, r"codebook memory needs \d+ rows, this overlay has 4"),
        ({"program_rows": 2}, r"program memory needs 3 rows, this overlay has 2"),
        ({"index_words": 4}, r"index memory needs 6 words, this overlay has 4"),
    ],
)
def test_a_core_that_cannot_hold_it_is_named(changes, message):
    with pytest.raises(FitError, match=message) as caught:
        NETWORK.check_fits(core(**changes))
    assert isinstance(caught.value, LutdlaError)


# -- numbers ---------------------------------------------------------------------------------------------------------
def test_quantize_rounds_half_to_even_and_saturates():
    scaled = replace(NETWORK, input_shape=(7,), input_scale=0.5, input_zero_point=-10)
    x = [[0.25, 0.75, -0.25, 1e9, -1e9, 68.5, -59.0]]
    assert scaled.quantize(x).tolist() == [[-10, -8, -10, 127, -128, 127, -128]]


def test_quantize_takes_unsigned_images():
    image = np.full((1, 10), 200, np.uint8)
    assert replace(NETWORK, input_scale=2.0).quantize(image).tolist() == [[100] * 10]


def test_frames_fill_the_last_pass_with_copies():
    per_pass = STREAMED.image.program.images
    values = np.random.default_rng(0).integers(-128, 128, (2 * per_pass - 1, *STREAMED.input_shape)).astype(np.int8)
    frames = STREAMED.frames(values)
    assert len(frames) == 2 * per_pass
    np.testing.assert_array_equal(frames[:-1], STREAMED.layout.arrange(values, TINY))
    np.testing.assert_array_equal(frames[-1], frames[-2])
    assert STREAMED.frames(values[:0]).shape == (0, frames.shape[1])


def test_dequantize_scales_and_cuts():
    scaled = replace(NETWORK, output_scale=np.full(6, 0.5, np.float32), output_bias=np.arange(6, dtype=np.float32))
    assert scaled.dequantize(np.full((1, 8), 4, np.int32)).tolist() == [[2, 3, 4, 5, 6, 7]]
