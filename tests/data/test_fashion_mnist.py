import gzip
import hashlib
import http.server
import threading

import numpy as np
import pytest

from lutdla.data import Dataset, fashion_mnist, load, places
from lutdla.data.dataset import DatasetError
from lutdla.data.idx import read_idx
from lutdla.errors import InputError


def idx_file(path, array):
    header = bytes((0, 0, 8, array.ndim)) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    content = header + array.astype(np.uint8).tobytes()
    path.write_bytes(gzip.compress(content))
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """No data set on this machine, and a cache of the test's own."""
    monkeypatch.delenv(places.OVERRIDE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(places, "SYSTEM", tmp_path / "system")
    return tmp_path


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


def test_unknown_name_lists_what_there_is():
    with pytest.raises(InputError, match="no data set is called 'mnist': known are fashion-mnist"):
        load("mnist")


def test_without_files_and_network_the_error_names_package_and_folder(nowhere, monkeypatch):
    monkeypatch.setattr(fashion_mnist, "URL", "http://127.0.0.1:9")  # discard: nothing listens
    with pytest.raises(DatasetError) as error:
        load("fashion-mnist")
    assert "apt-get install dataset-fashion-mnist" in str(error.value)
    assert str(nowhere / "cache" / "lutdla" / "data" / "fashion-mnist") in str(error.value)
    assert "127.0.0.1:9" in str(error.value)


def test_override_is_the_only_place_looked_at(nowhere, monkeypatch):
    monkeypatch.setenv(places.OVERRIDE, str(nowhere / "mine"))
    with pytest.raises(DatasetError, match=r"not in .*mine/fashion-mnist, which LUTDLA_DATA names: put train-images"):
        load("fashion-mnist")


def test_wrong_content_is_refused_by_name(nowhere, monkeypatch):
    folder = nowhere / "mine" / "fashion-mnist"
    folder.mkdir(parents=True)
    for file in fashion_mnist.PUBLISHED:
        idx_file(folder / file, np.zeros((3, 2), np.uint8))
    monkeypatch.setenv(places.OVERRIDE, str(nowhere / "mine"))
    with pytest.raises(DatasetError, match=r"train-images-idx3-ubyte.gz: its content is not the published data set"):
        load("fashion-mnist")


@pytest.fixture
def server(tmp_path):
    """A web server with two files."""
    folder = tmp_path / "published"
    folder.mkdir()
    for name in ("a.gz", "b.gz"):
        (folder / name).write_bytes(name.encode() * 100)

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(folder))

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}", folder
        httpd.shutdown()
        thread.join(timeout=10)


def digests(folder):
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir())}


def test_download_fills_the_cache_once(nowhere, server):
    url, published = server
    files = digests(published)
    folder = places.find("set", files, url, "dataset-set")
    assert folder == nowhere / "cache" / "lutdla" / "data" / "set"
    assert digests(folder) == files
    assert places.find("set", files, "http://127.0.0.1:9", "dataset-set") == folder  # no network any more


def test_download_with_a_wrong_digest_leaves_no_file(nowhere, server):
    url, published = server
    files = digests(published) | {"b.gz": "0" * 64}
    with pytest.raises(DatasetError, match=r"b.gz has sha256 [0-9a-f]{16}..., 0000000000000000... is published"):
        places.find("set", files, url, "dataset-set")
    assert not (places.cache_folder() / "set" / "b.gz").exists()


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


def test_arrays_that_do_not_belong_together_are_refused():
    images, labels = np.zeros((3, 2, 2), np.uint8), np.zeros(3, np.int64)
    with pytest.raises(DatasetError, match=r"x: 3 test images and 2 labels in here"):
        Dataset("x", images, labels, images, labels[:2], ("a",), "here")
    with pytest.raises(DatasetError, match=r"x: train labels are 0..4 in here, there are 2 classes"):
        Dataset("x", images, np.array([0, 4, 1]), images, labels, ("a", "b"), "here")
