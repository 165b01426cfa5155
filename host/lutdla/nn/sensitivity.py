"""How much the loss minds an error in each activation: mean squared gradients, as weights of k-means.

An error e in an activation with gradient g changes the loss by about (g e)^2 / 2 where the network is trained (the
diagonal of the Fisher information): SqueezeLLM (arXiv 2306.07629) weighs the clustering of weights so, here it weighs
the clustering of activations.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from lutdla.errors import InputError
from lutdla.nn.dense import folded_weights, run_dense
from lutdla.nn.graph import Network, Source, Step
from lutdla.nn.layers import QuantizeInput

LOSSES = ("cross_entropy", "squared_error")
AVERAGES = ("none", "images")
PART = 128
"""Inputs that run at a time."""


def map_sensitivity(
    network: Network, images: Tensor, labels: Tensor | None = None, *, loss: str = "cross_entropy",
    average: str = "images", damping: float = 1.0, quantizer: QuantizeInput | None = None, seed: int = 0,
) -> dict[str, Tensor]:
    """Squared gradients of the loss with respect to each activation of each map that is read.

    Args:
        network: of `read_network`.
        images: (B, *shape) what the model takes.
        labels: int64 (B,) classes, or for "squared_error" what results should be (B, outputs). None: drawn from what
            the model itself answers, so that the weights say how much an error changes the answers.
        loss: one of `LOSSES`.
        average: "none" (each image has its own weights: as much memory as all maps) or over "images". Weights that are
            the same for all vectors would move no centroid, so pixels are not averaged.
        damping: what is added to each weight, in means of the map. Gradients tell of small errors; those of a coarse
            codebook reach past ReLUs that were closed, and what weighs nothing would be encoded anyhow.
        quantizer: of the converted network, where the input map is arranged by space-to-depth.
        seed: of drawn labels.

    Returns:
        name of the map -> float32 (B, C, H, W), aligned with the maps; averages are expanded, not copied.

    Raises:
        InputError: images, labels or choices do not fit, or the model gives NaN.
    """
    if average not in AVERAGES:
        raise InputError(f"average is {average!r}: use one of {', '.join(AVERAGES)}")
    if not damping >= 0:
        raise InputError(f"damping is {damping}: it must be 0 or more")
    if any(step.name == network.input.name for step in network.steps):
        raise InputError(f"a layer is called {network.input.name!r}, as the input map is: rename the layer")
    read = [source for source in network.sources() if network.readers(source)]
    found: dict[Source, list[Tensor]] = {source: [] for source in read}
    for maps, _ in _squared_gradients(network, images, labels, loss, quantizer, seed):
        for source in read:
            squares = maps[source]
            found[source].append(squares if average == "none" else squares.double().sum(dim=0, keepdim=True))
    weights = {}
    for source, parts in found.items():
        squares = torch.cat(parts) if average == "none" else torch.stack(parts).sum(dim=0) / len(images)
        squares = (squares + damping * squares.mean()).float()  # (B or 1, C, H, W)
        weights[source.name] = squares.expand(len(images), -1, -1, -1)
    return weights


def result_sensitivity(
    network: Network, images: Tensor, labels: Tensor | None = None, *, loss: str = "cross_entropy",
    quantizer: QuantizeInput | None = None, seed: int = 0,
) -> dict[str, Tensor]:
    """Squared gradients of the loss with respect to the sums of each step.

    Args:
        network, images, labels, loss, quantizer, seed: as for `map_sensitivity`.

    Returns:
        name of the step -> float32 (B, N, Ho, Wo), of each image's own loss.
    """
    found: dict[Step, list[Tensor]] = {step: [] for step in network.steps}
    for _, results in _squared_gradients(network, images, labels, loss, quantizer, seed):
        for step in network.steps:
            found[step].append(results[step])
    return {step.name: torch.cat(parts) for step, parts in found.items()}


def _squared_gradients(
    network: Network, images: Tensor, labels: Tensor | None, loss: str, quantizer: QuantizeInput | None, seed: int,
) -> Iterator[tuple[dict[Source, Tensor], dict[Step, Tensor]]]:
    """Of maps and of results, part by part. The loss is summed over images: each gets its own gradient."""
    _check(network, images, labels, loss)
    weights, generator = folded_weights(network), torch.Generator().manual_seed(seed)
    for start in range(0, len(images), PART):
        with torch.enable_grad():
            dense = run_dense(network, images[start : start + PART], weights, quantizer=quantizer, watch=_followed)
            answers = dense.results[network.steps[-1]].flatten(1)
            if not answers.isfinite().all():
                raise InputError("the model gives NaN or infinity: clean its inputs, or train it again")
            wanted = None if labels is None else labels[start : start + PART]
            total = _loss(answers, wanted, loss, generator)
            values = [*dense.maps.values(), *dense.results.values()]
            gradients = torch.autograd.grad(total, values, allow_unused=True)
        squares = [torch.zeros_like(value) if gradient is None else gradient.square()
                   for value, gradient in zip(values, gradients)]
        yield dict(zip(dense.maps, squares)), dict(zip(dense.results, squares[len(dense.maps) :]))


def _followed(values: Tensor) -> Tensor:
    return values if values.requires_grad else values.detach().requires_grad_()


def _loss(answers: Tensor, wanted: Tensor | None, loss: str, generator: torch.Generator) -> Tensor:
    """Summed over images. Answers that are compared with themselves would have no gradient: without labels they are
    compared with what is drawn from them, whose mean squared gradient is how fast the answers themselves change."""
    if loss == "cross_entropy":
        if wanted is None:
            wanted = torch.multinomial(answers.detach().softmax(dim=1), 1, generator=generator)[:, 0]
        return F.cross_entropy(answers, wanted, reduction="sum")
    if wanted is None:
        wanted = answers.detach() + torch.randn(answers.shape, generator=generator)
    return F.mse_loss(answers, wanted.view_as(answers), reduction="sum") / 2


def _check(network: Network, images: Tensor, labels: Tensor | None, loss: str) -> None:
    if loss not in LOSSES:
        raise InputError(f"loss is {loss!r}: use one of {', '.join(LOSSES)}")
    if tuple(images.shape[1:]) != tuple(network.shape) or not len(images):
        raise InputError(f"images have shape {tuple(images.shape)}: the model was read for (images, "
                         f"{', '.join(map(str, network.shape))}), images >= 1")
    outputs = network.steps[-1].channels
    if labels is None:
        return
    if loss == "cross_entropy":
        if labels.shape != images.shape[:1] or labels.is_floating_point():
            raise InputError(f"labels have shape {tuple(labels.shape)} and type {labels.dtype}: they must be integers "
                             f"({len(images)},)")
        if int(labels.min()) < 0 or int(labels.max()) >= outputs:
            raise InputError(f"labels are {int(labels.min())}..{int(labels.max())}: the model has {outputs} classes, "
                             f"0..{outputs - 1}")
    elif labels.numel() != len(images) * outputs:
        raise InputError(f"labels have shape {tuple(labels.shape)}: for squared_error they are results "
                         f"({len(images)}, {outputs})")
