"""Magika (Google, Apache-2.0): what type a file has, from 1024 bytes of its beginning and of its end.

    bytes -> Dense 257 -> 64, GELU -> four bytes side by side (256 channels, 512 positions) -> layer norm
          -> Conv1d 256 -> 512, 5 wide -> GELU -> maximum of all positions -> layer norm -> Dense 512 -> 214

The first Dense takes one-hot bytes: each of its results, GELU included, is one of 257 vectors. It is a table lookup
already, and stands here as an `nn.Embedding` of these vectors. What is left of matrix products are the convolution
(1280 x 512 multiplications at each of 508 positions, 333 million a file) and the last Dense (110 thousand).
"""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lutdla.data.file_tokens import PADDING, SIDE
from lutdla.data.sources.wheel import LINUX
from lutdla.models.pretrained.onnx_weights import read_initializers
from lutdla.models.pretrained.wheels import WeightWheel

WHEEL = WeightWheel("magika", "1.0.3", "magika-1.0.3-py3-none-manylinux_2_28_x86_64.whl",
                    "3e9b49134e8116ee40b431664dcbed9e199413efddcce1a173c734b4e0521529", "Apache-2.0", LINUX)
FOLDER = "magika/models/standard_v3_3"

PARTS = ("conv", "dense")
"""What has multiplications: all of it can be lookups."""


class Magika(nn.Module):
    """The network up to its logits; softmax of them are Magika's scores.

    Args:
        width: channels of a byte.
        hidden: channels of the convolution.
        types: file types.
        positions: groups of four bytes.
    """

    def __init__(self, width: int = 64, hidden: int = 512, types: int = 214, positions: int = 2 * SIDE // 4) -> None:
        super().__init__()
        self.positions, self.channels = positions, 4 * width
        self.embedding = nn.Embedding(PADDING + 1, width)
        self.position_norm = nn.LayerNorm(positions, eps=1e-6)  # over all positions of a channel
        self.conv = nn.Conv1d(4 * width, hidden, 5)
        self.activation = nn.GELU("tanh")
        self.norm = nn.LayerNorm(hidden, eps=1e-6)
        self.dense = nn.Linear(hidden, types)

    def forward(self, content: Tensor) -> Tensor:
        """Logits (B, types) of files (B, 4 * positions): int64 0..256, as
        `lutdla.data.file_tokens.file_tokens` gives them."""
        x = self.embedding(content).reshape(-1, self.positions, self.channels)
        x = self.position_norm(x.transpose(1, 2))  # (B, channels, positions)
        x = self.activation(self.conv(x)).amax(2)  # (B, hidden)
        return self.dense(self.norm(x))


@cache
def type_names() -> tuple[str, ...]:
    """Names of the file types, in the order of the logits."""
    return tuple(json.loads(WHEEL.read(f"{FOLDER}/config.min.json"))["target_labels_space"])


def load_magika() -> Magika:
    """The network of magika 1.0.3 (standard_v3_3) in eval mode.

    Raises:
        DatasetError: the wheel cannot be had.
    """
    tensors = read_initializers(WHEEL.read(f"{FOLDER}/model.onnx"))

    def tensor(name: str) -> Tensor:
        """The one whose name ends so, without axes of length 1 in front."""
        found = next(value for key, value in tensors.items() if key.endswith(name))
        return torch.tensor(np.squeeze(found))

    model = Magika()
    state = {
        # one-hot bytes: row b of the weight and the bias, then GELU, are all that a byte b can give
        "embedding.weight": F.gelu(tensor("logits_/Const:0") + tensor("Dense_0/Reshape:0"), approximate="tanh"),
        "position_norm.weight": tensor("LayerNorm_0/Reshape_2:0"),
        "position_norm.bias": tensor("LayerNorm_0/Reshape_3:0"),
        "conv.weight": tensor("Conv_0/transpose_3:0"),
        "conv.bias": tensor("const_fold_opt__209"),
        "norm.weight": tensor("LayerNorm_1/Reshape_2:0"), "norm.bias": tensor("LayerNorm_1/Reshape_3:0"),
        "dense.weight": tensor("Const_24:0").t(), "dense.bias": tensor("Dense_1/Reshape:0"),
    }  # fmt: skip
    model.load_state_dict(state)
    return model.eval()
