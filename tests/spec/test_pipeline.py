import json
from dataclasses import replace

import numpy as np
import pytest

from lutdla.errors import ArtefactError
from lutdla.spec.artefact import Artefact
from lutdla.spec.container import read, write
from lutdla.spec.pipeline import HEADER_KEYS, Input, Pipeline, Step, load_model
from tests.pipelines import FIRST, two_parts

PIPELINE = two_parts()


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return PIPELINE.save(tmp_path_factory.mktemp("pipeline") / "folder" / "net.lut")


def test_a_pipeline_survives_its_file(path):
    found = load_model(path)
    assert isinstance(found, Pipeline)
    assert (found.inputs, found.steps, found.output, found.provenance) == (
        PIPELINE.inputs, PIPELINE.steps, PIPELINE.output, {"trained": "never"})
    np.testing.assert_array_equal(found.tensors["widen"], PIPELINE.tensors["widen"])
    assert {name: part.model_id for name, part in found.parts.items()} == {
        name: part.model_id for name, part in PIPELINE.parts.items()}
    assert found.header() == PIPELINE.header()
    assert sorted(json.loads(found.header())) == sorted(HEADER_KEYS)
    assert found.table_bytes == sum(part.table_bytes for part in PIPELINE.parts.values())
    assert found.host_bytes == 240


def test_a_file_says_which_of_both_it_is(path, tmp_path):
    artefact = FIRST.save(tmp_path / "one.lut")
    assert load_model(artefact).model_id == FIRST.model_id
    with pytest.raises(ArtefactError, match=r"net\.lut: is a pipeline with host segments, here an artefact of one "):
        Artefact.load(path)
    with pytest.raises(ArtefactError, match=r"one\.lut: is an artefact of one network, here a pipeline"):
        Pipeline.load(artefact)
    with pytest.raises(ArtefactError, match=r"none\.lut: no such file"):
        load_model(tmp_path / "none.lut")


def changed(path, tmp_path, change):
    """A file with another header and a digest that is right for it."""
    kind, text, tensors = read(path)
    header = json.loads(text)
    change(header, tensors)
    return write(tmp_path / "changed.lut", kind, json.dumps(header), tensors)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda h, t: h.update(format=9), "pipeline format 9, this lutdla reads 1"),
        (lambda h, t: h.pop("steps"), r"header does not describe a pipeline \(KeyError\('steps'\)\)"),
        (lambda h, t: h.update(steps=[1]), "header does not describe a pipeline"),
        (lambda h, t: h.update(parts=[]), "header does not describe a pipeline"),
        (lambda h, t: t.pop("tensor/widen"), r"step b \(linear\) needs tensor 'widen', which is missing"),
        (lambda h, t: t.pop("part/first/tables"), "part first: header does not describe a network"),
        (lambda h, t: h["parts"].pop("second"), "step e runs part 'second', which is missing: there are first"),
    ],
)
def test_a_header_without_sense_is_refused(path, tmp_path, change, message):
    with pytest.raises(ArtefactError, match=message):
        Pipeline.load(changed(path, tmp_path, change))


def test_a_damaged_file_is_refused(path, tmp_path):
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    damaged = tmp_path / "damaged.lut"
    damaged.write_bytes(content)
    with pytest.raises(ArtefactError, match="its sha256 does not match its content"):
        load_model(damaged)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"inputs": ()}, "it has no inputs"),
        ({"inputs": (Input("x", (3, 10)), Input("x", (1,)))}, "two values are called 'x'"),
        ({"inputs": (Input("x", (3, 10), "int8"),)}, "input x has type int8: use one of float32, int64"),
        ({"steps": (Step("x", "tanh", ("x",)),)}, "two values are called 'x'"),
        ({"steps": (Step("y", "tanh", ("z",)),)}, r"step y \(tanh\) takes 'z', which no input and no earlier step"),
        ({"output": "nothing"}, "its result is 'nothing', which no step gives"),
    ],
)
def test_names_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(ArtefactError, match=message):
        replace(PIPELINE, **changes)
