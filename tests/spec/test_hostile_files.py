"""Model files made to break what reads them: a slice of `python -m benchmarks.fuzz`, and what it has found."""

import json
import logging

import numpy as np
import pytest

import lutdla
from benchmarks.fuzz_files import FileFuzzer, convolution, pipeline
from lutdla.errors import ArtefactError, LutdlaError
from lutdla.runtime.accelerator import Accelerator
from lutdla.spec import container, typed
from lutdla.spec.frame_layout import FrameLayout
from lutdla.spec.pipeline import load_model
from tests.networks import two_layers


@pytest.fixture(autouse=True)
def quiet(caplog):
    caplog.set_level(logging.CRITICAL, "lutdla")


@pytest.mark.parametrize("seed", range(4))
def test_a_slice_of_the_campaign(tmp_path, seed):
    fuzzer = FileFuzzer(tmp_path, seed)
    for _ in range(150):
        fuzzer.make_one()
    assert not fuzzer.crashes
    assert fuzzer.cases == 150
    assert fuzzer.run, "some changes do no harm"


def test_what_is_no_error_of_ours_is_a_crash_and_is_kept(tmp_path, monkeypatch):
    def fail(self, model, **options):
        raise KeyError("lost")

    fuzzer = FileFuzzer(tmp_path, 1)
    monkeypatch.setattr(Accelerator, "load", fail)
    while not fuzzer.crashes:
        fuzzer.make_one()
    assert "KeyError: 'lost'" in fuzzer.crashes[0]
    assert load_model(tmp_path / "crash0.lut")


def changed(model, tmp_path, header=lambda header: header, tensors=lambda tensors: tensors):
    """A file whose header or tensors were changed, with a right digest."""
    kind, text, arrays = container.read(model.save(tmp_path / "good.lut"))
    loaded = json.loads(text)
    loaded = header(loaded) or loaded
    arrays = tensors(arrays) or arrays
    text = loaded if isinstance(loaded, str) else json.dumps(loaded)
    return container.write(tmp_path / "bad.lut", kind, text, arrays)


NETWORK = two_layers()


@pytest.mark.parametrize(("header", "message"), [
    (lambda h: "[" * 200_000, "the header is nested too deep"),
    (lambda h: h["program"][1].update(index="0"), r"Lookup\.index is '0', it must be a whole number"),
    (lambda h: h["program"][1].update(index=True), r"Lookup\.index is True, it must be a whole number"),
    (lambda h: h["program"][1].update(drain=1), r"Lookup\.drain is 1, it must be true or false"),
    (lambda h: h["program"][1].update(dest=1 << 60), r"Lookup\.dest is 1152921504606846976, at most"),
    (lambda h: h["program"][1]["loops"][0].update(count=2.0), r"Loop\.count is 2\.0, it must be a whole number"),
    (lambda h: h["program"].insert(0, 5), "header does not describe a network"),
    (lambda h: h["input"].update(scale=0), "the input's scale is 0, it must be a number above 0"),
    (lambda h: h["input"].update(scale=float("nan")), "the input's scale is nan"),
    (lambda h: h["input"].update(scale="1"), "the input's scale is '1'"),
    (lambda h: h["input"].update(shape=[1 << 40, 1 << 40]), "it must have at most 16 axes, sizes of 1 or more"),
    (lambda h: h["input"].update(shape=[1] * 17), "it must have at most 16 axes"),
    (lambda h: h["input"].update(shape="10"), "the input's shape is '10', it must be a list"),
    (lambda h: h["input"]["layout"].update(space_to_depth=0), "layout: space_to_depth is 0, it must be 1 or more"),
    (lambda h: h["input"]["layout"].update(slice=3), "layout: slice is 3, this core has v=2: at most that"),
    (lambda h: h.update(config=[1]), "header does not describe a network"),
    (lambda h: h.update(pieces=[["a", 1]]), "first row of a piece is 'a', it must be a whole number"),
], ids=range(17))  # fmt: skip
def test_headers_without_sense_are_named(tmp_path, header, message):
    with pytest.raises(ArtefactError, match=message):
        load_model(changed(NETWORK, tmp_path, header))


def test_constants_of_different_lengths_are_named(tmp_path):
    path = changed(NETWORK, tmp_path, tensors=lambda t: t.update(mult=t["mult"][:-1]))
    with pytest.raises(ArtefactError, match="constants have 3 rows of mult, 4 of bias and 4 of shift"):
        load_model(path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -1e30])
def test_scales_that_no_result_has_are_named(tmp_path, value):
    path = changed(NETWORK, tmp_path, tensors=lambda t: t.update(output_scale=t["output_scale"] * np.float32(value)))
    with pytest.raises(ArtefactError, match=r"output scales are not all below 1e\+28"):
        load_model(path)


def test_a_layout_that_does_not_divide_is_named():
    with pytest.raises(LutdlaError, match="space_to_depth is 2, it must divide height 3 and width 4"):
        FrameLayout(2, 3, 4, 2, 2).check(NETWORK.config)


@pytest.mark.parametrize(("header", "message"), [
    (lambda h: h.update(steps=[7]), "header does not describe a pipeline"),
    (lambda h: h["steps"][0].update(name=["a"]), r"\['a'\] is no name"),
    (lambda h: h["steps"][1].update(tensors={"weight": 3}), "3 is no name"),
    (lambda h: h["steps"][3].update(attributes={"value": [1 << 30]}), "an attribute of a step is 1073741824, at most"),
    (lambda h: h["steps"][0]["attributes"].update(part=["first"]), "unhashable"),
    (lambda h: h["inputs"][0].update(shape=[1 << 32, 10]), "the shape of an input is"),
    (lambda h: h["parts"].update(first="[" * 100_000), "the header is nested too deep"),
], ids=range(7))  # fmt: skip
def test_pipelines_without_sense_are_named(tmp_path, header, message):
    with pytest.raises(LutdlaError, match=message):
        load_model(changed(pipeline(), tmp_path, header))


@pytest.mark.parametrize("shape", [[6.0], [6, 0], [-6], "6", [1] * 16 + [6], [True, 6]])
def test_a_part_s_results_need_a_shape(tmp_path, shape):
    path = changed(pipeline(), tmp_path, lambda h: h["steps"][0]["attributes"].update(shape=shape))
    with lutdla.open("emulator") as accelerator, pytest.raises(ArtefactError, match="runs part first on 1 inputs"):
        accelerator.load(path)


def test_a_header_has_a_largest_size(monkeypatch):
    monkeypatch.setattr(typed, "LARGEST_HEADER", 10)
    with pytest.raises(ValueError, match="the header has 11 characters, at most 10 are read"):
        typed.read_json(" " * 11)


def test_good_files_still_run(tmp_path):
    with lutdla.open("emulator") as accelerator:
        model = convolution()
        accelerator.load(model.save(tmp_path / "good.lut"))(np.zeros((2, *model.input_shape)))
