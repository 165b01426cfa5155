import json
import sys
from mmap import mmap

import numpy as np
import pytest

from benchmarks import soak as soaking
from benchmarks.faults import CONFIG, artefacts
from benchmarks.soak import Known, resident_mib, soak
from lutdla.backends import open_backend
from lutdla.runtime.network import Network


@pytest.fixture(scope="module")
def known():
    return [Known.of(artefact, seed) for seed, artefact in enumerate(artefacts())]


def last(known, images=20_000):
    *_, found = soak(open_backend("emulator", CONFIG), known, images, 2000, seed=3)
    return found


def test_long_use_is_exact_and_takes_no_memory(known):
    found = last(known, 100_000)
    assert found.images >= 100_000
    assert (found.mismatches, found.miscounts) == (0, 0)
    assert found.loads > 1
    assert found.rss_growth_mib < 16


@pytest.mark.parametrize(("most", "status"), [(1000.0, 0), (-1000.0, 1)], ids=["little", "leak"])
def test_growth_beyond_the_bound_is_a_failure(tmp_path, monkeypatch, most, status):
    figures = tmp_path / "soak.json"
    monkeypatch.setattr(soaking, "MOST_GROWTH_MIB", most)
    monkeypatch.setattr(sys, "argv", ["soak", "--images", "3000", "--rtl-images", "20", "--json", str(figures)])
    with pytest.raises(SystemExit) as ended:
        soaking.main()
    assert ended.value.code == status
    found = json.loads(figures.read_text(encoding="utf-8"))
    assert found["emulator_images"] >= 3000
    assert found["rtl_images"] >= 20
    assert (found["mismatches"], found["miscounts"]) == (0, 0)


def test_a_wrong_result_is_counted(known, monkeypatch):
    whole = Network.raw

    def wrong(self, x):
        raw = whole(self, x)
        raw[-1, 0] += 1
        return raw

    monkeypatch.setattr(Network, "raw", wrong)
    assert last(known).mismatches > 0


def test_a_wrong_count_is_counted(known, monkeypatch):
    whole = Network.raw
    monkeypatch.setattr(Network, "raw", lambda self, x: whole(self, np.concatenate([x, x]))[: len(x)])
    found = last(known)
    assert found.miscounts > 0
    assert found.mismatches == 0


def test_a_leak_shows(known, monkeypatch):
    whole, kept = Network.raw, []

    def leaking(self, x):
        kept.append(mmap(-1, 4 << 20))  # not from the heap, where what other tests have freed could take it
        np.frombuffer(kept[-1], np.uint8)[:] = 1
        return whole(self, x)

    monkeypatch.setattr(Network, "raw", leaking)
    found = last(known)
    assert found.rss_growth_mib > 16
    assert resident_mib() > 10
    assert soaking.WARM < 1
