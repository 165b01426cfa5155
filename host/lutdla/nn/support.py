"""Which layers and functions the core runs, what their part is, and what to use in place of the others.

Support for a layer is a row here and, for a new part, a handler in `lutdla.nn.parts`.
"""

from __future__ import annotations

import operator
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from lutdla.nn.activations import KINDS
from lutdla.nn.layers import Normalize

_OF_MODULES = {kind: "activation" for kind in KINDS if isinstance(kind, type)}
_OF_FUNCTIONS = {kind: "activation" for kind in KINDS if not isinstance(kind, type)}

MODULES: dict[type[nn.Module], str] = {
    nn.Linear: "linear", nn.Conv2d: "convolution", nn.Conv1d: "convolution", nn.BatchNorm1d: "batch_norm",
    nn.BatchNorm2d: "batch_norm", nn.ReLU: "clamp", nn.ReLU6: "clamp", nn.Hardtanh: "clamp", nn.MaxPool2d: "max_pool",
    nn.MaxPool1d: "max_pool", nn.AvgPool2d: "average_pool", nn.AvgPool1d: "average_pool",
    nn.AdaptiveAvgPool2d: "global_average", nn.AdaptiveAvgPool1d: "global_average", nn.Flatten: "flatten",
    nn.Dropout: "nothing", nn.Dropout1d: "nothing", nn.Dropout2d: "nothing", nn.Identity: "nothing",
    Normalize: "normalize", **_OF_MODULES,
}  # fmt: skip
"""Module -> its part in the network."""

FUNCTIONS: dict[Any, str] = {
    F.relu: "clamp", torch.relu: "clamp", "relu": "clamp", F.relu6: "clamp", F.hardtanh: "clamp",
    F.max_pool2d: "max_pool", F.max_pool1d: "max_pool", F.avg_pool2d: "average_pool", F.avg_pool1d: "average_pool",
    F.adaptive_avg_pool2d: "global_average", F.adaptive_avg_pool1d: "global_average", "mean": "mean",
    torch.mean: "mean", torch.flatten: "flatten", "flatten": "flatten", F.dropout: "nothing", "contiguous": "nothing",
    operator.add: "add", torch.add: "add", "add": "add", "add_": "add",
    **_OF_FUNCTIONS,
}  # fmt: skip
"""Function, or name of a tensor method -> its part in the network."""

_SCALE = "scale the input with lutdla.nn.Normalize(mean, std)"
_VIEW = "use nn.Flatten, or give lutdla.nn.load_model what torch.export.export makes of the model"
_LOGITS = "leave it out: the largest logit is the same class"

INSTEAD: dict[Any, str] = {
    nn.Softmax: f"{_LOGITS}, apply softmax on the host",
    nn.LogSoftmax: f"{_LOGITS}, train with nn.CrossEntropyLoss",
    F.softmax: _LOGITS, F.log_softmax: _LOGITS, "softmax": _LOGITS, "log_softmax": _LOGITS,
    nn.LayerNorm: "use nn.BatchNorm1d or nn.BatchNorm2d", nn.GroupNorm: "use nn.BatchNorm2d",
    nn.InstanceNorm2d: "use nn.BatchNorm2d",
    nn.Conv3d: "use nn.Conv2d, the depth as channels",
    nn.ConvTranspose2d: "use nn.Conv2d: the core does not enlarge maps",
    nn.ConvTranspose1d: "use nn.Conv1d", nn.AdaptiveMaxPool2d: "use nn.MaxPool2d with a kernel",
    nn.LPPool2d: "use nn.AvgPool2d or nn.MaxPool2d", nn.Upsample: "classify from the small map",
    nn.LSTM: "use nn.Conv1d over time", nn.GRU: "use nn.Conv1d over time",
    nn.MultiheadAttention: "use nn.Conv2d: the core runs no products of activations",
    torch.cat: "add the maps instead (residual), or give one layer all the channels",
    operator.truediv: _SCALE, operator.mul: _SCALE, operator.sub: _SCALE,
    "view": _VIEW, "reshape": _VIEW, "size": _VIEW,
    "unsqueeze": "give inputs that have the channel axis",
    torch.clamp: "use nn.ReLU6 or nn.Hardtanh", "clamp": "use nn.ReLU6 or nn.Hardtanh",
}  # fmt: skip
"""What to use in place of something the core does not do."""
