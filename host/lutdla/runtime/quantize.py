"""Quantizes the inputs of a call: compiled where that is possible, as `Artefact.quantize` defines it."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import numpy.typing as npt

from lutdla.errors import InputError
from lutdla.native.variants import library
from lutdla.spec.artefact import Artefact

KERNELS = {np.dtype(np.float32): "quantize_float", np.dtype(np.uint8): "quantize_bytes"}
"""Type of inputs -> function of the compiled kernels."""


def quantize(artefact: Artefact, inputs: npt.NDArray[Any]) -> npt.NDArray[np.int8]:
    """Inputs (batch, values), as `Artefact.accept` gives them, as int8 (batch, values).

    Raises:
        InputError: values are not finite.
    """
    kernel, compiled = KERNELS.get(inputs.dtype), library()
    if kernel is None or compiled is None:
        return artefact.quantize_accepted(inputs)
    inputs = np.ascontiguousarray(inputs)
    values = np.empty(inputs.shape, np.int8)
    finite = getattr(compiled, kernel)(
        ctypes.c_void_p(inputs.ctypes.data), ctypes.c_void_p(values.ctypes.data), ctypes.c_int64(inputs.size),
        ctypes.c_float(artefact.input_scale), ctypes.c_float(artefact.input_zero_point))
    if not finite:
        raise InputError("input holds NaN or infinity: clean it before running")
    return values
