"""Small models with host segments, shared by the tests of conversion, export and pipelines."""

import torch
from torch import nn
from torch.nn import functional as F

from lutdla.models.pretrained.magika import Magika
from lutdla.models.pretrained.minilm import MiniLM
from lutdla.nn import freeze
from lutdla.nn.segments import convert_parts
from lutdla.spec.config import CoreConfig

CORE = CoreConfig(v=4, c=16, metric="l2", ports=4, blocks=4, lanes=16, encoders=2, table_rows=2048, index_words=2048,
                  constant_rows=64, codebook_rows=256, program_rows=64, window_rows=64)  # fmt: skip
OPTIONS = {"v": 4, "c": 16, "metric": "l2", "iterations": 3}


def seeded(make, seed=0):
    """A model with weights of a seed, in eval mode."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make().eval()


class FeedForward(nn.Module):
    """(B, T, 8): layer norm, feed-forward and residual."""

    def __init__(self):
        super().__init__()
        self.norm, self.up, self.down = nn.LayerNorm(8), nn.Linear(8, 24), nn.Linear(24, 8)

    def forward(self, x):
        return x + self.down(F.gelu(self.up(self.norm(x))))


def feed_forward():
    """Dense model and inputs (B, 5, 8)."""
    return seeded(FeedForward), torch.randn(64, 5, 8, generator=torch.Generator().manual_seed(1))


def small_magika():
    """A Magika of 16 positions, and files of 64 bytes."""
    model = seeded(lambda: Magika(width=4, hidden=24, types=9, positions=16))
    return model, torch.randint(0, 257, (24, 64), generator=torch.Generator().manual_seed(2))


def small_minilm():
    """A MiniLM of two layers, and texts of 6 tokens: ids and mask."""
    model = seeded(lambda: MiniLM(words=50, width=16, layers=2, heads=2, hidden=32, positions=8))
    ids = torch.randint(0, 50, (24, 6), generator=torch.Generator().manual_seed(3))
    return model, {"ids": ids, "mask": (torch.arange(6) < torch.arange(24)[:, None] % 5 + 2).long()}


def frozen(model, parts, calibration, **options):
    """A converted and frozen copy."""
    converted = convert_parts(model, parts, calibration, **(OPTIONS | options))
    freeze(converted)
    return converted.eval()
