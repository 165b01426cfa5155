import time
from dataclasses import replace

import numpy as np
import pytest

from lutdla.errors import CoreError, DeviceError, FitError, InputError
from lutdla.reference import Reference
from lutdla.runtime import Accelerator, network
from lutdla.runtime.run_frame import RunFrame
from lutdla.spec.packets import result_bytes, run_bytes
from lutdla.spec.registers import BY_NAME
from lutdla.verify import make_vectors, reference_results
from tests.runtime.devices import BATCH, NETWORK, STREAMED, Device
from tests.strategies import TINY

SCALED = replace(
    NETWORK, input_shape=(2, 5), input_scale=0.5, input_zero_point=3,
    output_scale=np.linspace(0.1, 0.6, 6, dtype=np.float32), output_bias=np.arange(6, dtype=np.float32),
)  # fmt: skip
X = make_vectors(NETWORK, 40)
EXPECTED = reference_results(NETWORK, X)


@pytest.fixture
def accelerator():
    with Accelerator("emulator", Device()) as opened:
        yield opened


@pytest.fixture
def net(accelerator):
    return accelerator.load(NETWORK)


def test_real_values_in_and_out(accelerator):
    x = np.random.default_rng(0).uniform(-70, 70, (7, 2, 5))
    quantized = np.clip(np.rint(x / 0.5) + 3, -128, 127).astype(np.int8)
    raw = reference_results(SCALED, quantized)
    y = accelerator.load(SCALED)(x)
    assert (y.shape, y.dtype) == ((7, 6), np.float32)
    np.testing.assert_array_equal(y, raw.astype(np.float32) * SCALED.output_scale + SCALED.output_bias)


def test_int8_is_taken_as_quantized(accelerator):
    loaded = accelerator.load(SCALED)
    x = X.reshape(-1, 2, 5)
    np.testing.assert_array_equal(loaded.raw(x), reference_results(SCALED, x))


def test_an_empty_batch_gives_an_empty_result(net):
    assert net(np.zeros((0, 10))).shape == (0, 6)
    assert net.raw(np.zeros((0, 10), np.int8)).shape == (0, 6)
    assert net.profile.images == 0
    assert net.profile.cycles_per_image == 0


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros(10), r"shape \(10,\), this network takes \(batch, 10\): reshape it, one image is x\[None\]"),
        (np.zeros((2, 11)), r"input has shape \(2, 11\)"),
        (np.float32(1), r"input has shape \(\)"),
        (np.zeros((2, 10), complex), "input has type complex128: use float, or int8"),
        (np.full((1, 10), "a"), "input has type"),
        (np.zeros((2, 10), bool), "input has type bool"),
        (np.full((1, 10), np.nan), "input holds NaN or infinity"),
        (np.full((1, 10), np.inf), "input holds NaN or infinity"),
    ],
)
def test_a_bad_input_is_named_and_nothing_is_sent(net, x, message):
    with pytest.raises(InputError, match=message):
        net(x)
    np.testing.assert_array_equal(net.raw(X), EXPECTED)


@pytest.mark.parametrize("chunk_bytes", [1, 200, 777, 1 << 20])
def test_a_batch_is_split_into_chunks(accelerator, chunk_bytes):
    backend = accelerator.core().backend
    backend.usual_frame_bytes = chunk_bytes
    loaded = accelerator.load(NETWORK)
    backend.sizes.clear()
    np.testing.assert_array_equal(loaded.raw(X), EXPECTED)
    assert loaded.profile.images == 40
    assert len(backend.lent) == (2 if chunk_bytes == 1 << 20 else 4)  # two exchanges take turns
    if chunk_bytes == 1:
        assert len(backend.sizes) == 40
    else:
        assert max(backend.sizes) <= chunk_bytes


