import pytest

from benchmarks import accuracy_page as page
from benchmarks import tables
from benchmarks.ablation_rows import ROWS

MADE = {"command": "python -m benchmarks.x", "commit": "0123456789ab", "date": "2026-01-02", "machine": "a CPU"}
RESNET = {
    "recipe": "fashion_resnet8", "v": 4, "c": 16, "metric": "l2", "score": "accuracy", "dense": 0.93, "lut": 0.9175,
    "integer": 0.9174, "drop_points": 1.26, "largest_drop_points": 1.5, "seeds": 3, "dense_epochs": 10, "epochs": 5,
    "seconds_dense": 600, "seconds": 900, "rtl_mismatches": 0, "cycles_per_image": 6961, "table_bytes": 331776,
} | MADE  # fmt: skip
BETTER = RESNET | {"v": 2, "drop_points": 0.4, "cycles_per_image": 13000, "table_bytes": 663552}
WORSE = RESNET | {"metric": "l1", "drop_points": 1.6}
SHUTTLE = RESNET | {"recipe": "shuttle", "score": "AUC", "dense": 0.99957, "integer": 0.99797, "cycles_per_image": 0}
MAGIKA = {"dense": 0.98, "calibrated": 0.8, "lut": 0.975, "drop_points": 0.5, "steps": 600, "convert_seconds": 31.4,
          "train_seconds": 320.2, "table_bytes": 5000000} | MADE
VAD = {"dense": 0.99, "calibrated": 0.9, "lut": 0.986, "drop_auc": 0.004} | MADE
RATIO = {
    "ratio_l2": 2.04, "ratio_l1": 2.07, "ratio_chebyshev": 2.11, "ratio_l2_contiguous": 1.5, "ms_l2": 208.0,
    "ms_l1": 212.0, "ms_chebyshev": 217.0, "share_encode": 0.12, "share_sums_gradient": 0.3, "share_rest": 0.58,
    "batch": 128, "steps": 15,
} | MADE  # fmt: skip
ABLATION = {"seeds": 2, "images": 10000, "batch": 64, "dense_accuracy": 0.93} | MADE
for _name, _drop in (("base", 2.0), ("v2", 1.5), ("mixed", 1.25)):
    ABLATION |= {f"{_name}_accuracy": 0.91, f"{_name}_drop_points": _drop, f"{_name}_spread_points": 0.1,
                 f"{_name}_table_bytes": 331776, f"{_name}_seconds": 61.0}
RESULTS = {
    "accuracy_fashion_resnet8_l2": RESNET, "accuracy_fashion_resnet8_l2_v2c16": BETTER,
    "accuracy_fashion_resnet8_l1": WORSE, "accuracy_shuttle_autoencoder_l2": SHUTTLE, "accuracy_magika": MAGIKA,
    "accuracy_silero_vad": VAD, "train_ratio": RATIO, "ablation": ABLATION, "demo": {"images": 3} | MADE,
}  # fmt: skip


def test_every_result_is_shown_once_and_on_its_own_page():
    made = tables.pages(RESULTS)
    line = "| `fashion_resnet8` | l2 | accuracy | 4 | 16 | 93.00% | 91.75% | 91.74% | 1.26 | 1.50 | 3 | 10 | 5 | 600 |"
    assert line in made["accuracy.md"]
    assert "| `shuttle` | l2 | AUC | 4 | 16 | 0.9996 |" in made["accuracy.md"]
    assert made["accuracy.md"].count("* `python -m benchmarks.x` at `0123456789ab`, 2026-01-02") == 8
    assert "No board\nwas used" in made["accuracy.md"]
    assert "resnet8" not in made["performance.md"]
    assert "ratio" not in made["performance.md"]


@pytest.mark.parametrize("name", RESULTS)
def test_the_page_stands_with_any_result_alone(name):
    titles = [title for title, _ in page.sections({name: RESULTS[name]})]
    assert bool(titles) == page.covers(name)
    assert "Pretrained networks" not in titles or name in ("accuracy_magika", "accuracy_silero_vad")


def test_without_results_the_page_says_how_to_measure():
    command = "`python -m benchmarks.record accuracy_fashion_resnet8_l2 python -m benchmarks.accuracy fashion_resnet8`"
    assert f"Not measured yet: {command} does it." in tables.pages({})["accuracy.md"]


def test_the_front_leaves_out_what_another_beats():
    results = page.of_resnet8(page.trained(RESULTS))
    assert list(results) == ["fashion_resnet8_l2", "fashion_resnet8_l1", "fashion_resnet8_l2_v2c16"]
    assert page.on_front(results) == ["fashion_resnet8_l2", "fashion_resnet8_l2_v2c16"]
    shown = page.front(results)
    assert "| l2, v=2, c=16 | `fashion_resnet8` | yes | 91.74% | 0.40 | 13,000 | 663,552 |" in shown
    assert "| l1, v=4, c=16 | `fashion_resnet8` |  | 91.74% | 1.60 |" in shown


def test_equal_results_are_both_on_the_front():
    assert page.on_front({"a": RESNET, "b": RESNET}) == ["a", "b"]


def test_pretrained_networks_are_judged_by_their_own_measure():
    shown = page.of_others(page.pretrained(RESULTS))
    assert "| magika | 0.9800 | 0.8000 | 0.9750 | 0.50 points | 600 | 31 | 320 | 5,000,000 |" in shown
    assert "| silero_vad | 0.9900 | 0.9000 | 0.9860 | 0.0040 AUC | – |" in shown
    assert page.drop_of_pretrained({"relative_drop_percent": 1.234}) == "1.23 % of it"


def test_the_profile_names_its_largest_part():
    shown = page.speed(RATIO)
    assert "the largest part is the sums gradient (30%)" in shown
    assert "| L2 | 2.04 | 208 |" in shown


def test_the_ablation_compares_with_its_base():
    shown = page.ablation(ABLATION)
    words = {row.name: row.words for row in ROWS}
    assert f"| {words['base']} | 91.00% | 2.00 |  | 0.10 | 331,776 | 61 |" in shown
    assert f"| {words['v2']} | 91.00% | 1.50 | -0.50 |" in shown
    assert words["c64"] not in shown


def test_pictures_are_drawn_for_what_was_measured(tmp_path):
    assert page.plots({}, tmp_path) == []
    assert [path.name for path in page.plots(RESULTS, tmp_path)] == [page.FRONT, page.ABLATION]
    for path in tmp_path.iterdir():
        assert path.read_text().count("<svg") == 1
