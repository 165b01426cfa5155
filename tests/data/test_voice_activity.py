import numpy as np
import pytest

from lutdla.data import Recording, load
from lutdla.data.voice_activity import NOISES, make_noise, make_stream, mix, resample, speech_frames
from lutdla.errors import InputError


def tone(frequency, length, rate, loud=1.0):
    return (loud * np.sin(2 * np.pi * frequency * np.arange(length) / rate)).astype(np.float32)


def test_resampling_keeps_a_tone():
    slow, fast = tone(400, 800, 8000), tone(400, 1600, 16000)
    np.testing.assert_allclose(resample(slow, 8000, 16000), fast, atol=1e-5)
    np.testing.assert_allclose(resample(fast, 16000, 8000), slow, atol=1e-5)
    assert len(resample(slow, 8000, 11025)) == round(800 * 11025 / 8000)
    assert resample(slow, 8000, 8000) is slow
    assert not len(resample(slow[:0], 8000, 16000))


def test_resampling_down_loses_what_cannot_be_kept():
    np.testing.assert_allclose(resample(tone(6000, 1600, 16000), 16000, 8000), 0, atol=1e-5)


def test_frames_are_speech_when_they_are_near_the_loudest():
    sound = np.concatenate([tone(1000, 512, 16000, loud) for loud in (1.0, 0.02, 0.01, 0.0)])
    assert speech_frames(sound, 512, range_db=35).tolist() == [True, True, False, False]
    assert speech_frames(sound, 512, range_db=45).tolist() == [True, True, True, False]
    assert not speech_frames(np.zeros(1024, np.float32), 512).any()
    assert len(speech_frames(sound[:0], 512)) == 0


@pytest.mark.parametrize("kind", NOISES)
def test_noise_has_power_one_and_its_spectrum(kind):
    noise = make_noise(kind, 1 << 16, 16000, seed=3)
    assert np.square(noise).mean() == pytest.approx(1, rel=1e-5)
    power = np.square(np.abs(np.fft.rfft(noise)))
    octaves = [power[(f := 1 << i) * 4 : f * 8].mean() for i in range(8, 12)]
    slope = np.polyfit(range(4), 10 * np.log10(octaves), 1)[0]
    assert slope == pytest.approx(-20 * np.log10(2) * NOISES[kind], abs=0.5)
    assert (make_noise(kind, 1 << 16, 16000, seed=3) == noise).all()
    assert (make_noise(kind, 1 << 16, 16000, seed=4) != noise).any()


def test_the_ratio_is_that_of_speech_in_its_frames():
    clean = np.concatenate([tone(500, 1024, 16000), np.zeros(1024, np.float32)])
    speech = speech_frames(clean, 512)
    mixed = mix(clean, speech, make_noise("white", 2048, 16000, 0), snr_db=10)
    noise = mixed - clean
    assert 10 * np.log10(np.square(clean[:1024]).mean() / np.square(noise).mean()) == pytest.approx(10, abs=1e-3)


def test_a_stream_of_real_speech_has_both_kinds_of_frames():
    recordings = load("speech-prompts").test[:8]
    clean = make_stream(recordings, snr_db=None)
    assert (clean.rate, clean.frame, len(clean.samples)) == (16000, 512, 512 * len(clean.speech))
    pauses = len(recordings) * 32 / len(clean.speech)  # 1 s is 31.25 frames
    assert 0.1 < clean.speech.mean() < 1 - pauses
    noisy = make_stream(recordings, snr_db=5, noise="white", seed=1)
    assert (noisy.speech == clean.speech).all()
    noise = noisy.samples - clean.samples
    frames = np.square(clean.samples.reshape(-1, 512))[clean.speech].mean()
    assert 10 * np.log10(frames / np.square(noise).mean()) == pytest.approx(5, abs=0.01)
    assert (make_stream(recordings, snr_db=5, noise="white", seed=1).samples == noisy.samples).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: resample(np.zeros(4, np.float32), 0, 8000), "rates are 0 and 8000 samples a second: both must be pos"),
        (lambda: speech_frames(np.zeros(5, np.float32), 2), "5 samples are no whole number of frames of 2"),
        (lambda: make_noise("grey", 5, 8000, 0), "no noise is called 'grey': known are white, pink, brown"),
        (lambda: make_noise("pink", 0, 8000, 0), "0 samples of noise: at least 1 is needed"),
        (lambda: mix(np.zeros(4), np.ones(3, bool), np.ones(4), 0), "4 samples, 4 of noise and 3 frames do not fit"),
        (lambda: mix(np.zeros(4), np.zeros(2, bool), np.ones(4), 0), "there is no speech, or no noise"),
        (lambda: make_stream([], snr_db=0), "there are no recordings: give at least one"),
        (lambda: make_stream([], snr_db=0, frame=0), "frame=0, pause_s=1.0: a frame has at least 1 sample"),
        (lambda: make_stream([Recording("a", np.zeros(9, np.float32), 8000)], snr_db=0), "there is no speech, or no"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()
