"""A small network with data, as recipes and files name them: trained within a second."""

import torch

from lutdla.nn.boost.recipe_file import read_recipe
from lutdla.nn.boost.recipe_parts import dense_network, examples
from lutdla.nn.boost.recipe_steps import train_dense_of

PARTS = """
import torch
from torch import nn
from lutdla.nn import Normalize

def examples():
    torch.manual_seed(1)
    images = torch.randint(0, 160, (1500, 8, 8), dtype=torch.uint8)
    labels = torch.randint(0, 4, (1500,))
    images[torch.arange(1500), 2 * labels] += 80  # two bright lines of pixels are the class
    images[torch.arange(1500), 2 * labels + 1] += 60
    return images[:1000], labels[:1000], images[1000:], labels[1000:]

def model():
    return nn.Sequential(Normalize(), nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(),
                         nn.Linear(16, 4))
"""
RECIPE = """
batch = 50

[data]
function = "parts.py:examples"

[model]
function = "parts.py:model"

[dense]
epochs = 4
batch = 50

[convert]
iterations = 3

[[stages]]
name = "joint"
epochs = 2
centroid_rate = 0.2
weight_rate = 1e-3
table_rate = 1e-3

[output]
folder = "{folder}"
"""


def write(folder):
    """A recipe and what it names."""
    (folder / "parts.py").write_text(PARTS)
    path = folder / "small.toml"
    path.write_text(RECIPE.format(folder=folder / "trained"))
    return path


def write_trained(folder):
    """The dense network alone, trained, as `torch.save` writes it."""
    recipe = read_recipe(write(folder))
    splits = examples(recipe, None)
    dense = dense_network(recipe, splits)
    train_dense_of(recipe, dense, splits)
    torch.save(dense, folder / "small.pt")
    return folder / "small.pt"
