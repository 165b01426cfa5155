from lutdla.runtime import Profile

EXACT = Profile(images=10, lookups=3000, lanes=16, v=4, cycle_exact=True, cycles=2000, stall_input=5,
                layers=(("input", 30), ("fc1", 120)))  # fmt: skip


def test_figures():
    assert EXACT.cycles_per_image == 200
    assert EXACT.lookups_per_cycle == 24
    assert EXACT.images_per_second(100) == 500_000


def test_text_shows_every_layer():
    lines = str(EXACT).splitlines()
    assert [line.split("  ")[0] for line in lines] == [
        "images", "lookups", "cycles", "cycles per image", "lookups per cycle", "multiplications replaced per cycle",
        "stalled on input", "stalled on output", "stalled on encoder", "layer input", "layer fc1",
    ]  # fmt: skip
    assert lines[1].endswith(" 48,000")
    assert lines[5].endswith(" 96.00")
    assert lines[-1].endswith(" 120 cycles")


def test_without_cycles():
    profile = Profile(images=3, lookups=7, lanes=2)
    assert (profile.lookups_per_cycle, profile.cycles_per_image, profile.images_per_second(100)) == (0, 0, 0)
    assert "not counted by this back end" in str(profile)
