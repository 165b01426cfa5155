"""Model files that are small, and ask for much: found by looking for what random changes hardly ever make."""

import json
import struct

import numpy as np
import pytest

import lutdla
from benchmarks.fuzz_files import pipeline
from lutdla.errors import ArtefactError, ProgramError
from lutdla.spec import artefact, container, rules
from lutdla.spec import pipeline as pipelines
from lutdla.spec.pipeline import load_model
from lutdla.spec.program import Lookup, Loop
from tests.networks import two_layers
from tests.spec.test_hostile_files import changed

NETWORK = two_layers()


def with_record(counts, times=1, **fields):
    """A change of a header: records of loops with these counts that compute nothing, in front of the last record."""

    def change(header):
        last = header["program"][-1]
        still = dict.fromkeys(last["loops"][0], 0)
        loops = [still | {"count": count, "reduce": True, "pool": False} for count in counts]
        idle = last | {"loops": loops, "finish": False, "to_output": False, "wait_input": False, "free_input": False}
        header["program"][-1:] = [idle | fields] * times + [last]
        header["config"]["program_rows"] = 256

    return change


@pytest.mark.parametrize("loops", [5, 6])
def test_steps_do_not_wrap_around(loops):
    record = Lookup((Loop(1 << 14),) * loops)
    assert record.steps() == record.rows() == 1 << 14 * loops, "64 bits would make it 0, and nothing would be checked"
    assert Lookup((Loop(1 << 14, pool=True),) * loops).encoded_rows() == 1


@pytest.mark.parametrize("loops", [4, 5, 6])
def test_more_steps_than_64_bits_count_are_refused(tmp_path, loops):
    path = changed(NETWORK, tmp_path, with_record([1 << 14] * loops, table=60_000, index=50_000))
    with pytest.raises(ArtefactError, match=f"record 2: {1 << 14 * loops} steps, at most {rules.MAX_STEPS} are"):
        load_model(path)


def test_all_records_together_have_a_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(rules, "MAX_PROGRAM_STEPS", 5000)
    whole = sum(record.steps() for record in NETWORK.image.program.lookups)
    load_model(changed(NETWORK, tmp_path, with_record([16, 64], times=4)))
    path = changed(NETWORK, tmp_path, with_record([16, 64], times=5))
    with pytest.raises(ArtefactError, match=f"the program has {5 * 1024 + whole} steps, at most 5000 are supported"):
        load_model(path)


@pytest.mark.parametrize("dtype", ["F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "BF16", "F4", "C64"])
def test_types_that_numpy_does_not_have_are_damage(tmp_path, dtype):
    content = NETWORK.save(tmp_path / "good.lut").read_bytes()
    (size,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + size])
    header["tables"]["dtype"] = dtype
    text = json.dumps(header).encode()
    path = tmp_path / "bad.lut"
    path.write_bytes(struct.pack("<Q", len(text)) + text + content[8 + size :])
    with pytest.raises(ArtefactError, match="damaged or not an artefact"):
        load_model(path)


def test_a_path_that_no_file_can_have_is_named(tmp_path):
    with pytest.raises(ArtefactError, match="cannot be read"):
        container.read(tmp_path / ("x" * 5000))


def nested(depth):
    value = []
    for _ in range(depth - 1):
        value = [value]
    return value


@pytest.mark.parametrize("depth", [artefact.DEEPEST, 700, 900])
def test_provenance_is_not_deeper_than_it_can_be_written(tmp_path, depth):
    path = changed(NETWORK, tmp_path, lambda h: h.update(provenance={"a": nested(depth)}))
    with pytest.raises(ArtefactError, match=f"provenance is nested more than {artefact.DEEPEST} deep"):
        load_model(path)


def test_the_deepest_provenance_loads_and_is_written_again(tmp_path):
    path = changed(NETWORK, tmp_path, lambda h: h.update(provenance={"a": nested(artefact.DEEPEST - 1)}))
    with lutdla.open("emulator") as accelerator:
        accelerator.load(path)
    assert load_model(load_model(path).save(tmp_path / "again.lut"))


@pytest.mark.parametrize("value", [5, None, "x", []])
def test_provenance_is_an_object(tmp_path, value):
    for model in (NETWORK, pipeline()):
        path = changed(model, tmp_path, lambda h: h.update(provenance=value))
        with pytest.raises(ArtefactError, match=r"provenance is .*, it must be an object"):
            load_model(path)


@pytest.mark.parametrize("place", ["provenance", "attributes"])
def test_pipelines_are_not_nested_deep(tmp_path, place):
    def change(header):
        (header if place == "provenance" else header["steps"][0])[place]["a"] = nested(900)

    with pytest.raises(ArtefactError, match=f"{place} .*nested more than {artefact.DEEPEST} deep"):
        load_model(changed(pipeline(), tmp_path, change))


@pytest.mark.parametrize("shape", [(1 << 16, 0), (0, 1 << 16)])
def test_windows_are_counted_before_they_are_made(tmp_path, monkeypatch, shape):
    def fail(*fields):
        raise AssertionError("a port was made")

    monkeypatch.setattr(artefact, "Port", fail)

    def change(tensors):
        rows, columns = tensors["windows"].shape
        tensors["windows"] = np.zeros((rows + shape[0], columns + 5 * shape[1]), np.int32)

    with pytest.raises(ArtefactError, match=r"windows have shape \(\d+, \d+\), this core takes up to \d+ rows of \d+"):
        load_model(changed(NETWORK, tmp_path, tensors=change))


def test_inputs_of_a_pipeline_have_a_size_together(tmp_path):
    def change(header):
        header["inputs"] += [{"name": f"more{i}", "shape": [1 << 23], "dtype": "float32"} for i in range(3)]

    with pytest.raises(ArtefactError, match=f"inputs have {3 * (1 << 23) + 30} values together, at most "
                                            f"{pipelines.MOST_VALUES} are read"):
        load_model(changed(pipeline(), tmp_path, change))


def test_a_program_in_memory_is_checked_in_the_same_way():
    """What a file may not hold, a caller may not load either."""
    image = NETWORK.image
    last = image.program.records[-1]
    endless = Lookup((Loop(1 << 14, True),) * 6, finish=False, table=60_000)
    program = type(image.program)((*image.program.records[:-1], endless, last))
    with pytest.raises(ProgramError, match="steps, at most"):
        type(image)(**(image.__dict__ | {"program": program})).validate(NETWORK.config)
