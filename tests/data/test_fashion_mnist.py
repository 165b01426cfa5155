import gzip
import hashlib
from dataclasses import replace

import numpy as np
import pytest

from lutdla.data import DatasetError, fashion_mnist, load
from lutdla.data.idx import read_idx
from lutdla.errors import InputError


def idx_file(path, array):
    header = bytes((0, 0, 8, array.ndim)) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    content = header + array.astype(np.uint8).tobytes()
    path.write_bytes(gzip.compress(content))
    return hashlib.sha256(content).hexdigest()


def test_official_split_is_complete_and_balanced():
    data = load("fashion-mnist")
    assert data.train_images.shape == (60000, 28, 28)
    assert data.test_images.shape == (10000, 28, 28)
    assert data.train_images.dtype == np.uint8
    assert np.bincount(data.train_labels).tolist() == [6000] * 10
    assert np.bincount(data.test_labels).tolist() == [1000] * 10
    assert data.classes[9] == "Ankle boot"
    assert data.test_labels[0] == 9
    assert data.name == "fashion-mnist"
    assert data.source
    assert (fashion_mnist.CARD.train, fashion_mnist.CARD.test) == (60000, 10000)
    assert data.classes == fashion_mnist.CARD.classes
    assert data.licence == "MIT"
    assert data.citation.startswith("Xiao, Rasul, Vollgraf")
    assert data.train.inputs is data.train_images
    assert data.test.labels is data.test_labels


def test_unknown_name_lists_what_there_is():
    with pytest.raises(InputError, match="no data set is called 'cifar': known are digits, fashion-mnist, files, mag"):
        load("cifar")


def test_without_files_and_network_the_error_names_package_and_folder(nowhere, monkeypatch):
    source = replace(fashion_mnist.CARD.source, url="http://127.0.0.1:9")  # discard: nothing listens
    monkeypatch.setattr(fashion_mnist, "CARD", replace(fashion_mnist.CARD, source=source))
    with pytest.raises(DatasetError) as error:
        load("fashion-mnist")
    assert "get them with 'apt-get install dataset-fashion-mnist'" in str(error.value)
    assert f"into {nowhere / 'cache' / 'lutdla' / 'data' / 'fashion-mnist'}" in str(error.value)
    assert "127.0.0.1:9" in str(error.value)


def test_wrong_content_is_refused_by_name(mine):
    folder = mine / "fashion-mnist"
    folder.mkdir(parents=True)
    for file in fashion_mnist.PUBLISHED:
        idx_file(folder / file, np.zeros((3, 2), np.uint8))
    with pytest.raises(DatasetError, match=r"train-images-idx3-ubyte.gz: its content is not the published data set"):
        load("fashion-mnist")


def test_idx_round_trip(tmp_path):
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    digest = idx_file(tmp_path / "x.gz", array)
    np.testing.assert_array_equal(read_idx(tmp_path / "x.gz", digest), array)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda raw: raw[: len(raw) // 2], r"x.gz: cannot be read \(.+\): fetch the file again"),
        (lambda raw: raw[:20] + bytes([raw[20] ^ 0xFF]) + raw[21:], r"x.gz: cannot be read"),
        (lambda raw: b"not gzip", r"x.gz: cannot be read \(Not a gzipped file"),
        (lambda raw: gzip.compress(b"\0\0\x0d\1" + gzip.decompress(raw)[4:]), r"x.gz: begins with 0x00000d01, an IDX"),
        (lambda raw: gzip.compress(gzip.decompress(raw)[:-1]), r"x.gz: holds 35 bytes, its header promises 12 \+ 4"),
    ],
    ids=["truncated", "bit flipped", "no gzip", "magic", "short"],
)
def test_damaged_file_is_named(tmp_path, damage, message):
    digest = idx_file(tmp_path / "x.gz", np.ones((4, 6), np.uint8))
    (tmp_path / "x.gz").write_bytes(damage((tmp_path / "x.gz").read_bytes()))
    with pytest.raises(DatasetError, match=message):
        read_idx(tmp_path / "x.gz", digest)
