"""What reaches the parts of a model: a sample of their inputs, taken while the model runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from lutdla.errors import InputError
from lutdla.nn.segments.part import Windows

Inputs = Tensor | Sequence[Tensor] | Mapping[str, Tensor]
"""Inputs of a model: one tensor, several in order, or by name; the first axis of each is the batch."""


def batches(inputs: Inputs, size: int) -> Iterator[tuple[tuple[Tensor, ...], dict[str, Tensor]]]:
    """Inputs, `size` at a time, as arguments and named arguments.

    Raises:
        InputError: no inputs, or not as many of each.
    """
    named = dict(inputs) if isinstance(inputs, Mapping) else {}
    ordered = () if isinstance(inputs, Mapping) else ((inputs,) if isinstance(inputs, Tensor) else tuple(inputs))
    counts = {len(tensor) for tensor in (*ordered, *named.values())}
    if len(counts) != 1 or not max(counts):
        raise InputError(f"inputs hold {sorted(counts)} examples: give one or more, and as many of each")
    for at in range(0, max(counts), size):
        yield (tuple(tensor[at : at + size] for tensor in ordered),
               {name: tensor[at : at + size] for name, tensor in named.items()})


def capture(model: nn.Module, places: Mapping[str, tuple[int, Windows | None]], inputs: Inputs, *, rows: int,
            batch: int = 32, seed: int = 0) -> dict[str, Tensor]:
    """Samples of what reaches modules of a model, by name: (up to about `rows`, *shape of one input).

    Args:
        places: name -> axes of one input and windows, as `as_part` gives them.
        inputs: of the model.
        rows: of each part, spread evenly over all batches.
        batch, seed: inputs that run together; of the choice of rows.

    Raises:
        InputError: a module does not run, or takes something else than one tensor.
    """
    generator = torch.Generator().manual_seed(seed)
    parts = list(batches(inputs, batch))
    share = -(-rows // len(parts))
    found: dict[str, list[Tensor]] = {name: [] for name in places}

    def hook_for(name: str) -> Any:
        axes, windows = places[name]

        def hook(module: nn.Module, args: tuple[Any, ...]) -> None:
            if len(args) != 1 or not isinstance(args[0], Tensor):
                raise InputError(f"part {name} takes {len(args)} arguments: a part takes one tensor")
            x = args[0].detach() if windows is None else windows.cut(args[0].detach())
            lead = x.shape[: x.ndim - axes]
            if x.ndim <= axes:
                raise InputError(f"part {name} takes a tensor of shape {tuple(x.shape)}: its inputs have {axes} axes "
                                 "and the batch")
            count = lead.numel()
            chosen = torch.randperm(count, generator=generator)[:share]
            # of a view: indexing copies only the rows that are kept
            found[name].append(x[torch.unravel_index(chosen, lead)].float())

        return hook

    handles = [model.get_submodule(name).register_forward_pre_hook(hook_for(name)) for name in places]
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            for ordered, named in parts:
                model(*ordered, **named)
    finally:
        model.train(training)
        for handle in handles:
            handle.remove()
    for name, samples in found.items():
        if not samples:
            raise InputError(f"part {name} does not run when the model does: name modules that its forward calls")
    return {name: torch.cat(samples) for name, samples in found.items()}
