import json

from benchmarks import speed_page
from benchmarks.record import RESULTS

ORIGIN = {"command": "python -m benchmarks.x", "commit": "c", "date": "d", "machine": "m"}
EMULATOR = json.loads((RESULTS / "emulator_speed.json").read_text())
HOST = json.loads((RESULTS / "host_overhead.json").read_text())


def test_recorded_figures_become_two_sections_and_a_plot(tmp_path):
    (title, words), (other, overhead) = speed_page.sections({"emulator_speed": EMULATOR, "host_overhead": HOST})
    assert (title, other) == ("The emulator beside torch", "What the host adds")
    assert f"| ResNet-8 | {EMULATOR['batch']:,} | {EMULATOR['images_per_s_resnet8']:,} |" in words
    assert "In the same run, 0 results of the\nemulator differ" in words
    assert f"{HOST['us_per_image_b1024']:,.2f}" in overhead
    for name in ("1.svg", "2.svg"):
        speed_page.plot(EMULATOR, tmp_path / name)
    assert (tmp_path / "1.svg").read_bytes() == (tmp_path / "2.svg").read_bytes()


def test_the_goals_are_met_by_what_was_recorded():
    assert min(EMULATOR["ratio_resnet8"], EMULATOR["ratio_mlp"]) >= 1
    assert HOST["us_per_image_b1024"] < speed_page.GOAL_US
    assert not any(value for key, value in EMULATOR.items() if key.startswith("mismatches_"))


def test_kernels_that_a_processor_lacks_are_shown_as_missing():
    figures = {key: value for key, value in EMULATOR.items() if not key.startswith("times_avx2")}
    assert "| – |" in speed_page.emulator(figures)


def test_nothing_measured_nothing_shown():
    assert speed_page.sections({}) == []
    assert speed_page.covers("emulator_speed")
    assert not speed_page.covers("demo")
