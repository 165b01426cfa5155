"""Where files are looked for, and how they arrive, with a source of the test's own."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from lutdla.data import DatasetError, card, places
from lutdla.data.sources import Web


@dataclass(frozen=True)
class Written:
    """A source that writes its files itself."""

    files: tuple[str, ...] = ("a", "deep/b")
    brings: tuple[str, ...] = ("a", "deep/b", "c")
    folders: tuple[Path, ...] = ()
    title: str = "shop: things"
    command: str = "buy things"

    def installed(self):
        return self.folders

    def fetch(self, folder):
        for file in self.brings:
            (folder / file).parent.mkdir(exist_ok=True)
            (folder / file).write_text(file)


def described(source):
    return replace(card("magic"), name="set", source=source)


def test_fetched_once_with_one_line_said(nowhere, capfd):
    folder = places.find(described(Written()))
    assert folder == nowhere / "cache" / "lutdla" / "data" / "set"
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) == ["a", "c", "deep/b"]
    assert capfd.readouterr().err == f"fetching data set set (shop: things) into {folder}\n"
    assert places.find(described(Written(brings=()))) == folder
    assert capfd.readouterr().err == ""
    assert [path.name for path in folder.parent.iterdir()] == ["set"]  # nothing is left of the way it came


def test_fetching_again_replaces_what_is_there(nowhere):
    folder = places.find(described(Written()))
    (folder / "a").write_text("damaged")
    assert places.fetch(described(Written())) == folder
    assert (folder / "a").read_text() == "a"


def test_an_installed_package_is_found_and_the_cache_goes_first(nowhere):
    installed = nowhere / "installed"
    (installed / "deep").mkdir(parents=True)
    for file in ("a", "deep/b"):
        (installed / file).write_text(file)
    known = described(Written(folders=(nowhere / "absent", installed)))
    assert places.here(known) == installed
    assert places.find(known) == installed
    assert places.find(known) != places.fetch(known) == places.find(known)


def test_a_source_that_brings_too_little_is_an_error_and_leaves_nothing(nowhere):
    with pytest.raises(DatasetError) as error:
        places.find(described(Written(brings=("a",), folders=(nowhere / "absent",))))
    cache = nowhere / "cache" / "lutdla" / "data" / "set"
    assert str(error.value) == (
        f"data set set: its files are neither in {cache} nor {nowhere / 'absent'}, and fetching them (shop: things) "
        f"failed: shop: things brought no deep/b: get them with 'buy things', or put a, deep/b into {cache}"
    )
    assert list(cache.iterdir()) == []


def test_override_is_the_only_place_looked_at(nowhere, mine):
    with pytest.raises(DatasetError, match=r"not in .*mine/set, which LUTDLA_DATA names: put a, deep/b there"):
        places.find(described(Written(folders=(nowhere,))))
    with pytest.raises(DatasetError, match=r"nothing is fetched while LUTDLA_DATA is set: unset it, or put a, "):
        places.fetch(described(Written()))
    assert not mine.exists()


def test_a_set_without_files_of_its_own_cannot_be_fetched():
    assert places.here(card("files")) is None
    with pytest.raises(DatasetError, match="data set files has no files of its own: there is nothing to fetch"):
        places.find(card("files"))


def published(folder):
    for name in ("a.gz", "b.gz"):
        (folder / name).write_bytes(name.encode() * 100)
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir())}


def test_download_fills_the_cache(nowhere, server):
    url, files = server[0], published(server[1])
    folder = places.find(described(Web(url, files, "dataset-set", "set")))
    assert (folder / "b.gz").read_bytes() == b"b.gz" * 100
    assert places.find(described(Web("http://127.0.0.1:9", files, "dataset-set", "set"))) == folder  # no network now


def test_download_with_a_wrong_digest_leaves_no_file(nowhere, server):
    url, files = server[0], published(server[1]) | {"b.gz": "0" * 64}
    with pytest.raises(DatasetError, match=r"b.gz has sha256 [0-9a-f]{16}..., 0000000000000000... is published: get t"):
        places.find(described(Web(url, files, "dataset-set", "set")))
    assert list((places.cache_folder() / "set").iterdir()) == []


def test_debians_folder_is_known(nowhere):
    files = {"a": "0" * 64}
    (nowhere / "system" / "set").mkdir(parents=True)
    (nowhere / "system" / "set" / "a").touch()
    assert places.find(described(Web("http://127.0.0.1:9", files, "dataset-set", "set"))) == nowhere / "system" / "set"
