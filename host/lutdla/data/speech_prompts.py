"""Speech prompts of the Asterisk telephone exchange: 551 recordings of one speaker, English, 8 kHz, 24 minutes.

Tones, monkeys and silence of the package are left out. No official split: ours gives a fifth of each folder (digits,
letters, phonetic alphabet, the rest) to the test set (`lutdla.data.split`, seed 0). The speaker and many words are on
both sides, so the set measures how a network changes when it is converted, not how it does on new speakers.
Labels for voice activity: `lutdla.data.voice_activity`.
"""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from lutdla.data.card import Card
from lutdla.data.dataset import DatasetError, Recording, SoundDataset
from lutdla.data.places import find
from lutdla.data.sources import Debian
from lutdla.data.sources.digest import sha256_of_tree
from lutdla.data.split import stratified_split

RATE = 8000

CONTENT = "c5aaa003fc071d5f6d4ea9de116ca77a950fafeb7c6d4d03874f91ed4116662a"
"""sha256 of what `sha256sum` prints about all .wav files of the package, sorted by name."""

NOT_SPEECH = frozenset({
    "ascending-2tone.wav", "beep.wav", "beeperr.wav", "confbridge-join.wav", "confbridge-leave.wav",
    "descending-2tone.wav", "tt-monkeys.wav",
})  # fmt: skip
SILENCE = "silence"
"""Folder of recordings of nothing."""

CARD = Card(
    name="speech-prompts", title="spoken prompts of a telephone exchange", kind="recordings",
    shape="float32, 8 kHz, 0.6 to 73 s", train=442, test=109, classes=(),
    split="ours: stratified by folder, a fifth for the test, seed 0", licence="CC BY-SA 3.0 (Debian copyright file)",
    citation="Allison Smith: Asterisk core sounds, English, version 1.6.1, Digium, 2003-2010",
    source=Debian("asterisk-core-sounds-en-wav", Path("/usr/share/asterisk/sounds/en_US_f_Allison"),
                  ("hello-world.wav", "digits/1.wav", "letters/a.wav", "phonetic/a_p.wav")),
)  # fmt: skip


def read_wav(path: Path, name: str) -> Recording:
    """A recording of 16-bit samples, one channel.

    Raises:
        DatasetError: the file has another form, or is damaged.
    """
    try:
        with wave.open(str(path), "rb") as file:
            form = (file.getnchannels(), file.getsampwidth(), file.getframerate())
            content = file.readframes(file.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        raise DatasetError(f"{path}: cannot be read ({error}): fetch the file again") from error
    if form != (1, 2, RATE):
        raise DatasetError(f"{path}: has {form[0]} channels of {form[1]} bytes at {form[2]} Hz, 1 of 2 at {RATE} is "
                           "expected: fetch the file again")
    return Recording(name, np.frombuffer(content, "<i2").astype(np.float32) / 32768, RATE)


def load() -> SoundDataset:
    """All 551 recordings, sorted by name.

    Raises:
        DatasetError: the files are nowhere, or damaged.
    """
    folder = find(CARD)
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.wav"))
    if sha256_of_tree(folder, files) != CONTENT:
        raise DatasetError(f"{folder}: its {len(files)} .wav files are not those of version 1.6.1 (sha256 of all files "
                           f"differs from {CONTENT[:16]}...): install that version, or empty the folder")
    spoken = [file for file in files if file not in NOT_SPEECH and Path(file).parent.name != SILENCE]
    recordings = [read_wav(folder / file, file) for file in spoken]
    train, test = stratified_split([recording.samples.tobytes() for recording in recordings],
                                   [str(Path(file).parent) for file in spoken], test_fraction=0.2)
    return SoundDataset(CARD.name, tuple(recordings[i] for i in train), tuple(recordings[i] for i in test), str(folder),
                        CARD.licence, CARD.citation)
