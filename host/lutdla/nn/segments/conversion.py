"""Pass: named modules of a dense model -> lookup networks in their places; everything else stays as it is."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import numpy as np
from torch import Tensor, nn

from lutdla.errors import CompileError, InputError
from lutdla.nn.conversion import convert
from lutdla.nn.segments.capture import Inputs, capture
from lutdla.nn.segments.part import LUTPart, as_part

ROWS = 1 << 13
"""Inputs of a part that calibration sees, about."""

Model = TypeVar("Model", bound=nn.Module)


def convert_parts(model: Model, parts: Iterable[str], calibration: Inputs, *, clip: float = 0.0, rows: int = ROWS,
                  batch: int = 32, seed: int = 0, per_part: Mapping[str, Mapping[str, Any]] | None = None,
                  **options: Any) -> Model:
    """A copy of a model in which parts are lookup networks, calibrated with what reaches them in the dense model.

    Args:
        model: any torch model.
        parts: names of modules: an nn.Linear (of the last axis, whatever is in front of it), an nn.Conv1d (each
            position of its result is computed by itself), or an nn.Sequential of what `lutdla.nn.convert` takes. Each
            has codebooks and a quantization of its own.
        calibration: typical inputs of the model.
        clip: share of a part's input values, at each end, that the int8 range leaves out (0..0.1): outliers would make
            the steps of all others coarse.
        rows: of each part that are kept for calibration, a random choice.
        batch: inputs that run together meanwhile.
        per_part: name -> options where a part differs: those of `lutdla.nn.convert`, and clip.
        options: of `lutdla.nn.convert`: v, c, metric, first, iterations.

    Returns:
        the copy; `lutdla.nn.lut_layer.lut_layers` finds all its lookup layers, `parts_of` its parts.

    Raises:
        InputError: names that do not fit, a part that does not run, or calibration that cannot be used.
        CompileError: a part holds something that the core does not run: names part, layer and what to use instead.
    """
    names, special = list(parts), dict(per_part or {})
    _check_names(model, names, special)
    converted = copy.deepcopy(model)
    modules = {}
    for name in names:
        try:
            modules[name] = as_part(converted.get_submodule(name))
        except InputError as error:
            raise InputError(f"part {name}: {error}") from error
    samples = capture(converted, {name: (axes, windows) for name, (_, axes, windows) in modules.items()}, calibration,
                      rows=rows, batch=batch, seed=seed)
    for name, (module, _, windows) in modules.items():
        chosen = {"seed": seed, "clip": clip} | options | dict(special.get(name, {}))
        x = _clipped(samples.pop(name), chosen.pop("clip"), name)
        shape = tuple(_dense(module, x[:1]).shape[1:])
        try:
            network = convert(module, x, **chosen)
        except CompileError as error:
            raise CompileError(f"part {name}: {error}") from error
        except InputError as error:
            raise InputError(f"part {name}: {error}") from error
        converted.set_submodule(name, LUTPart(network, shape[:1] if windows else shape, windows))
    return converted


def _check_names(model: nn.Module, names: list[str], special: Mapping[str, Any]) -> None:
    known = dict(model.named_modules())
    if not names:
        raise InputError("parts are empty: name the modules to convert")
    for name in names:
        if not name or name not in known:
            linear = [key for key, module in known.items() if isinstance(module, nn.Linear | nn.Conv1d | nn.Conv2d)]
            raise InputError(f"part {name!r}: the model has no such module; it has {', '.join(linear) or 'none'}"
                             + ("" if name else ": to convert a whole model use lutdla.nn.convert"))
        inside = [other for other in names if other == name or other.startswith(f"{name}.")]
        if len(inside) > 1:
            raise InputError(f"parts {' and '.join(inside[:2])}: one is in the other, or it is named twice: name one "
                             "of them")
    for name in special:
        if name not in names:
            raise InputError(f"per_part names {name!r}, which is no part: parts are {', '.join(names)}")


def _clipped(x: Tensor, share: float, name: str) -> Tensor:
    """Values limited to a range that leaves out a share at each end; 0 is always in it."""
    if not 0 <= share <= 0.1:
        raise InputError(f"part {name}: clip is {share}: it must be 0..0.1")
    if not share:
        return x
    low, high = np.quantile(x.numpy(), (share, 1 - share))
    return x.clamp(min(float(low), 0.0), max(float(high), 0.0))


def _dense(module: nn.Module, x: Tensor) -> Tensor:
    training = module.training
    try:
        return module.eval()(x)  # type: ignore[no-any-return]
    finally:
        module.train(training)
