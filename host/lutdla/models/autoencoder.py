"""Autoencoders for anomaly detection: what they reproduce badly is not what they were trained with."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from lutdla.models.fits import check_sizes

HIDDEN = (128, 128, 128, 128, 8, 128, 128, 128, 128)
"""Of MLPerf Tiny: spectrogram slices of 640 values through a bottleneck of 8."""

SHUTTLE_HIDDEN = (64, 32, 4, 32, 64)
"""For the 9 readings of the Shuttle set: a bottleneck of one subspace of 4 values."""


def autoencoder(shape: tuple[int, ...] = (640,), hidden: Sequence[int] = HIDDEN) -> nn.Sequential:
    """(B, values) -> (B, values): what the input should have been.

    Args:
        shape: (values,).
        hidden: values of each hidden layer, each with batch norm and ReLU.

    Raises:
        InputError: a hidden layer has less than one value.
    """
    check_sizes("autoencoder", "hidden", hidden)
    (values,) = shape
    layers: list[nn.Module] = []
    inputs = values
    for outputs in hidden:
        layers += [nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ReLU()]
        inputs = outputs
    return nn.Sequential(*layers, nn.Linear(inputs, values))


def shuttle_autoencoder(shape: tuple[int, ...] = (9,), hidden: Sequence[int] = SHUTTLE_HIDDEN) -> nn.Sequential:
    """`autoencoder` for the Shuttle set: (B, 9) -> (B, 9)."""
    return autoencoder(shape, hidden)
