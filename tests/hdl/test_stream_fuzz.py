"""Hostile streams, a slice of `python -m benchmarks.fuzz`: the Verilated core and its emulator agree on all of them."""

import pytest

from benchmarks.fuzz_streams import Pair, StreamFuzzer
from lutdla.backends.emulator import EmulatorModel
from lutdla.spec.packets import ErrorCode


@pytest.fixture(scope="module")
def fuzzer():
    return StreamFuzzer(4)


def test_core_and_emulator_agree(fuzzer):
    for _ in range(100):
        fuzzer.one()
    assert not fuzzer.differences
    assert fuzzer.cases == 100
    assert len(fuzzer.errors) > len(ErrorCode) / 2, "most errors have come up"


def test_an_emulator_that_checks_nothing_is_noticed(monkeypatch):
    monkeypatch.setattr(EmulatorModel, "_check", lambda self, kind, memory, bank, address, length: 0)
    fuzzer = StreamFuzzer(4)
    for _ in range(5):
        fuzzer.one()
    assert fuzzer.differences


def test_a_core_that_loses_a_word_is_noticed(fuzzer, monkeypatch):
    send = Pair.send

    def lossy(self, frame):
        self.emulator.send(b"\0" * 8 * 4)
        return send(self, frame)

    monkeypatch.setattr(Pair, "send", lossy)
    again = StreamFuzzer(4)
    again.one()
    assert again.differences
