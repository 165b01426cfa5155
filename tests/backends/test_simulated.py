import numpy as np
import pytest

from lutdla.backends.emulator import EmulatorModel
from lutdla.backends.simulated import SimulatedBackend
from lutdla.errors import CoreError
from lutdla.spec.packets import load_packets, run_packets
from tests.backends.harness import exchange
from tests.networks import two_layers
from tests.strategies import TINY

NETWORK = two_layers()
RUN = run_packets(np.zeros((2, 10), np.int8), NETWORK.image, TINY)


@pytest.fixture
def backend():
    made = SimulatedBackend("emulator", EmulatorModel(TINY))
    exchange(made, b"".join(load_packets(NETWORK.image, TINY, 1)))
    yield made
    made.close()


def start(backend, nbytes):
    incoming = backend.allocate(nbytes)
    backend.start(np.frombuffer(RUN, np.uint8), incoming)
    return incoming


def test_a_result_larger_than_its_buffer_is_an_error(backend):
    start(backend, 32)
    with pytest.raises(CoreError, match="result frame of 64 bytes, buffer of 32"):
        backend.poll()


def test_a_result_may_be_shorter_than_its_buffer(backend):
    start(backend, 100)
    assert backend.poll()
    assert backend.received() == 64


def test_stream_status_in_words(backend):
    assert backend.stream_status() == "all sent; nothing to receive"
    start(backend, 64)
    assert "not all of the outgoing frame was taken" in backend.stream_status()
    assert "no whole result frame (TLAST) has come" in backend.stream_status()
    backend.reset_streams()
    assert backend.stream_status() == "all sent; nothing to receive"
    assert backend.poll()
    assert backend.received() == 0


def test_time_passes_without_an_exchange(backend):
    backend.model.send(RUN)
    assert backend.poll()
    assert backend.model.sent()
