from dataclasses import replace

import numpy as np
import pytest

import lutdla
from lutdla.errors import ArtefactError, CoreError, DeviceError, FitError, InputError
from lutdla.runtime import Accelerator, pipeline
from lutdla.spec.config import CoreConfig
from lutdla.spec.pipeline import Input, Step
from lutdla.verify import reference_results
from tests.networks import two_layers
from tests.pipelines import FIRST, SECOND, WIDEN, two_parts
from tests.runtime.devices import Device
from tests.strategies import TINY

PIPELINE = two_parts()
X = np.random.default_rng(1).integers(-100, 100, (7, 3, 10)).astype(np.float32)


def rows_through(artefact, x):
    """What the reference makes of real rows (rows, 10)."""
    return artefact.dequantize(reference_results(artefact, artefact.quantize(x)))


def expected(x):
    a = rows_through(FIRST, x.reshape(-1, 10))
    d = np.tanh(a @ WIDEN.T) * 100
    return rows_through(SECOND, d).reshape(len(x), 3, 2, 3).mean(1)


@pytest.fixture
def accelerator():
    with Accelerator("emulator", Device()) as opened:
        yield opened


@pytest.fixture
def net(accelerator):
    return accelerator.load(PIPELINE)


@pytest.mark.parametrize("target", ["emulator", "rtl", "pynq"])
def test_it_runs_on_every_back_end(target):
    with lutdla.open(target) as accelerator:
        net = accelerator.load(PIPELINE)
        np.testing.assert_array_equal(net(X[:3]), expected(X[:3]))
        assert (net.profile.cycles > 0) == (target == "rtl")
        assert net.profile.parts["first"].images == 9


def test_it_is_loaded_from_its_file(accelerator, tmp_path):
    net = accelerator.load(PIPELINE.save(tmp_path / "net.lut"))
    np.testing.assert_array_equal(net(X), expected(X))
    assert net.output_shape == (2, 3)


@pytest.mark.parametrize("batch", [1, 2, 7, 100])
def test_batches_change_loads_and_not_results(net, batch):
    np.testing.assert_array_equal(net(X, batch=batch), expected(X))
    rounds = -(-7 // batch)
    assert net.profile.loads == {"first": rounds, "second": rounds}
    assert {name: part.images for name, part in net.profile.parts.items()} == {"first": 21, "second": 21}


def test_values_are_cut_into_chunks(net, monkeypatch):
    monkeypatch.setattr(pipeline, "CHUNK_VALUES", 60)
    np.testing.assert_array_equal(net(X), expected(X))
    assert net.profile.loads == {"first": 1, "second": 1}
    assert net.profile.lookups == sum(part.lookups for part in net.profile.parts.values())
    once = net.profile.lookups
    monkeypatch.undo()
    net(X)
    assert net.profile.lookups == once


def test_a_part_that_is_on_the_core_is_not_loaded_again(accelerator):
    single = replace(PIPELINE, steps=PIPELINE.steps[:1], output="a")
    net = accelerator.load(single)
    net(X)
    assert net.profile.loads == {"first": 1}
    net(X)
    assert net.profile.loads == {}


def test_the_profile_can_be_read(net):
    assert net.profile.parts == {}
    net(X)
    text = str(net.profile)
    assert "part first                 21 rows, 1 loads, cycles not counted" in text
    assert net.profile.seconds["all"] >= net.profile.seconds["lookup"] > 0
    assert net.profile.host_seconds >= 0


def test_inputs_by_name_and_an_empty_batch(net):
    np.testing.assert_array_equal(net(x=X), expected(X))
    assert net(X[:0]).shape == (0, 2, 3)
    assert net(X[:0]).dtype == np.float32


TWO = replace(
    PIPELINE, inputs=(Input("x", (3, 10)), Input("row", (), "int64")), output="g",
    steps=(*PIPELINE.steps[:1], Step("table", "embedding", ("row",), {}, {"weight": "widen"}),
           Step("t", "unsqueeze", ("table",), {"axis": 1}), Step("g", "add", ("a", "t"))),
)  # fmt: skip


def test_several_inputs(accelerator):
    net = accelerator.load(TWO)
    rows = np.arange(7)
    want = rows_through(FIRST, X.reshape(-1, 10)).reshape(7, 3, 6) + WIDEN[rows][:, None]
    np.testing.assert_allclose(net(X, rows), want, rtol=1e-6)
    np.testing.assert_allclose(net(row=rows, x=X), want, rtol=1e-6)
    np.testing.assert_allclose(net(X, row=rows, batch=2), want, rtol=1e-6)


@pytest.mark.parametrize(
    ("given", "named", "message"),
    [
        ((), {}, "this network takes the inputs x, row, here are 0 in order and none by name"),
        ((X, np.arange(7), X), {}, "here are 3 in order"),
        ((X,), {"x": X}, "give each of them once"),
        ((X, np.arange(6)), {}, r"inputs differ in number \(x 7, row 6\)"),
        ((X, np.zeros(7)), {}, "input row has type float64: use integers"),
        ((X[0], np.arange(7)), {}, r"input x has shape \(3, 10\), this network takes \(batch, 3, 10\): reshape it"),
        ((X.astype(complex), np.arange(7)), {}, "input x has type complex128: use float"),
        ((X * np.nan, np.arange(7)), {}, "input x holds NaN or infinity"),
        ((X, np.arange(7) + 9), {}, r"the host's steps cannot compute these inputs: indices are 9\.\.15"),
    ],
)
def test_bad_inputs_are_named(accelerator, given, named, message):
    net = accelerator.load(TWO)
    with pytest.raises(InputError, match=message):
        net(*given, **named)
    assert net(X, np.arange(7)).shape == (7, 3, 6)


def test_a_batch_is_positive(net):
    with pytest.raises(InputError, match="batch is 0: it must be 1 or more"):
        net(X, batch=0)


def with_step(number, step):
    steps = list(PIPELINE.steps)
    steps[number] = step
    return replace(PIPELINE, steps=tuple(steps))


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (with_step(2, Step("c", "sine", ("b",))), "step c is 'sine', which this lutdla does not know: it has abs, add"),
        (with_step(2, Step("c", "tanh", ("b", "b"))), r"step c does not call tanh\(.*too many positional arguments"),
        (with_step(2, Step("c", "clamp", ("b",), {"lowest": 1})), "step c does not call clamp.*'lowest'"),
        (with_step(1, Step("b", "linear", ("a",))),
         "step b does not call linear.*missing a required (keyword-only )?argument: 'weight'"),
        (with_step(1, Step("b", "tanh", ("a",))),
         r"step e \(lookup\) cannot be computed from d \(2, 3, 6\): part second takes inputs of \(10,\)"),
        (with_step(6, Step("f", "mean", ("e",), {"axes": [0]})), "2 inputs give a result of shape"),
        (with_step(6, Step("f", "mean", ("e",), {"axes": [9]})),
         r"step f \(mean\) cannot be computed from e \(2, 3, 2, 3"),
        (with_step(5, Step("e", "lookup", ("d",), {"part": "second", "shape": [5]})),
         r"step e runs part second on 1 inputs for results of shape \[5\]: it takes 1 and gives 6 values"),
        (replace(PIPELINE, tensors={"widen": WIDEN.T}), r"step b \(linear\) cannot be computed"),
    ],
)  # fmt: skip
def test_a_pipeline_that_cannot_run_is_refused_when_it_is_loaded(accelerator, bad, message):
    before = accelerator.load(FIRST)
    with pytest.raises(ArtefactError, match=message):
        accelerator.load(bad)
    assert before.raw(np.zeros((1, 10))).shape == (1, 6)  # what was loaded still is


