"""What the runtime does when the device fails: named errors, retries that are remembered, and the way back."""

import logging
import threading
import zlib

import numpy as np
import pytest

from lutdla.errors import CoreError, DeadlineError, DeviceError, InputError
from lutdla.runtime import Accelerator
from lutdla.runtime.recovery import RetryPolicy
from lutdla.spec.registers import BY_NAME, constant_registers
from lutdla.verify import make_vectors, reference_results
from tests.runtime.devices import NETWORK, OTHER, STREAMED, Device
from tests.strategies import TINY

X = make_vectors(NETWORK, 40)
EXPECTED = reference_results(NETWORK, X)


def opened(retries=0, **options):
    return Accelerator("emulator", Device(), retries=retries, **options)


@pytest.fixture
def accelerator():
    with opened() as made:
        yield made


def damage(accelerator, monkeypatch, method, times, change):
    """Let the first `times` results of a method of the model be changed."""
    model = accelerator.core().backend.model
    whole, left = getattr(model, method), [times]

    def changed(*arguments):
        if method == "send":
            if left[0]:
                left[0] -= 1
                arguments = (change(arguments[0]),)
            return whole(*arguments)
        result = whole(*arguments)
        if result is not None and left[0]:
            left[0] -= 1
            result = change(result)
        return result

    monkeypatch.setattr(model, method, changed)


