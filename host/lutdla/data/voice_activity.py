"""Labelled examples for voice activity detection, made of clean recordings: a stream of speech, pauses and noise.

Labels come from the *clean* sound: a frame is speech when its power is within `RANGE_DB` of the loudest frame of its
recording. Noise is added afterwards, at a ratio that is stated. So labels do not depend on the noise; but they are as
good as that threshold, and soft ends of words lie on its wrong side: compare detectors on them, do not quote them as
truth.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lutdla.data.dataset import Recording
from lutdla.errors import InputError

Samples = npt.NDArray[np.float32]

RANGE_DB = 35.0
"""How much softer than the loudest frame of a recording speech may be."""

NOISES = {"white": 0.0, "pink": 0.5, "brown": 1.0}
"""Noise -> exponent e of its amplitude spectrum, 1 / frequency^e."""

LOWEST_HZ = 20.0
"""Below it the spectrum is flat: else most of the power of brown noise is where nobody hears it."""


@dataclass(frozen=True, eq=False)
class Stream:
    """Sound with one label for each frame.

    Attributes:
        samples: float32 (frames * frame,).
        speech: bool (frames,).
        rate: samples a second.
        frame: samples a frame.
    """

    samples: Samples
    speech: npt.NDArray[np.bool_]
    rate: int
    frame: int


def resample(samples: Samples, rate: int, to: int) -> Samples:
    """The same sound at another rate, by its spectrum: band-limited, and exact for sound that ends as it begins.

    Raises:
        InputError: a rate is not positive.
    """
    if rate < 1 or to < 1:
        raise InputError(f"rates are {rate} and {to} samples a second: both must be positive")
    if rate == to or not len(samples):
        return samples
    length = max(1, round(len(samples) * to / rate))
    spectrum = np.fft.rfft(samples.astype(np.float64))
    kept = np.zeros(length // 2 + 1, complex)
    shared = min(len(spectrum), len(kept))
    kept[:shared] = spectrum[:shared]
    return (np.fft.irfft(kept, length) * (length / len(samples))).astype(np.float32)


def speech_frames(samples: Samples, frame: int, range_db: float = RANGE_DB) -> npt.NDArray[np.bool_]:
    """Which frames of one clean recording are speech: bool (len(samples) / frame,).

    Raises:
        InputError: the samples are no whole number of frames.
    """
    if frame < 1 or len(samples) % frame:
        raise InputError(f"{len(samples)} samples are no whole number of frames of {frame}: pad or cut them")
    power = np.square(samples.astype(np.float64)).reshape(-1, frame).mean(axis=1)
    loudest = power.max(initial=0.0)
    speech: npt.NDArray[np.bool_] = (power > loudest * 10 ** (-range_db / 10)) & (loudest > 0)
    return speech


def make_noise(kind: str, length: int, rate: int, seed: int) -> Samples:
    """Gaussian noise of mean power 1: float32 (length,).

    Raises:
        InputError: no noise has that name, or there are no samples.
    """
    if kind not in NOISES:
        raise InputError(f"no noise is called {kind!r}: known are {', '.join(NOISES)}")
    if length < 1:
        raise InputError(f"{length} samples of noise: at least 1 is needed")
    # The old generator, because its numbers are promised to stay the same.
    spectrum = np.fft.rfft(np.random.RandomState(seed).standard_normal(length))
    frequency = np.fft.rfftfreq(length, 1 / rate).clip(LOWEST_HZ)
    shaped = np.fft.irfft(spectrum / frequency ** NOISES[kind], length)
    noise: Samples = (shaped / np.sqrt(np.square(shaped).mean())).astype(np.float32)
    return noise


def mix(clean: Samples, speech: npt.NDArray[np.bool_], noise: Samples, snr_db: float) -> Samples:
    """Clean sound plus noise, scaled so that speech *in its speech frames* is `snr_db` above the noise everywhere.

    Raises:
        InputError: lengths do not fit, or there is no speech or no noise to scale by.
    """
    if len(clean) != len(noise) or not len(speech) or len(clean) % len(speech):
        raise InputError(f"{len(clean)} samples, {len(noise)} of noise and {len(speech)} frames do not fit")
    frames = clean.astype(np.float64).reshape(len(speech), -1)
    noise_power = np.square(noise.astype(np.float64)).mean()
    if not speech.any() or noise_power == 0:
        raise InputError("there is no speech, or no noise: a ratio of the two does not exist")
    wanted = np.square(frames[speech]).mean() / 10 ** (snr_db / 10)
    mixed: Samples = (clean + noise * np.sqrt(wanted / noise_power)).astype(np.float32)
    return mixed


def make_stream(
    recordings: Iterable[Recording], *, snr_db: float | None, noise: str = "pink", rate: int = 16000, frame: int = 512,
    pause_s: float = 1.0, range_db: float = RANGE_DB, seed: int = 0,
) -> Stream:
    """Recordings one after the other, a pause behind each, noise over all of it. The same for the same arguments.

    Args:
        recordings: clean ones, such as `load("speech-prompts").test`.
        snr_db: ratio of speech to noise, see `mix`; None adds no noise.
        noise: one of `NOISES`.
        rate, frame: of the stream; recordings are resampled. The defaults are those of Silero VAD.
        pause_s: length of the pauses, rounded up to whole frames.
        range_db: see `speech_frames`.
        seed: of the noise.

    Raises:
        InputError: no recordings, or an argument that is out of range.
    """
    if frame < 1 or pause_s < 0:
        raise InputError(f"frame={frame}, pause_s={pause_s}: a frame has at least 1 sample, a pause at least 0 s")
    pause = -(-int(pause_s * rate) // frame) * frame
    sounds, labels = [], []
    for recording in recordings:
        sound = resample(recording.samples, recording.rate, rate)
        sound = np.pad(sound, (0, -len(sound) % frame))
        labels += [speech_frames(sound, frame, range_db), np.zeros(pause // frame, bool)]
        sounds += [sound, np.zeros(pause, np.float32)]
    if not sounds:
        raise InputError("there are no recordings: give at least one")
    clean, speech = np.concatenate(sounds), np.concatenate(labels)
    if snr_db is not None:
        clean = mix(clean, speech, make_noise(noise, len(clean), rate, seed), snr_db)
    return Stream(clean, speech, rate, frame)
