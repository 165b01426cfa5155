"""The autoencoder of MLPerf Tiny's anomaly detection: spectrogram slices of 640 values through a bottleneck of 8."""

from __future__ import annotations

from torch import nn

HIDDEN = (128, 128, 128, 128, 8, 128, 128, 128, 128)


def autoencoder(values: int = 640) -> nn.Sequential:
    """(B, values) -> (B, values): what the input should have been."""
    layers: list[nn.Module] = []
    inputs = values
    for outputs in HIDDEN:
        layers += [nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ReLU()]
        inputs = outputs
    return nn.Sequential(*layers, nn.Linear(inputs, values))
