"""The work of conversion and export grows with the network and no faster: counted in function calls."""

import cProfile
import pstats

import torch
from torch import nn

from lutdla.compiler.export import integer_network
from lutdla.models.resnet import Block
from lutdla.nn import convert, freeze

DOUBLE = 2.3


def calls(work):
    profile = cProfile.Profile()
    made = profile.runcall(work)
    return pstats.Stats(profile).total_calls, made


def test_doubling_the_blocks_at_most_doubles_the_work():
    counts = {"convert": [], "export": []}
    images = torch.rand(2, 8, 4, 4)
    for blocks in (1, 4, 8, 16):  # the first is for what comes with first use
        torch.manual_seed(0)
        body = (Block(8, 8, 1) for _ in range(blocks))
        model = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), *body, nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                              nn.Linear(8, 4)).eval()
        converting, made = calls(lambda model=model: convert(model, images, iterations=1))
        freeze(made)
        exporting, _ = calls(lambda made=made: integer_network(made))
        counts["convert"].append(converting)
        counts["export"].append(exporting)
    for step, found in counts.items():
        _, *rest = found
        assert max(after / before for before, after in zip(rest, rest[1:])) < DOUBLE, (step, found)
