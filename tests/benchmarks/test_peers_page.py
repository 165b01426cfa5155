import pytest

from benchmarks import peers, peers_page, published, tables
from benchmarks.record import ROOT

MADE = {"command": "python -m benchmarks.x", "commit": "0123456789ab", "date": "2026-01-02", "machine": "a CPU"}
ABOUT = {"network": "784-10", "verified": "all bits", "lines": 12, "steps": 3, "steps_are": "a; b; c", "note": ""}
RAN = ABOUT | {"status": peers.RUNS, "version": "1.2", "installation": "", "seconds_to_first_output": 3.21,
               "images_per_s": 12345.6, "images_per_s_to_torch": 0.0817}  # fmt: skip
FAILED = ABOUT | {"status": peers.NOT_INSTALLED, "reason": "no wheel", "note": "needs a GPU"}
PEERS = {f"{name}_{key}": value for name, one in (("lutdla", RAN), ("finn", FAILED)) for key, value in one.items()}
PEERS |= {"turns": 3} | MADE

RESNET = {"dataflow": "stationary (93% of the tables streamed)", "cycles_per_image": 21481.8,
          "clock_mhz_assumed": 100.0, "images_per_s_predicted": 4655.1, "lut_share": 0.765,
          "ramb36_share": 0.883} | MADE  # fmt: skip
LOSS = {"integer": 0.916, "drop_points": 1.59, "seeds": 1} | MADE
DEMO = {"device_accuracy": 0.8864, "clock_mhz": 100.0, "cycles_per_image": 166.09} | MADE
AREA = {"lut": 8907, "lutram": 2495, "ff": 8190, "ramb36": 81.0, "dsp": 136} | MADE


def test_peers_stand_side_by_side_and_failures_say_so():
    page = peers_page.peers(PEERS)
    assert "| lutdla, emulator | 1.2 | 784-10 | all bits | 3.2 | 12,346 | 0.082 | 12 | 3 |" in page
    assert "| **does not install here**: no wheel | – | – | – | 12 | 3 |" in page
    assert "* lutdla, emulator: a; b; c." in page
    assert "* finn-plus, Python execution: needs a GPU." in page
    assert "medians of 3 turns" in page
    assert "Made by `python -m benchmarks.x` at `0123456789ab`" in page


def test_every_peer_has_a_title():
    assert set(peers_page.TITLES) == set(peers.PEERS)
    assert peers_page.RUNS == peers.RUNS


def test_our_rows_are_called_predictions_and_what_is_unfair_is_said():
    page = published.boards({"resnet8_zybo_rtl": RESNET, published.ACCURACY: LOSS}, published.published())
    ours = next(line for line in page.splitlines() if line.startswith("| **lutdla"))
    for words in ("predicted** (stationary)", "none; core for the XC7Z010", "100, assumed", "91.6% on Fashion-MNIST",
                  "**4,655, predicted**", "core only", "no power known"):  # fmt: skip
        assert words in ours
    assert "no board has run them" in page
    assert "must not be compared" in page


def test_logic_and_losses_come_with_our_figures():
    points = published.published()
    assert "11,402, estimated | 8,190 | 100, assumed" in published.logic(DEMO, AREA, points)
    losses = published.losses({"accuracy_fashion_resnet8_l1": LOSS}, points)
    assert "| l1 | 0.1 to 3.4 | 1.6 (1 seed) |" in losses
    assert "| l2 | 0.1 to 3.1 | not measured |" in losses


def test_published_points_are_well_formed():
    points = published.published()
    assert len(points.boards) > 5
    assert {one.metric for one in points.losses} == {"l1", "l2", "chebyshev"}
    assert all(one.images_per_s > 0 and one.unfair for one in points.boards)
    assert all(one.lut > 0 for one in points.logic)
    assert len(published.POINTS.read_text().splitlines()) < 300


def test_a_point_without_its_source_is_refused(tmp_path):
    text = published.POINTS.read_text()
    (tmp_path / "a.toml").write_text(text.replace('source = "tensil"', 'source = "hearsay"'))
    with pytest.raises(ValueError, match=r"a\.toml: hearsay, tensil: every row names a source"):
        published.published(tmp_path / "a.toml")
    (tmp_path / "b.toml").write_text(text.replace('source = "tensil"\n', ""))
    with pytest.raises(TypeError, match="source"):
        published.published(tmp_path / "b.toml")


def test_sections_come_with_their_figures():
    found = {"peers": PEERS, "resnet8_zybo_rtl": RESNET, "demo": DEMO, "area": AREA, published.ACCURACY: LOSS}
    assert peers_page.sections({}) == []
    assert [title for title, _ in peers_page.sections(found)] == [
        "Beside other tools, in one run", "Beside published boards", "Beside published networks in logic",
        "Beside published losses of accuracy"]
    assert [name for name in found if peers_page.covers(name)] == ["peers"]
    assert (ROOT / "benchmarks" / "peer_scripts").is_dir()  # the page links to it


def test_the_page_shows_peers_once():
    page = tables.pages({"peers": PEERS})["performance.md"]
    assert page.count("## Beside other tools, in one run") == 1
    assert "## peers" not in page
