"""The sets that the tests have for real: what is in them, and that their splits stay what they are."""

import hashlib

import numpy as np
import pytest

from lutdla.data import DatasetError, card, load

SPLITS = {"digits": "312b9c6be2fff7a6", "magic": "b9df3ce79f13c5d4", "shuttle": "c2c151dbed25b45b"}
"""Name -> sha256 of the test inputs, first 16 digits. A figure made on another split does not compare."""


@pytest.mark.parametrize("name", SPLITS)
def test_a_set_is_what_its_card_says(name):
    data, known = load(name), card(name)
    assert (len(data.train.inputs), len(data.test.inputs)) == (known.train, known.test)
    assert data.classes == known.classes
    assert (data.licence, data.citation) == (known.licence, known.citation)
    size, kind = " x ".join(map(str, data.train.inputs.shape[1:])), data.train.inputs.dtype.name
    assert known.shape.startswith(f"{size} {kind}")


@pytest.mark.parametrize("name", SPLITS)
def test_the_split_is_stratified_and_stays(name):
    data = load(name)
    train, test = (np.bincount(part.labels, minlength=len(data.classes)) for part in (data.train, data.test))
    np.testing.assert_allclose(test / (train + test), 0.2, atol=0.004)
    inputs = [{row.tobytes() for row in part.inputs} for part in (data.train, data.test)]
    assert not inputs[0] & inputs[1]
    assert hashlib.sha256(data.test.inputs.tobytes()).hexdigest()[:16] == SPLITS[name]


def test_digits_look_like_digits():
    data = load("digits")
    assert data.train_images.max() == 16
    means = np.array([data.train_images[data.train_labels == k].mean(axis=0) for k in range(10)])
    distance = np.square(data.test_images[:, None].astype(float) - means).sum(axis=(2, 3))
    assert (distance.argmin(axis=1) == data.test_labels).mean() > 0.85


def test_rows_are_as_measured():
    magic, shuttle = load("magic"), load("shuttle")
    assert magic.features[-2:] == ("alpha", "dist")
    alpha = magic.train_rows[:, 8]
    assert 0 <= alpha.min() <= alpha.max() <= 90
    assert np.median(alpha[magic.train_labels == 0]) < np.median(alpha[magic.train_labels == 1])
    assert shuttle.features == tuple(f"f{i}" for i in range(1, 10))
    assert (np.sum(shuttle.train_labels) + np.sum(shuttle.test_labels), shuttle.classes[1]) == (3511, "anomaly")


def test_another_file_is_refused(mine):
    (mine / "magic").mkdir(parents=True)
    (mine / "magic" / "magic.dat").write_text("1,2,3,4,5,6,7,8,9,10,g\n")
    with pytest.raises(DatasetError, match=r"magic.dat: its content is not the published data set \(sha256 of the un"):
        load("magic")
