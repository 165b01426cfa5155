"""`lutdla report`: its figures against the network's own results, and the page in a real browser."""

import json

import numpy as np
import pytest
import torch
from selenium.webdriver.common.by import By
from torch import nn
from typer.testing import CliRunner

import lutdla
from lutdla import cli
from lutdla.compiler import compile
from lutdla.data import load
from lutdla.nn import convert, freeze
from lutdla.spec.config import CoreConfig
from tests.browser import browser, wait_for
from tests.networks import two_layers

SECTIONS = ("Accuracy by class", "Where the lookup network leaves the dense one", "How often centroids are chosen",
            "Values in the tables", "Where the cycles go", "Table memory", "Codebooks")  # fmt: skip


@pytest.fixture(scope="module")
def digits():
    return load("digits")


@pytest.fixture(scope="module")
def folder(digits, tmp_path_factory):
    """A small network, and the dense one that it was made of."""
    torch.manual_seed(0)
    path, images = tmp_path_factory.mktemp("report"), torch.tensor(digits.train.inputs).float()
    dense = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 10))
    optimizer = torch.optim.Adam(dense.parameters(), 1e-2)
    for _ in range(40):
        loss = nn.functional.cross_entropy(dense(images), torch.tensor(digits.train.labels).long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    torch.save(dense.eval(), path / "dense.pt")
    network = convert(dense, images[:500], v=4, c=16, metric="l2")
    freeze(network)
    compile(network, CoreConfig()).save(path / "digits.lut")
    return path


def call(*arguments):
    runner = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"})
    return runner.invoke(cli.application(), ["report", *map(str, arguments)])


@pytest.fixture(scope="module")
def report(folder):
    done = call(folder / "digits.lut", "--data", "digits", "--model", folder / "dense.pt", "--no-rtl", "--json",
                folder / "r.json")  # fmt: skip
    assert done.exit_code == 0, done.output
    return json.loads((folder / "r.json").read_text())


def test_accuracy_is_that_of_the_network_on_the_emulator(report, digits, folder):
    with lutdla.open("emulator") as accelerator:
        right = accelerator.load(folder / "digits.lut")(digits.test.inputs).argmax(axis=1) == digits.test.labels
    dense = torch.load(folder / "dense.pt", weights_only=False)(torch.tensor(digits.test.inputs).float())
    assert report["accuracy"]["lut"] == pytest.approx(right.mean())
    assert report["accuracy"]["dense"] == pytest.approx((dense.argmax(1).numpy() == digits.test.labels).mean())


def test_each_codebook_spends_all_its_choices(report):
    assert [use["map"] for use in report["maps"]] == ["input", report["inspection"]["layers"][0]["name"]]
    for use in report["maps"]:
        np.testing.assert_allclose(np.sum(use["choices"], axis=1), 1, atol=1e-4)
        assert 0 <= use["dead"] < use["centroids"]
        assert 0 < use["loss"] < 1


def test_the_difference_from_the_dense_network_grows_from_layer_to_layer(report):
    assert [one["map"] for one in report["differences"]][-1] == "output"
    assert all(0 < one["unexplained"] < 1 for one in report["differences"])


def test_cycles_are_called_predictions_unless_they_were_counted(report, tmp_path):
    assert report["cycles_are"] == "predicted"
    assert report["inspection"]["cycles_per_image"] > 0
    two_layers().save(tmp_path / "two.lut")
    assert call(tmp_path / "two.lut", "--rtl", "--json", tmp_path / "r.json").exit_code == 0
    counted = json.loads((tmp_path / "r.json").read_text())
    assert counted["cycles_are"] == "counted by rtl"


def test_the_page_opens_offline_and_draws_every_plot(report, folder, tmp_path):
    with browser(tmp_path) as driver:
        driver.get((folder / "digits.html").as_uri())
        wait_for(driver, "[...document.querySelectorAll('.plot')].every(one => one.querySelector('.main-svg'))")
        titles = [title.text for title in driver.find_elements(By.CSS_SELECTOR, "h2, h3")]
        assert [title for title in SECTIONS if title not in titles] == []
        assert driver.get_log("browser") == []


def test_without_data_the_network_itself_is_shown(folder, tmp_path):
    done = call(folder / "digits.lut", "-o", tmp_path / "page.html", "--json", tmp_path / "r.json")
    assert done.exit_code == 0, done.output
    found = json.loads((tmp_path / "r.json").read_text())
    assert (found["accuracy"], found["maps"], found["sample"]) == (None, [], 0)
    assert found["tables"]


def test_a_dense_network_without_examples_is_refused(folder):
    done = call(folder / "digits.lut", "--model", folder / "dense.pt")
    assert done.exit_code != 0
    assert "is compared on examples: name some with --data" in str(done.exception)
