"""A slice of the fault campaign: every kind of fault, on the emulated board, over emulator and Verilated core."""

import contextlib
import logging
import time
from random import Random

import numpy as np
import pytest

from benchmarks.faults import figures, kinds, show, what_it_is
from lutdla.backends.emulator import EmulatorModel
from lutdla.backends.rtl import RtlModel
from lutdla.faults import campaign as campaigns
from lutdla.faults.campaign import Campaign, HangError, no_longer_than
from lutdla.faults.fault import FAULTS, Fault, kind
from lutdla.runtime import Accelerator
from lutdla.runtime.network import Network
from tests.networks import random_artefact, two_layers
from tests.programs import Shape
from tests.strategies import TINY

ARTEFACTS = two_layers(0), two_layers(1), random_artefact(TINY, Shape(5, images=2, pieces=3))
EACH = 7
"""Faults of each kind over the emulator."""


@pytest.fixture(autouse=True)
def quiet():
    logger = logging.getLogger("lutdla")
    before = logger.level
    logger.setLevel(logging.ERROR)
    yield
    logger.setLevel(before)


def verilated(random):
    return lambda config: RtlModel(config, random.choice((0, 0.3)), random.getrandbits(30), step_cycles=200)


@pytest.fixture(scope="module", params=["emulator", "rtl"])
def campaign(request):
    options = {} if request.param == "emulator" else {"make_model": verilated(Random(1)), "timeout_s": 0.5}
    made = Campaign(ARTEFACTS, seed=7, **options)
    made.each = EACH if request.param == "emulator" else 2
    yield made
    made.close()


@pytest.mark.parametrize("name", kinds())
def test_every_fault_ends_in_an_error_of_ours_or_in_right_results(campaign, name):
    tally = campaign.tally
    before, recovered = tally.injected, tally.recovered[name]
    tally.worst.clear()
    for _ in range(60 * campaign.each):
        if campaign.one(name) and tally.injected - before == campaign.each:
            break
    assert not tally.worst
    assert tally.injected - before == campaign.each, "too few of these faults had a chance to happen"
    assert tally.recovered[name] - recovered == campaign.each
    assert all(tally.outcomes[name, outcome] == 0 for outcome in ("wrong", "unnamed", "hang"))


def test_figures_and_table_are_those_of_the_tally():
    made = Campaign(ARTEFACTS, seed=3)
    seen = list(made.run(20))
    made.close()
    found = figures({"emulator": made.tally})
    assert found["injected"] == found["injected_emulator"] == len(seen) == 20
    assert found["named_errors"] + found["right_answers"] == 20
    assert sum(found[f"{name}_recovered"] for name in kinds()) == found["recovered"] == 20
    assert found["kinds"] == len(kinds()) > 50
    assert show(found).row_count == len(kinds())


def test_the_same_seed_gives_the_same_faults():
    runs = []
    for _ in range(2):
        made = Campaign(ARTEFACTS, seed=11)
        runs.append(list(made.run(15)))
        made.close()
    assert runs[0] == runs[1]


def test_every_kind_says_what_it_is():
    assert all(len(what) > 10 and group for group, what in map(what_it_is, kinds()))
    with pytest.raises(ValueError, match="two kinds of fault are called starved"):
        kind(type("Again", (Fault,), {"name": "starved", "what": "again", "group": "stream"}))
    assert FAULTS["starved"].what == "the stream starves: nothing goes on"


# -- the campaign itself would notice --------------------------------------------------------------------------------
@pytest.fixture
def small():
    made = Campaign(ARTEFACTS, seed=5)
    yield made
    made.close()


def happen(made, name, times=3):
    before = made.tally.injected
    while made.tally.injected < before + times:
        made.one(name)


@pytest.mark.parametrize("name", ["flip_result", "flush_forgotten", "invalidate_forgotten", "result_old"])
def test_a_driver_that_does_not_compare_sums_gives_wrong_results(small, monkeypatch, name):
    monkeypatch.setattr(Network, "_check_sums", lambda *arguments: None)
    happen(small, name, 12)
    assert small.tally.total("wrong")
    assert f"{name} (seed 5): wrong results" in small.tally.worst


def test_an_error_that_is_not_ours_is_counted(small, monkeypatch):
    def fail(self, *arguments, **options):
        raise KeyError("lost")

    small.board()
    monkeypatch.setattr(Network, "raw", fail)
    monkeypatch.setattr(small, "_recovers", lambda *arguments: True)
    happen(small, "interrupt_lost", 1)
    assert small.tally.total("unnamed") == 1
    assert "KeyError('lost')" in small.tally.worst[0]


def test_a_call_that_hangs_is_counted(small, monkeypatch):
    monkeypatch.setattr(campaigns, "LIMIT_S", 0.2)
    run = Network.raw

    def slow(self, *arguments, **options):
        time.sleep(0 if np.ndim(small.tally.total("hang")) else 30)
        return run(self, *arguments, **options)

    small.board()
    monkeypatch.setattr(Network, "raw", slow)
    monkeypatch.setattr(small, "_recovers", lambda *arguments: True)
    small.one("dma_slow")
    assert any("no answer in 0.2 s" in text for text in small.tally.worst)


def test_a_device_that_does_not_recover_is_counted(small, monkeypatch):
    happen(small, "flip_magic", 1)
    monkeypatch.setattr(Accelerator, "recover", lambda self: self.core().backend.start(None, None))
    happen(small, "flip_magic", 1)
    assert small.tally.recovered["flip_magic"] == 1
    assert "no recovery" in small.tally.worst[-1]


def test_the_limit_interrupts_what_takes_longer():
    started = time.monotonic()


    def stubborn():
        while True:
            with contextlib.suppress(Exception):  # a handler of errors does not stop it
                time.sleep(10)

    with pytest.raises(HangError), no_longer_than(0.1):
        stubborn()
    assert time.monotonic() - started < 5


def test_models_are_those_of_the_board():
    made = Campaign(ARTEFACTS)
    device, accelerator = made.board()
    assert accelerator.config == TINY
    assert isinstance(device.whole, EmulatorModel)
    made.close()
