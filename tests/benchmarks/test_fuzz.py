"""The fuzzer's own senses: each sees what is planted, and the core's fields give nothing but cores and our errors."""

import contextlib
import logging
import os
import pickle
import subprocess
from pathlib import Path
from random import Random

import numpy as np
import pytest

from benchmarks import fuzz_files
from benchmarks.fuzz_files import FileFuzzer
from benchmarks.fuzz_greedy import ask_for_much, change_type
from benchmarks.fuzz_settings import SettingsFuzzer
from benchmarks.fuzz_watch import Peak
from lutdla.errors import ConfigError
from lutdla.runtime.accelerator import Accelerator
from lutdla.spec import container
from lutdla.spec.config import CoreConfig
from lutdla.spec.program import Lookup
from tests.networks import two_layers
from tests.spec.test_hostile_files import changed
from tests.spec.test_hostile_limits import with_record


@pytest.fixture(autouse=True)
def quiet(caplog):
    caplog.set_level(logging.CRITICAL, "lutdla")


@pytest.fixture(scope="module")
def fuzzer(tmp_path_factory):
    return FileFuzzer(tmp_path_factory.mktemp("fuzz"), 7)


@pytest.fixture
def good(fuzzer):
    fuzzer.crashes.clear()
    return fuzzer.folder / "good0.lut"


def planted(monkeypatch, action):
    load = Accelerator.load

    def with_more(self, model, **options):
        action()
        return load(self, model, **options)

    monkeypatch.setattr(Accelerator, "load", with_more)


def test_a_good_file_is_no_crash(fuzzer, good):
    assert fuzzer._outcome(good) == ""


@pytest.mark.parametrize(("action", "seen"), [
    (lambda: pickle.loads(pickle.dumps(Path("x"))), "pickle.find_class"),
    (lambda: compile("1 + 1", "x", "eval"), "compile"),
    (lambda: subprocess.run(["true"], check=True), "subprocess.Popen"),
    (lambda: Path("/etc/hostname").exists() and Path(os.devnull).read_text(encoding="ascii"), "open"),
    (lambda: Path("/proc/no").mkdir(), "os.mkdir"),
], ids=["pickle", "compile", "process", "open", "mkdir"])  # fmt: skip
def test_code_and_other_files_are_seen(fuzzer, good, monkeypatch, action, seen):
    def quietly():
        with contextlib.suppress(OSError):
            action()

    planted(monkeypatch, quietly)
    assert seen in fuzzer._outcome(good)


def test_memory_is_seen_and_given_back():
    peak, sizes = Peak(), []
    for size in (100, 1, 100):
        with peak.measured():
            np.ones(size << 17)
        sizes.append(peak.mib)
    assert sizes[0] > 90
    assert sizes[2] > 90
    assert sizes[1] < 20, "the mark of the case before is not kept"


def test_memory_beyond_the_bound_is_a_crash(fuzzer, good, monkeypatch):
    monkeypatch.setattr(fuzz_files, "PEAK_MIB", 50.0)
    planted(monkeypatch, lambda: np.ones(200 << 17))
    while not fuzzer.crashes:
        fuzzer.make_one()
    assert "are allowed" in fuzzer.crashes[0]


def test_a_hang_is_a_crash(fuzzer, good, monkeypatch):
    def endless():
        while True:
            pass

    monkeypatch.setattr(fuzz_files, "LIMIT_S", 0.3)
    planted(monkeypatch, endless)
    assert "HangError" in fuzzer._outcome(good)


def test_steps_that_wrap_around_are_a_crash(fuzzer, good, monkeypatch):
    """What `Lookup.steps` once was: such programs were read, and ran, without one step of them checked."""
    monkeypatch.setattr(Lookup, "steps", lambda record: int(
        np.prod([loop.count for loop in record.loops], dtype=np.int64)))
    path = changed(two_layers(), fuzzer.folder, with_record([1 << 14] * 6, table=60_000))
    assert f"a program of {(1 << 84) + 6} steps was read" in fuzzer._outcome(path)


def test_greedy_files_reach_every_limit(fuzzer, good):
    """Each kind of greedy change is refused by the check that is for it: none is stopped by another one before."""
    contents, random, messages = container.read(fuzzer.folder / "good3.lut"), Random(1), set()
    for _ in range(300):
        path = container.write(fuzzer.folder / "greedy.lut", *ask_for_much(contents, random))
        try:
            fuzzer.use(path)
        except Exception as error:  # noqa: BLE001  # its text is what is looked at
            messages.add(str(error))
    for text in ("steps, at most", "loop counts", "windows have shape", "table piece", "nested more than",
                 "inputs have", "streamed tables have"):  # fmt: skip
        assert any(text in message for message in messages), text


def test_types_are_changed(fuzzer, good):
    content, random = good.read_bytes(), Random(2)
    assert len({change_type(content, random) for _ in range(100)}) > 20


def test_fields_of_a_core_are_a_core_or_an_error(tmp_path):
    fuzzer = SettingsFuzzer(tmp_path, 3)
    for _ in range(2000):
        fuzzer.one_config()
    assert not fuzzer.crashes
    assert fuzzer.configs == 2000
    assert fuzzer.read, "some changes do no harm"


@pytest.mark.parametrize("values", [None, 5, 0.5, True, "v", [], [[]]])
def test_what_is_no_object_is_no_core(values):
    with pytest.raises(ConfigError, match="it must be an object with the fields of CoreConfig"):
        CoreConfig.from_dict(values)


def test_fields_that_python_cannot_write_are_named():
    with pytest.raises(ConfigError, match="lanes is a number of 20001 bits"):
        CoreConfig(lanes=1 << 20_000)
    with pytest.raises(ConfigError, match="unknown configuration field '1'"):
        CoreConfig.from_dict({1: 2, "v": 4, None: 3})


def test_recipes_that_crash_are_kept(tmp_path, monkeypatch):
    def fail(path):
        raise KeyError("lost")

    monkeypatch.setattr("benchmarks.fuzz_settings.read_recipe", fail)
    fuzzer = SettingsFuzzer(tmp_path, 3)
    fuzzer.one_recipe()
    assert fuzzer.crashes == ["crash0.toml: KeyError: 'lost'"]
    assert (tmp_path / "crash0.toml").is_file()
