"""Answers as CSV and JSON: every candidate, every figure, and back."""

import csv
import json

import pytest

from lutdla.explore.limits import RESOURCES
from lutdla.explore.rows import plain, row_of, write_csv
from lutdla.spec.config import CoreConfig
from tests.explore.answers import trained, untrained

COLUMNS = [
    "board", "picked", "front", "v", "c", "metric", "layers", "ports", "blocks", "lanes", "encoders",
    "cycles_per_image", "images_per_s", "latency_us", "energy_uj", "loss", "accuracy",
    "table_bytes", "streamed_bytes", "memory_bytes_per_image", "lut", "lutram", "ff", "ramb36", "uram", "dsp",
    "lut_share", "ff_share", "ramb36_share", "uram_share", "dsp_share",
]  # fmt: skip


@pytest.fixture(scope="module")
def answers():
    return trained()


def test_a_row_says_all_of_a_candidate(answers):
    small, _ = answers
    row = row_of(small, small.candidates[2])
    choice = small.candidates[2].choice
    assert list(row) == COLUMNS
    assert (row["board"], row["picked"], row["front"]) == ("pynq-z2", False, True)
    assert (row["v"], row["c"], row["metric"], row["layers"]) == (2, 8, "l2", "conv1=2 fc1=4")
    assert (row["ports"], row["lanes"]) == (choice.config.ports, choice.config.lanes)
    assert row["lut_share"] == pytest.approx((row["lut"] + row["lutram"]) / small.limits.amounts["lut"])
    assert (row["loss"], row["accuracy"]) == (0.002, None)
    assert [row_of(small, one)["picked"] for one in small.candidates] == [False, True, False]


def test_csv_has_a_line_for_each_candidate(answers, tmp_path):
    write_csv(tmp_path / "all.csv", answers)
    with (tmp_path / "all.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    expected = [row_of(answer, one) for answer in answers for one in answer.candidates]
    assert [list(row) for row in found] == [COLUMNS] * 5
    assert found == [{name: "" if value is None else str(value) for name, value in row.items()} for row in expected]


def test_csv_of_nothing_has_names_alone(tmp_path):
    write_csv(tmp_path / "none.csv", [])
    assert (tmp_path / "none.csv").read_text(encoding="utf-8").split() == [",".join(COLUMNS)]


def test_json_has_the_pick_in_detail(answers):
    small, large = json.loads(json.dumps(plain(answers)))
    assert (small["board"], small["fits"], small["why"]) == ("pynq-z2", True, list(answers[0].why))
    assert (large["board"], large["fits"], large["pick"]) == ("zcu104", False, None)
    assert large["why"] == ["nothing reaches 99.0% & more"]
    pick, choice = small["pick"], answers[0].pick.choice
    assert CoreConfig.from_dict(pick["config"]) == choice.config
    assert sum(one["cycles"] + one["waits"] for one in pick["records"]) == choice.cycles_per_image * choice.images
    assert {one["memory"] for one in pick["memories"]} >= {one["memory"] for one in pick["regions"]}
    for answer, found in zip(answers, (small, large), strict=True):
        for one, row in zip(answer.candidates, found["candidates"], strict=True):
            assert CoreConfig.from_dict(row.pop("config")) == one.choice.config
            assert row == row_of(answer, one)


def test_shares_of_what_a_board_lacks_are_none_of_it():
    small, _ = untrained()
    row = row_of(small, small.pick)
    assert small.limits.amounts["uram"] == row["uram_share"] == 0
    assert all(0 <= row[f"{name}_share"] <= 1 for name in RESOURCES)
