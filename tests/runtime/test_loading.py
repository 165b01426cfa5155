"""What loading costs: counted, so that no clock can mislead. `benchmarks.startup` measures how long it takes."""

import cProfile
import hashlib
import pstats

import lutdla
from benchmarks.layout import LAYOUT
from lutdla.compiler.assemble import assemble
from lutdla.compiler.topologies import topology

MOST_CALLS = 100_000
"""Of functions, to open the emulator and load ResNet-8: a tenth of a second, about. It takes three fifths of them."""


def test_loading_resnet8_takes_few_calls_and_hashes_its_tables_twice(tmp_path, monkeypatch):
    path, hashed = assemble(topology("resnet8", LAYOUT), LAYOUT).save(tmp_path / "resnet8.lut"), []
    plain = hashlib.sha256
    monkeypatch.setattr(hashlib, "sha256", lambda *data: (hashed.append(data), plain(*data))[1])
    profile = cProfile.Profile()
    profile.runcall(lambda: lutdla.open("emulator").load(path))
    assert pstats.Stats(profile).total_calls < MOST_CALLS
    digests = [data for data in hashed if data and len(data[0]) > 1000]  # of a header; a core's hash is short
    assert len(digests) == 2  # the file's is checked, the model's tells the core what it holds
