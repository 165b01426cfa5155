import json
import re
from xml.etree import ElementTree as ET

import pytest

from lutdla.errors import InputError
from lutdla.nn import LUTBoost, Stage
from lutdla.nn.boost import History
from tests.nn.boost.runs import part
from tests.nn.small import dense, examples


@pytest.fixture(scope="module")
def history():
    boost = LUTBoost(dense(), stages=[Stage("centroids", 1, 0.5), Stage("joint", 2, 0.2, 1e-3, 1e-3)],
                     convert_options={"iterations": 1})
    boost.fit(part(1000), validation=examples()[2:])
    return boost.history


def test_rows_are_flat_and_tell_each_epoch(history):
    keys = {"stage", "epoch", "step", "loss", "seconds", "validation", "rate_centroids", "rate_weights", "rate_tables"}
    assert [set(row) for row in history.rows] == [keys] * 3
    assert [(row["stage"], row["epoch"], row["step"]) for row in history.rows] == [
        ("centroids", 1, 3), ("joint", 1, 3), ("joint", 2, 6)]
    assert history.rows[0]["rate_weights"] == 0 < history.rows[1]["rate_weights"] < 1e-3
    assert all(row["loss"] > 0 and row["seconds"] > 0 and 0.5 < row["validation"] < 1 for row in history.rows)
    assert history.last() is history.rows[-1]


def test_it_is_kept_as_json(history, tmp_path):
    history.save(tmp_path / "new" / "history.json")
    assert json.loads((tmp_path / "new" / "history.json").read_text()) == {"score": "accuracy", "rows": history.rows}
    assert History.load(tmp_path / "new" / "history.json") == history


def test_the_plot_shows_loss_score_and_rates_of_all_stages(history, tmp_path):
    history.plot(tmp_path / "history.svg")
    text = (tmp_path / "history.svg").read_text()
    ET.fromstring(text)
    words = re.findall(r"<!-- (.*?) -->", text)  # matplotlib writes texts as shapes, with the words beside
    assert {"loss", "accuracy", "rate", "centroids", "joint", "weights", "tables", "epoch"} <= set(words)
    history.plot(tmp_path / "history.png")
    assert (tmp_path / "history.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("work", "message"), [
    (lambda folder: History().last(), "the history is empty: no epoch has been trained"),
    (lambda folder: History().plot(folder / "x.svg"), "the history is empty: there is nothing to plot"),
    (lambda folder: History(rows=[{}]).plot(folder / "x.gif"), "x.gif: a plot is a file that ends in .svg, .png, .pdf"),
    (lambda folder: History.load(folder / "none.json"), "none.json: no history"),
])  # fmt: skip
def test_unusable_files_are_refused(work, message, tmp_path):
    with pytest.raises(InputError, match=message):
        work(tmp_path)