def flipped(frame):
    damaged = bytearray(frame)
    damaged[len(frame) // 2] ^= 4
    return bytes(damaged)


# -- end to end ------------------------------------------------------------------------------------------------------
def test_a_bit_that_flips_in_a_result_is_noticed(accelerator, monkeypatch):
    net = accelerator.load(NETWORK)
    damage(accelerator, monkeypatch, "receive", 1, flipped)
    with pytest.raises(CoreError, match=r"after a run, register CRC_RESULT is 0x.*results were damaged on their way"):
        net.raw(X)
    np.testing.assert_array_equal(net.raw(X), EXPECTED)


@pytest.mark.parametrize("artefact", [NETWORK, STREAMED], ids=["plain", "streamed"])
def test_a_run_on_old_data_is_noticed(accelerator, monkeypatch, artefact):
    """Old packets have right CRCs: what a cache flush that did not happen looks like."""
    net = accelerator.load(artefact)
    x = make_vectors(artefact, 4)
    frames = []
    damage(accelerator, monkeypatch, "send", 1, lambda frame: frames.append(frame) or frame)
    net.raw(x)
    damage(accelerator, monkeypatch, "send", 1, lambda frame: frames[0])
    with pytest.raises(CoreError, match=r"register CRC_RUN is 0x.*a cache was not flushed") as caught:
        net.raw(x[::-1])
    assert caught.value.code == "CRC"
    np.testing.assert_array_equal(net.raw(x), reference_results(artefact, x))


def test_a_model_of_somebody_else_is_noticed(accelerator):
    net = accelerator.load(NETWORK)
    accelerator.core().backend.forced[BY_NAME["MODEL"].offset] = 5
    with pytest.raises(CoreError, match=r"register MODEL is 0x00000005.*something else has loaded it"):
        net.raw(X)


def test_a_result_of_another_size_is_noticed(accelerator, monkeypatch):
    net = accelerator.load(NETWORK)
    damage(accelerator, monkeypatch, "receive", 1, lambda frame: frame[:-8])
    with pytest.raises(CoreError, match=r"gave \d+ bytes, expected \d+: results were lost on their way"):
        net.raw(X)


# -- retries ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("method", ["send", "receive"])
def test_a_retry_mends_what_happens_once_and_is_remembered(monkeypatch, caplog, method):
    with opened(retries=1) as accelerator:
        net = accelerator.load(NETWORK)
        damage(accelerator, monkeypatch, method, 1, flipped)
        with caplog.at_level(logging.WARNING, "lutdla"):
            np.testing.assert_array_equal(net.raw(X), EXPECTED)
        assert len(accelerator.policy.recoveries) == accelerator.status()["recoveries"] == 1
        assert "CRC" in accelerator.policy.recoveries[0]
        assert "Trying again, 1 retries left" in caplog.text


def test_what_does_not_go_away_is_an_error_after_all_retries(monkeypatch):
    with opened(retries=3) as accelerator:
        net = accelerator.load(NETWORK)
        damage(accelerator, monkeypatch, "receive", 4, flipped)
        with pytest.raises(CoreError, match="CRC_RESULT"):
            net.raw(X)
        assert len(accelerator.policy.recoveries) == 3
        np.testing.assert_array_equal(net.raw(X), EXPECTED)


def test_a_load_is_tried_again(monkeypatch):
    with opened(retries=1) as accelerator:
        damage(accelerator, monkeypatch, "send", 1, flipped)
        np.testing.assert_array_equal(accelerator.load(NETWORK).raw(X), EXPECTED)
        assert "loading" in accelerator.policy.recoveries[0]


def test_a_model_that_the_core_lost_is_loaded_again():
    with opened(retries=1) as accelerator:
        net = accelerator.load(NETWORK)
        accelerator.core().backend.model._loaded = False
        np.testing.assert_array_equal(net.raw(X), EXPECTED)
        assert "NOT_LOADED" in accelerator.policy.recoveries[0]


def test_a_lost_model_is_named_without_retries(accelerator):
    net = accelerator.load(NETWORK)
    accelerator.core().backend.model._loaded = False
    with pytest.raises(CoreError, match="NOT_LOADED: a run was asked for while no whole model is loaded") as caught:
        net.raw(X)
    assert caught.value.code == "NOT_LOADED"
    np.testing.assert_array_equal(accelerator.load(NETWORK).raw(X), EXPECTED)


def test_a_missed_deadline_is_not_tried_again(monkeypatch):
    with opened(retries=5) as accelerator:
        net = accelerator.load(NETWORK)
        monkeypatch.setattr(accelerator.core().backend.model, "receive", lambda: None)
        with pytest.raises(DeadlineError, match=r"did not end within 0\.05 s"):
            net.raw(X, timeout_s=0.05)
        assert not accelerator.policy.recoveries


@pytest.mark.parametrize("retries", [-1, 1.5, True, 101])
def test_impossible_retries_are_refused(retries):
    with pytest.raises(InputError, match=f"retries is {retries!r}: it must be a whole number, 0 to 100"):
        RetryPolicy(retries)


# -- recover ---------------------------------------------------------------------------------------------------------
def test_recover_brings_a_lost_network_back(accelerator):
    net = accelerator.load(NETWORK)
    accelerator.core().backend.model._loaded = False
    accelerator.recover()
    np.testing.assert_array_equal(net.raw(X), EXPECTED)


def test_recover_loads_nothing_that_is_still_there(accelerator):
    net = accelerator.load(NETWORK)
    frames = len(accelerator.core().backend.sizes)
    accelerator.recover()
    assert len(accelerator.core().backend.sizes) == frames
    np.testing.assert_array_equal(net.raw(X), EXPECTED)


def test_recover_clears_what_a_stranger_left(accelerator):
    net = accelerator.load(NETWORK)
    model = accelerator.core().backend.model
    model.send(bytes(64))
    model.step()
    assert accelerator.status()["error"].startswith("MAGIC")
    accelerator.recover()
    assert accelerator.status()["error"] == "NONE: no error"
    np.testing.assert_array_equal(net.raw(X), EXPECTED)


def test_recover_notices_another_core(accelerator):
    accelerator.load(NETWORK)
    other = constant_registers(type(TINY)())
    accelerator.core().backend.forced |= {BY_NAME[name].offset: word for name, word in other.items()}
    with pytest.raises(DeviceError, match="another overlay was downloaded meanwhile"):
        accelerator.recover()


def test_a_load_that_fails_leaves_no_network(accelerator, monkeypatch):
    first = accelerator.load(NETWORK)
    damage(accelerator, monkeypatch, "send", 1, flipped)
    with pytest.raises(CoreError):
        accelerator.load(OTHER)
    assert accelerator.network is None
    with pytest.raises(DeviceError, match="this network is not on the device any more"):
        first.raw(X)


# -- threads ---------------------------------------------------------------------------------------------------------
def test_threads_share_an_accelerator(accelerator):
    net, wrong = accelerator.load(NETWORK), []

    def work(seed):
        order = np.random.default_rng(seed).permutation(len(X))
        for _ in range(10):
            if not np.array_equal(net.raw(X[order]), EXPECTED[order]):
                wrong.append(seed)
            accelerator.status()

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert not wrong
    assert zlib.crc32(net.raw(X).tobytes()) == zlib.crc32(EXPECTED.tobytes())


def test_a_thread_does_not_wait_for_ever_for_another(accelerator):
    held, free = threading.Event(), threading.Event()

    def hold():
        with accelerator.turn():
            held.set()
            free.wait(60)

    thread = threading.Thread(target=hold, name="holder")
    thread.start()
    assert held.wait(60)
    with pytest.raises(DeadlineError, match=r"thread holder has used this accelerator for all of 0\.05 s: give a"):
        accelerator.load(NETWORK, timeout_s=0.05)
    free.set()
    thread.join(60)
    np.testing.assert_array_equal(accelerator.load(NETWORK).raw(X), EXPECTED)
