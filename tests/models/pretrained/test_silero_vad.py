import numpy as np
import onnxruntime
import pytest
import torch

from lutdla.errors import InputError
from lutdla.models.pretrained import silero_vad
from lutdla.models.pretrained.silero_vad import chunks


def test_it_is_the_published_network():
    model = silero_vad.load_silero_vad()
    original = onnxruntime.InferenceSession(silero_vad.WHEEL.read(silero_vad.WEIGHTS))
    time = np.arange(16000) / 16000
    pitch = 130 + 20 * np.sin(2 * np.pi * 4 * time)
    wave = sum(np.sin(2 * np.pi * harmonic * np.cumsum(pitch) / 16000) / harmonic for harmonic in range(1, 25))
    wave *= 0.3 * (np.sin(2 * np.pi * 3 * time) > 0)
    wave = (wave + 0.02 * np.random.default_rng(0).standard_normal(len(time))).astype(np.float32)
    cut = chunks(wave)
    state, want = np.zeros((2, 1, 128), np.float32), []
    for chunk in cut:
        inputs = {"input": chunk[None], "state": state, "sr": np.array(silero_vad.RATE)}
        speech, state = original.run(None, inputs)
        want.append(speech[0, 0])
    with torch.no_grad():
        have = model(torch.tensor(cut[None]))[0]
    assert max(want) - min(want) > 0.05
    np.testing.assert_allclose(have, want, rtol=0, atol=1e-5)


def test_silence_trains_without_the_root_of_nothing():
    model = silero_vad.load_silero_vad()
    model(torch.zeros(1, 2, silero_vad.CHUNK + silero_vad.CONTEXT)).sum().backward()
    assert model.transform.weight.grad is None  # a Fourier transform, as published: it has nothing to learn
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.requires_grad)


def test_a_recording_is_cut_into_overlapping_chunks():
    cut = chunks(np.arange(1, 1200))
    assert cut.shape == (3, 576)
    np.testing.assert_array_equal(cut[0], [*[0] * 64, *range(1, 513)])
    np.testing.assert_array_equal(cut[1], np.arange(512 - 63, 1025))
    np.testing.assert_array_equal(cut[2], [*range(1024 - 63, 1200), *[0] * 337])


@pytest.mark.parametrize("samples", [np.zeros((2, 512)), np.zeros(0)])
def test_what_is_no_recording_is_refused(samples):
    with pytest.raises(InputError, match="give one recording"):
        chunks(samples)