@pytest.mark.parametrize("artefact", [BATCH, STREAMED], ids=["batch", "streamed"])
@pytest.mark.parametrize("chunk_passes", [0, 1, 3])
def test_chunks_are_whole_passes_and_the_last_one_is_filled_up(accelerator, monkeypatch, artefact, chunk_passes):
    images = artefact.image.program.images
    pass_bytes, empty = (run_bytes(artefact.image, TINY, n) for n in (images, 0))
    results = result_bytes(images, artefact.image.program.output_rows, TINY)
    chunk_bytes = empty + chunk_passes * max(pass_bytes - empty, results)
    backend = accelerator.core().backend
    backend.usual_frame_bytes = max(1, chunk_bytes)
    monkeypatch.setattr(network, "STREAMED_CHUNK_BYTES", max(1, chunk_bytes))
    loaded = accelerator.load(artefact)
    backend.sizes.clear()
    x = make_vectors(artefact, 7 * images - 1)
    np.testing.assert_array_equal(loaded.raw(x), reference_results(artefact, x))
    assert len(backend.sizes) == -(-7 // max(1, chunk_passes))
    assert loaded.profile.images == 7 * images
    np.testing.assert_array_equal(loaded.raw(x[:1]), reference_results(artefact, x[:1]))
    assert loaded.raw(x[:0]).shape == (0, artefact.outputs)


def test_the_next_exchange_is_prepared_while_the_device_works(accelerator, monkeypatch):
    backend, events = accelerator.core().backend, []
    backend.usual_frame_bytes = 200
    loaded = accelerator.load(NETWORK)
    fill, start, poll = RunFrame.fill, backend.start, backend.poll
    monkeypatch.setattr(RunFrame, "fill", lambda *given: (events.append("fill"), fill(*given))[1])
    monkeypatch.setattr(backend, "start", lambda *given: (events.append("start"), start(*given))[1])
    monkeypatch.setattr(backend, "poll", lambda: (events.append("poll"), poll())[1])
    np.testing.assert_array_equal(loaded.raw(X), EXPECTED)
    order = [event for i, event in enumerate(events) if not i or event != events[i - 1]]
    exchanges = order.count("start")
    assert exchanges > 2
    assert order == ["fill", *["start", "fill", "poll"] * (exchanges - 1), "start", "poll"]


def test_a_bad_value_in_a_later_exchange_is_named_and_the_device_goes_on(accelerator):
    accelerator.core().backend.usual_frame_bytes = 200
    loaded = accelerator.load(NETWORK)
    x = X.astype(np.float32)
    x[-1, 3] = np.nan
    with pytest.raises(InputError, match="input holds NaN or infinity"):
        loaded.raw(x)
    np.testing.assert_array_equal(loaded.raw(X), EXPECTED)


def test_python_and_exchange_share_the_time_of_a_call(net):
    begin = time.perf_counter()
    net(X.astype(np.float32))
    taken, profile = time.perf_counter() - begin, net.profile
    assert min(profile.host_s, profile.exchange_s) > 0
    assert 0.5 * taken < profile.host_s + profile.exchange_s <= taken


def test_a_pass_that_a_transfer_cannot_carry_is_named(accelerator):
    images, pieces = STREAMED.image.program.images, len(STREAMED.image.pieces)
    needed = run_bytes(STREAMED.image, TINY, images)
    loaded = accelerator.load(NETWORK)
    backend = accelerator.core().backend
    backend.max_frame_bytes = needed - 1
    with pytest.raises(FitError, match=f"emulator: a pass of {images} images and {pieces} table pieces moves {needed} "
                                       f"bytes, the device's max_frame_bytes is {needed - 1}: compile with fewer"):
        accelerator.load(STREAMED)
    np.testing.assert_array_equal(loaded.raw(X), EXPECTED)  # nothing was sent
    backend.max_frame_bytes = needed
    x = make_vectors(STREAMED, 5)
    np.testing.assert_array_equal(accelerator.load(STREAMED).raw(x), reference_results(STREAMED, x))


def test_buffers_are_kept_grown_and_given_back(accelerator, net):
    backend = accelerator.core().backend
    net.raw(X[:2])
    small = list(backend.lent)
    net.raw(X[:1])
    assert [id(b) for b in backend.lent] == [id(b) for b in small]
    net.raw(X)
    assert len(backend.lent) == 2
    assert len(backend.lent[0]) > len(small[0])
    net.close()
    net.close()
    assert backend.lent == []


def test_a_result_does_not_change_with_the_next_call(net):
    first = net.raw(X[:3])
    kept = first.copy()
    net.raw(X[3:6])
    np.testing.assert_array_equal(first, kept)


def test_the_result_is_refused_when_bytes_are_missing(accelerator, net, monkeypatch):
    backend = accelerator.core().backend
    monkeypatch.setattr(backend, "received", lambda: 16)
    with pytest.raises(CoreError, match="a run of 40 images gave 16 bytes, expected 1280"):
        net.raw(X)
    monkeypatch.undo()
    np.testing.assert_array_equal(net.raw(X), EXPECTED)


def test_a_closed_network_says_so(accelerator):
    with accelerator.load(NETWORK) as loaded:
        loaded.raw(X)
    with pytest.raises(DeviceError, match="this network is not on the device any more: it was closed or another model"):
        loaded.raw(X)


def test_the_profile_is_of_the_newest_call(net):
    reference = Reference(NETWORK.config, NETWORK.image)
    reference.run(np.zeros((3, NETWORK.image.program.input_groups * NETWORK.config.group), np.int8))
    net.raw(X)
    net.raw(X[:3])
    assert (net.profile.images, net.profile.lookups) == (3, reference.lookups)


def test_the_profile_counts_padding(accelerator):
    loaded = accelerator.load(BATCH)
    x = make_vectors(BATCH, 3)
    loaded.raw(x)
    reference = Reference(TINY, BATCH.image)
    reference.run(BATCH.frames(x))
    assert reference.padding > 0
    assert (loaded.profile.padding, loaded.profile.lookups) == (reference.padding, reference.lookups)


def test_counters_may_wrap(accelerator, net):
    accelerator.core().backend.model._registers |= {"IMAGES": 0xFFFFFFFE, "LOOKUPS": 0xFFFFFFFF}
    net.raw(X)
    assert net.profile.images == 40
    assert net.profile.lookups > 40


def test_layers_are_profiled_where_cycles_are_real(accelerator):
    accelerator.core().backend.cycle_exact = True
    accelerator.core().backend.forced[BY_NAME["PROFILE_CYCLES"].offset] = 12
    loaded = accelerator.load(NETWORK)
    loaded.raw(X)
    assert loaded.profile.records == (("input", 12), ("layer0", 12), ("layer1", 12))
    nameless = accelerator.load(replace(NETWORK, layers=()))
    nameless.raw(X)
    assert nameless.profile.records == (("record 0", 12), ("record 1", 12), ("record 2", 12))


@pytest.mark.parametrize("timeout_s", [0, -2.5])
def test_a_deadline_is_positive(net, timeout_s):
    with pytest.raises(InputError, match="it must be more than 0 seconds"):
        net(X, timeout_s=timeout_s)
