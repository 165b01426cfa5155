from dataclasses import replace

import numpy as np
import pytest
import torch

import lutdla.nn
from lutdla.compiler import compile
from lutdla.data import Dataset
from lutdla.models import build
from lutdla.nn import convert, freeze, predict, train_fashion_mlp
from lutdla.nn.boost.recipe_file import read_recipe
from lutdla.spec.config import CoreConfig
from tests.nn.small import examples


@pytest.fixture(scope="module")
def data():
    images, labels, test_images, test_labels = (part.numpy() for part in examples())
    return Dataset("part", images, labels, test_images, test_labels, tuple("0123456789"), "memory")


def test_the_recipe_fits_the_default_core_and_says_how_it_went(data):
    told = set()
    recipe = read_recipe("fashion_mlp")
    short = replace(recipe, dense=replace(recipe.dense, epochs=3),
                    stages=(recipe.stages[0], replace(recipe.stages[1], epochs=2)))
    trained = train_fashion_mlp(data, recipe=short, progress=lambda stage, *_: told.add(stage))
    assert told == {"dense", "centroids", "joint"}
    assert set(trained.seconds) == {"dense", "lutboost"}
    artefact = compile(trained.network, CoreConfig())
    artefact.check_fits(CoreConfig())
    assert artefact.image.tables.shape[1] == 848
    right = predict(trained.network, torch.tensor(data.test_images)).numpy() == data.test_labels
    assert trained.lut_accuracy == pytest.approx(np.mean(right))
    assert trained.dense_accuracy > 0.75
    assert trained.lut_accuracy > trained.dense_accuracy - 0.06


def test_the_first_layer_could_not_be_wider(data):
    network = convert(build("mlp", hidden=[80, 16]), torch.tensor(data.train_images[:50]), iterations=0)
    freeze(network)
    with pytest.raises(ValueError, match="table"):
        compile(network, CoreConfig(), dataflow="resident")


def test_every_public_name_is_there():
    for name in lutdla.nn.__all__:
        assert callable(getattr(lutdla.nn, name)) or name == "METRICS"
    with pytest.raises(AttributeError, match=r"module 'lutdla\.nn' has no attribute 'Conv'"):
        lutdla.nn.Conv  # noqa: B018
    assert dir(lutdla.nn) == sorted(lutdla.nn.__all__)
