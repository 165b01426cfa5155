"""Files that the tests write, in folders like those of packages and projects."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from lutdla.data import DatasetError, files, load
from lutdla.data.file_groups import group_of, walk
from lutdla.data.split import order_key
from lutdla.errors import InputError


def fill(root, packages=20, each=3):
    """Packages, each with some .py and .json files; every package also carries the same licence as .md."""
    for package in range(packages):
        folder = root / "site-packages" / f"pack{'abcdefghijklmnopqrstuvwxyz'[package]}"
        (folder / "inner").mkdir(parents=True)
        for i in range(each):
            (folder / f"m{i}.py").write_text(f"package = {package}, {i}\n")
            (folder / "inner" / f"d{i}.json").write_text(f'{{"package": [{package}, {i}]}}\n')
        (folder / "LICENCE.md").write_text("the same everywhere\n")
    return root


def sides(data):
    return [{group_of(str(Path(path).parent)) for path in paths} for paths in (data.train_paths, data.test_paths)]


def test_packages_are_on_one_side_and_no_content_is_twice(tmp_path):
    data = load("files", folders=[fill(tmp_path)])
    train, test = sides(data)
    assert not train & test
    assert len(data.test_paths) == data.counts()["py"][1] + data.counts()["json"][1] + data.counts()["md"][1]
    assert (data.counts()["py"], data.counts()["json"]) == ((48, 12), (48, 12))
    assert sum(data.counts()["md"]) == 1  # the licence that all of them have
    everything = [row.tobytes() for row in (*data.train_tokens, *data.test_tokens)]
    assert len(set(everything)) == len(everything) == 121
    assert data.train_tokens.shape[1:] == (2048,)
    for path, label in zip(data.test_paths, data.test_labels):
        assert path.endswith("." + data.classes[label])


def test_seed_and_disk_decide_and_the_order_of_folders_does_not(tmp_path):
    parts = [fill(tmp_path / "a"), fill(tmp_path / "b", 26)]
    data, again = load("files", folders=parts), load("files", folders=[*parts[::-1], tmp_path / "a" / "site-packages"])
    assert data.train_paths == again.train_paths
    assert (data.test_tokens == again.test_tokens).all()
    assert not sides(data)[0] & sides(data)[1]  # also between copies of a package
    assert load("files", folders=parts, seed=1).test_paths != data.test_paths


def test_so_many_of_a_class_and_no_more(tmp_path):
    data = load("files", folders=[fill(tmp_path)], train_per_class=5, test_per_class=2)
    assert data.counts()["py"] == (5, 2)
    assert data.counts()["gif"] == (0, 0)


def test_links_short_and_hidden_names_are_left_out(tmp_path):
    fill(tmp_path)
    (tmp_path / "link.py").symlink_to(tmp_path / "site-packages" / "packa" / "m0.py")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / ".py").write_text("a name, no extension\n")
    (tmp_path / "py").write_text("a name, no extension\n")
    (tmp_path / "UPPER.PY").write_text("x = 12345\n")
    found = [name for folder, name, _ in walk([tmp_path], {"py"}) if folder == str(tmp_path)]
    assert found == ["UPPER.PY"]


@pytest.mark.parametrize(
    ("folder", "group"),
    [
        ("/usr/lib/python3.11/json", "python"), ("/usr/local/lib/python3.12", "python"),
        ("/home/me/.venv/lib/python3.11/site-packages/torch/nn", "torch"),
        ("/usr/lib/python3/dist-packages/numpy", "numpy"), ("/usr/share/doc/numpy/examples", "numpy"),
        ("/x/site-packages/torch-2.13.0.dist-info", "torch"),
        ("/a/node_modules/b/node_modules/left-pad/lib", "left-pad"),
        ("/usr/include/x86_64-linux-gnu/curl", "curl"), ("/usr/share/7zip", "7zip"),
        ("/usr/bin", "/usr/bin"), ("/v/site-packages", "/v/site-packages"), ("/work", "work"),
    ],
)  # fmt: skip
def test_what_belongs_together(folder, group):
    assert group_of(folder) == group


def test_test_groups_take_a_fifth_of_each_class_and_never_all():
    counts = {"py": {f"g{i}": 10 for i in range(20)}, "js": {"g0": 1, "g1": 1, "g2": 1}, "ps": {"g3": 50},
              "ttf": {"h0": 40, "h1": 30}}
    test = files.choose_test_groups(counts, seed=0)
    assert sum(10 for group in counts["py"] if group in test) == 40
    assert len(test & counts["js"].keys()) == 1
    assert not test & {"g3"}, "a class of one group is for training"
    assert test & counts["ttf"].keys() == {"h1"}, "no group has a fifth or less, and h0 has more than half"
    assert test == files.choose_test_groups(counts, seed=0)
    assert Counter(len(files.choose_test_groups(counts, seed)) for seed in range(5)).keys() <= {4, 5}


def test_folders_and_limits_are_checked(tmp_path):
    with pytest.raises(InputError, match=r"/nowhere is no folder: name folders whose files are to be read"):
        load("files", folders=[tmp_path / "nowhere"])
    with pytest.raises(InputError, match="train_per_class=0, test_per_class=40: at least 1 of each"):
        load("files", folders=[tmp_path], train_per_class=0)
    (tmp_path / "a.py").write_text("x = 123456\n")
    with pytest.raises(DatasetError, match=r"files: .* gives 1 training and 0 test files of the types c, cmake, "):
        load("files", folders=[tmp_path])


def test_this_python_has_files_of_its_own():
    data = load("files", folders=[Path(np.__file__).parent, Path(pytest.__file__).parents[1]], train_per_class=5,
                test_per_class=2)
    assert data.counts()["py"] == (5, 2)
    assert not sides(data)[0] & sides(data)[1]


def test_types_are_thirty():
    assert len(files.CONTENT_TYPES) == len(set(files.CONTENT_TYPES.values())) == 30
    assert files.CARD.classes == tuple(sorted(files.CONTENT_TYPES))
    assert order_key(0, b"a") != order_key(1, b"a")
