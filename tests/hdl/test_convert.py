"""MyHDL -> Verilog: the same bytes every time, accepted by two tools, and no waiver without need."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from fnmatch import fnmatchcase

import pytest

from lutdla.backends.verilate import verilator
from lutdla.errors import ToolError
from lutdla.spec.config import CoreConfig
from lutdla_hdl import convert as conversion
from lutdla_hdl.convert import TOP, WAIVERS, convert
from tests.hdl.cores import POOL
from tests.strategies import TINY

CONFIGS = POOL | {
    "default": CoreConfig(),
    "group of 12 bytes in 2 beats": replace(TINY, v=3, encoders=4, blocks=4, lanes=12),
}
EACH = pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)


def lint(path, *files):
    """Verilator's warnings about a core, with the given waiver files."""
    tool, environment = verilator()
    command = [tool, "--lint-only", "-Wall", "-Wno-fatal", "--no-timing", "--top-module", TOP, *map(str, files), path]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    return "".join(line + "\n" for line in (done.stdout + done.stderr).splitlines() if not line.startswith("- "))


@EACH
def test_verilator_warns_of_nothing(config, verilog):
    path = verilog(config)
    assert lint(path, path.with_suffix(".vlt")) == ""


@EACH
def test_icarus_warns_of_nothing(config, verilog, tmp_path):
    command = ["iverilog", "-g2005", "-Wall", "-o", tmp_path / "out", "-s", TOP, verilog(config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_every_waiver_is_needed(verilog):
    found = "".join(lint(verilog(config)) for config in CONFIGS.values())
    warnings = re.findall(r"%Warning-(\w+): [^:]*:\d+:\d+: (.*)", found)
    assert {rule.startswith("WIDTH") or rule == "UNUSEDSIGNAL" for rule, _ in warnings} == {True}
    for line in WAIVERS.splitlines():
        if line.startswith("lint_off"):
            rule = re.search(r"-rule (\w+)", line)[1]
            pattern = match[1] if (match := re.search(r'-match "(.*)"', line)) else "*"
            used = [text for warned, text in warnings if warned.startswith(rule) and fnmatchcase(text, pattern)]
            assert used, f"no configuration needs the waiver: {line}"


def test_every_waiver_has_its_reason():
    lines = WAIVERS.splitlines()
    for before, line in zip(lines, lines[1:]):
        assert not line.startswith("lint_off") or before.startswith(("//", "lint_off"))


def test_the_same_bytes_whatever_the_hash_seed(verilog, tmp_path):
    expected = verilog(TINY).read_bytes()
    config = tmp_path / "config.json"
    config.write_text(json.dumps(TINY.to_dict()))
    for seed in ("1", "77"):
        out = tmp_path / seed
        subprocess.run([sys.executable, "-m", "lutdla_hdl", "--config", config, "--out", out], check=True, timeout=120,
                       env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True)  # fmt: skip
        assert (out / f"{TOP}.v").read_bytes() == expected


AS_MYHDL_DOES = """
import inspect, json, sys
from pathlib import Path
from myhdl._block import _Block
import lutdla_hdl.short_stack
from lutdla.spec.config import CoreConfig
from lutdla_hdl.convert import convert_here

again = _Block._clear
_Block._clear = property(lambda block: again.__get__(block), lambda block, short: None)
lutdla_hdl.short_stack.newest_frames = inspect.stack
convert_here(CoreConfig.from_dict(json.loads(sys.argv[1])), Path(sys.argv[2]))
"""
"""A conversion with the whole stack, and in which MyHDL elaborates the design a second time."""


def test_shortcuts_change_no_byte(verilog, tmp_path):
    subprocess.run([sys.executable, "-c", AS_MYHDL_DOES, json.dumps(TINY.to_dict()), tmp_path], check=True, timeout=120,
                   env=os.environ | {"PYTHONHASHSEED": "0"})  # fmt: skip
    assert (tmp_path / f"{TOP}.v").read_bytes() == verilog(TINY).read_bytes()


def test_what_a_conversion_leaves(verilog):
    path = verilog(TINY)
    names = {file.name for file in path.parent.iterdir()} - {"lock"}  # the cache's
    assert names == {f"{TOP}.v", f"{TOP}.vlt", f"{TOP}.json"}
    assert CoreConfig.from_dict(json.loads(path.with_suffix(".json").read_text())) == TINY
    assert f"{TINY.hash:08x}" in path.read_text().splitlines()[0]


def test_ports_have_the_names_that_vivado_infers_interfaces_from(verilog):
    text = verilog(TINY).read_text()
    stream = {"tdata", "tvalid", "tready", "tlast"}
    lite = {"awaddr", "awprot", "awvalid", "awready", "wdata", "wstrb", "wvalid", "wready", "bresp", "bvalid", "bready",
            "araddr", "arprot", "arvalid", "arready", "rdata", "rresp", "rvalid", "rready"}  # fmt: skip
    expected = {f"{bus}_{n}" for bus in ("s_axis", "m_axis") for n in stream} | {f"s_axi_{n}" for n in lite}
    names = set(re.findall(r"^(?:input|output) (?:\[\d+:0\] )?(\w+);", text, re.MULTILINE))
    assert names == expected | {"aclk", "aresetn", "irq"}


def test_a_failed_conversion_leaves_the_old_file(verilog, tmp_path, monkeypatch):
    shutil.copytree(verilog(TINY).parent, tmp_path / "out", ignore=shutil.ignore_patterns("lock"))
    before = (tmp_path / "out" / f"{TOP}.v").read_bytes()
    monkeypatch.setattr(conversion, "CONVERT_TIMEOUT_S", 0.01)
    with pytest.raises(ToolError, match=r"conversion of \(v=2 c=4 l1.*took longer than 0 s"):
        convert(replace(TINY, metric="l1"), tmp_path / "out")
    assert (tmp_path / "out" / f"{TOP}.v").read_bytes() == before
    assert len(list((tmp_path / "out").iterdir())) == 3


def command(*arguments):
    return subprocess.run([sys.executable, "-m", "lutdla_hdl", *arguments], capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("c.json", '{"v": 5}', "lanes is 16 and encoders x v is 10: lanes must be a multiple of it"),
        ("c.json", '{"colour": 1}', "unknown configuration field 'colour'"),
        ("c.json", "{", "Expecting property name"),
        ("c.toml", "c = 3", "c is 3: it must be a power of two"),
    ],
)
def test_the_command_names_what_is_wrong_with_a_configuration(name, text, message, tmp_path):
    (tmp_path / name).write_text(text)
    done = command("--config", tmp_path / name, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert done.stderr.startswith("lutdla_hdl: ")
    assert message in done.stderr
    assert not (tmp_path / "out").exists()


def test_the_command_reads_toml(verilog, tmp_path):
    (tmp_path / "c.toml").write_text("".join(f"{k} = {json.dumps(v)}\n" for k, v in TINY.to_dict().items()))
    done = command("--config", tmp_path / "c.toml", "--out", tmp_path / "out")
    assert done.stdout.strip() == str(tmp_path / "out" / f"{TOP}.v")
    assert (tmp_path / "out" / f"{TOP}.v").read_bytes() == verilog(TINY).read_bytes()
