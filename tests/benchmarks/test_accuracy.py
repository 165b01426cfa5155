from dataclasses import replace

import pytest
import torch
from torch import nn

from benchmarks import accuracy
from benchmarks.layout import LAYOUT
from benchmarks.record import check_flat
from lutdla.nn import convert, freeze
from lutdla.nn.boost.recipe_file import read_recipe
from lutdla.nn.train import silent

CHOICE = {"v": 4, "c": 16, "metric": "l2"}


def short(name):
    """A recipe of the project with one epoch of everything."""
    recipe = read_recipe(name)
    stages = tuple(replace(stage, epochs=1) for stage in recipe.stages)
    return replace(recipe, dense=replace(recipe.dense, epochs=1), stages=stages)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(accuracy, "CACHE", tmp_path)
    return tmp_path


def test_a_recipe_becomes_figures_and_is_not_trained_twice(cache):
    recipe = short("magic")
    found = accuracy.measure(recipe, CHOICE, silent, 0, limit=300)
    figures = accuracy.figures(recipe, CHOICE, [0], [found])
    check_flat(figures)
    assert (figures["recipe"], figures["score"], figures["epochs"]) == ("magic", "accuracy", 1)
    assert figures["lut"] == figures["integer"] == round(found.integer, 5)
    assert figures["drop_points"] == pytest.approx(100 * (found.dense - found.integer), abs=1e-3)
    assert figures["table_bytes"] >= (3 * 64 + 16 * 64 + 16 * 2) * 16
    assert sorted(path.name for path in (cache / "magic-0").iterdir()) == ["c16-metricl2-v4.ckpt", "dense.ckpt"]
    told = []
    assert accuracy.measure(recipe, CHOICE, lambda *step: told.append(step), 0, limit=300) == found
    assert not told


def test_an_autoencoder_is_scored_by_what_its_errors_tell(cache):
    found = accuracy.measure(short("shuttle"), CHOICE, silent, 0, limit=2000)
    assert found.score == "AUC"
    assert found.lut == found.integer
    assert found.dense > 0.8
    assert found.integer > 0.8


def test_memories_grow_until_the_network_fits():
    dense = nn.Sequential(nn.Linear(640, 512), nn.ReLU(), nn.Linear(512, 640))
    network = convert(dense, torch.rand(20, 640), iterations=0)
    freeze(network)
    artefact, config = accuracy.core_for(network, CHOICE)
    artefact.check_fits(config)
    assert config.table_rows > LAYOUT.table_rows
    assert (config.blocks, config.ports, config.lanes) == (LAYOUT.blocks, LAYOUT.ports, LAYOUT.lanes)


def test_a_recipe_is_measured_with_its_own_vectors():
    fine = read_recipe("fashion_resnet8_fine")
    assert accuracy.choice_of(fine, None, None, None) == {"v": 2, "c": 64, "metric": "l2"}
    assert accuracy.choice_of(fine, 4, 16, "l1") == {"v": 4, "c": 16, "metric": "l1"}
    assert accuracy.choice_of(read_recipe("magic"), None, None, None) == CHOICE
