"""Small networks on real images, shared by the tests of training and compilation."""

from functools import cache

import torch
from torch import nn

from lutdla.data import load
from lutdla.nn import LUTBoost, Normalize, Stage, train_dense
from lutdla.nn.boost import Reconstruction

TRAIN, TEST = 6000, 1000


@cache
def examples():
    """Fashion-MNIST, the first images: train images, labels, test images, labels."""
    data = load("fashion-mnist")
    return (
        torch.tensor(data.train_images[:TRAIN]), torch.tensor(data.train_labels[:TRAIN]),
        torch.tensor(data.test_images[:TEST]), torch.tensor(data.test_labels[:TEST]),
    )  # fmt: skip


def untrained(seed=0):
    """784-30-18-10: hidden sizes that are no multiples of 4."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(Normalize(std=255.0), nn.Flatten(), nn.Linear(784, 30), nn.ReLU(), nn.Linear(30, 18),
                             nn.ReLU(), nn.Linear(18, 10))


@cache
def dense():
    """A trained dense model; not to be changed."""
    model = untrained()
    train_dense(model, *examples()[:2], epochs=6)
    return model


@cache
def boosted(v=4, c=16, metric="l2"):
    """A frozen lookup network, all stages; not to be changed."""
    stages = (Stage("centroids", 1, 0.5, techniques=(Reconstruction(0.1),)), Stage("joint", 2, 0.2, 1e-3, 1e-3))
    boost = LUTBoost(dense(), stages=stages, calibration=1000, batch=128,
                     convert_options={"v": v, "c": c, "metric": metric, "iterations": 4})
    return boost.fit(examples()[:2])


@cache
def replaced():
    """A lookup network with k-means codebooks, not trained yet; not to be changed."""
    return LUTBoost(dense(), calibration=1000, convert_options={"iterations": 4}).replace(examples()[:2])
