import wave
from collections import Counter

import numpy as np
import pytest

from lutdla.data import DatasetError, card, load, speech_prompts


@pytest.fixture(scope="module")
def prompts():
    return load("speech-prompts")


def test_the_set_is_what_its_card_says(prompts):
    known = card("speech-prompts")
    assert (len(prompts.train), len(prompts.test)) == (known.train, known.test)
    everything = prompts.train + prompts.test
    assert len({recording.name for recording in everything}) == 551
    assert sum(len(recording.samples) for recording in everything) / 8000 == pytest.approx(1455.6, abs=0.1)
    assert (prompts.licence, prompts.citation) == (known.licence, known.citation)
    assert {recording.rate for recording in everything} == {8000}
    assert all(0.1 < np.abs(recording.samples).max() <= 1 for recording in everything)


def test_a_fifth_of_each_folder_is_for_the_test(prompts):
    train, test = (Counter(recording.name.rpartition("/")[0] for recording in side)
                   for side in (prompts.train, prompts.test))  # fmt: skip
    assert test == {"": 70, "digits": 19, "letters": 12, "phonetic": 5, "dictate": 2, "followme": 1}
    assert train["digits"] == 75
    assert "silence" not in train


def write_wav(path, channels=1, width=2, rate=8000, content=b"\1\0\0\x80"):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(content)
    return path


def test_samples_are_fractions_of_full_scale(tmp_path):
    recording = speech_prompts.read_wav(write_wav(tmp_path / "a.wav"), "a.wav")
    assert recording.samples.tolist() == [1 / 32768, -1.0]
    assert recording.samples.dtype == np.float32


def test_a_recording_of_another_form_is_named(tmp_path):
    with pytest.raises(DatasetError, match=r"a.wav: has 2 channels of 1 bytes at 44100 Hz, 1 of 2 at 8000 is expected"):
        speech_prompts.read_wav(write_wav(tmp_path / "a.wav", 2, 1, 44100), "a.wav")
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    with pytest.raises(DatasetError, match=r"a.wav: cannot be read \(.*\): fetch the file again"):
        speech_prompts.read_wav(tmp_path / "a.wav", "a.wav")


def test_other_recordings_than_the_packages_are_refused(mine):
    for file in card("speech-prompts").source.files:
        (mine / "speech-prompts" / file).parent.mkdir(parents=True, exist_ok=True)
        write_wav(mine / "speech-prompts" / file)
    with pytest.raises(DatasetError, match=r"speech-prompts: its 4 .wav files are not those of version 1.6.1 \(sha"):
        load("speech-prompts")
