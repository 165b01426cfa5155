from dataclasses import replace

import pytest

from lutdla.runtime import Profile
from lutdla.spec.config import CoreConfig

CORE = CoreConfig(v=4, lanes=16, ports=2, blocks=2, encoders=1)
EXACT = Profile(config=CORE, images=10, lookups=3000, padding=1000, cycle_exact=True, cycles=2000, stall_input=5,
                stall_drain=1_234, records=(("input", 30), ("conv1", 120), ("fc", 7), ("conv1", 40)))  # fmt: skip


def test_figures():
    assert EXACT.cycles_per_image == 200
    assert EXACT.lookups_per_cycle == 24
    assert EXACT.utilization == pytest.approx(0.5)
    assert EXACT.utilization_without_padding == pytest.approx(0.375)
    assert EXACT.images_per_second(100) == 500_000


def test_transfer_is_what_the_core_does_not_take_of_an_exchange():
    timed = replace(EXACT, exchange_s=EXACT.cycles / 100e6 + 0.002)
    assert timed.transfer_s(100) == pytest.approx(0.002)
    assert timed.transfer_s(1e-3) == 0


def test_a_layer_of_several_records_is_one():
    assert EXACT.layers() == (("input", 30), ("conv1", 160), ("fc", 7))


def test_text_shows_every_layer():
    lines = str(EXACT).splitlines()
    assert [line.split("  ")[0] for line in lines] == [
        "images", "lookups", "lookups of zero padding", "cycles", "cycles per image", "lookups per cycle",
        "multiplications replaced per cycle", "utilization", "utilization without padding", "stalled on input",
        "stalled on output", "stalled on encoder", "stalled on tables", "stalled on drain", "layer input",
        "layer conv1", "layer fc", "Python", "exchange",
    ]  # fmt: skip
    ends = {line.split("  ")[0]: line.split("  ")[-1].strip() for line in lines}
    assert ends["lookups"] == "48,000"
    assert ends["lookups of zero padding"] == "16,000"
    assert ends["multiplications replaced per cycle"] == "96.00"
    assert ends["utilization"] == "50.0%"
    assert ends["stalled on drain"] == "1,234"
    assert ends["layer conv1"] == "160 cycles"


def test_without_cycles():
    profile = Profile(images=3, lookups=7)
    assert (profile.lookups_per_cycle, profile.cycles_per_image, profile.images_per_second(100)) == (0, 0, 0)
    assert (profile.utilization, profile.utilization_without_padding) == (0, 0)
    assert "not counted by this back end" in str(profile)