def test_a_part_that_does_not_fit_is_named():
    small = replace(TINY, table_rows=TINY.c * 2)
    with lutdla.open("emulator", config=small) as accelerator, pytest.raises(FitError, match=r"part first: .*table"):
        accelerator.load(PIPELINE)


def test_parts_may_be_for_different_cores_where_the_device_can_be_any():
    other = replace(two_layers(1), config=replace(TINY, table_rows=TINY.table_rows * 2))
    mixed = replace(PIPELINE, parts={"first": FIRST, "second": other})
    with lutdla.open("emulator") as accelerator:
        net = accelerator.load(mixed)
        np.testing.assert_array_equal(net(X), expected(X))
        np.testing.assert_array_equal(net(X), expected(X))
    assert CoreConfig() != TINY


def test_another_model_ends_it(accelerator, net):
    net(X)
    other = accelerator.load(FIRST)
    with pytest.raises(DeviceError, match="this network is not on the device any more"):
        net(X)
    again = accelerator.load(PIPELINE)
    with pytest.raises(DeviceError, match="this network is not on the device any more"):
        other.raw(np.zeros((1, 10)))
    np.testing.assert_array_equal(again(X), expected(X))


def test_closing_it_gives_the_buffers_back(accelerator):
    with accelerator.load(PIPELINE) as net:
        net(X)
        assert accelerator.core().backend.lent
    assert accelerator.core().backend.lent == []
    with pytest.raises(DeviceError, match="it was closed or another model"):
        net(X)
    net.close()
    accelerator.close()
    with pytest.raises(DeviceError, match="this accelerator is closed"):
        net(X)


def test_it_goes_on_after_the_core_failed(accelerator, net, monkeypatch):
    backend = accelerator.core().backend
    monkeypatch.setattr(backend, "received", lambda: 16)
    with pytest.raises(CoreError, match="results were lost on their way"):
        net(X)
    monkeypatch.undo()
    np.testing.assert_array_equal(net(X), expected(X))
