import hashlib
import json
import zipfile

import pytest

from lutdla.errors import ToolError
from lutdla_overlay.archive import take_overlay
from tests.overlay.designs import small_plan


@pytest.fixture(scope="module")
def plan():
    return small_plan("pynq-z2")


def archive(folder, **files):
    with zipfile.ZipFile(folder / "lutdla.xsa", "w") as opened:
        for name, content in files.items():
            opened.writestr(name.replace("_dot_", "."), content)


def test_bitstream_and_hwh_are_named_after_the_board(plan, tmp_path):
    archive(tmp_path, lutdla_dot_bit=b"bits", lutdla_dot_hwh=b"<EDKSYSTEM/>", lutdla_smartconnect_0_dot_hwh=b"<other/>")
    overlay = take_overlay(plan, tmp_path)
    assert overlay.bit == tmp_path / "lutdla.bit.d" / "lutdla.Pynq-Z2.bit"
    assert (overlay.bit.read_bytes(), overlay.hwh.read_bytes()) == (b"bits", b"<EDKSYSTEM/>")
    about = json.loads(overlay.about.read_text())
    assert about["bit_sha256"] == hashlib.sha256(b"bits").hexdigest()
    assert (about["board"], about["plan"], about["config"]) == ("pynq-z2", plan.digest, plan.design.config.to_dict())


def test_an_archive_without_a_bitstream_is_refused(plan, tmp_path):
    archive(tmp_path, lutdla_dot_hwh=b"")
    with pytest.raises(ToolError, match=r"lutdla.xsa holds 0 files .bit, there must be one: run the step export again"):
        take_overlay(plan, tmp_path)


def test_what_is_no_archive_is_refused(plan, tmp_path):
    with pytest.raises(ToolError, match="no archive of Vivado"):
        take_overlay(plan, tmp_path)
    (tmp_path / "lutdla.xsa").write_text("text")
    with pytest.raises(ToolError, match=r"no archive of Vivado .*run the step export again"):
        take_overlay(plan, tmp_path)
