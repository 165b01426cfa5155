"""Pipelines made without torch, of artefacts made without the compiler."""

import numpy as np

from lutdla.spec.pipeline import Input, Pipeline, Step
from tests.networks import two_layers

FIRST, SECOND = two_layers(0), two_layers(1)
"""10 values to 6 results each."""

WIDEN = np.random.default_rng(0).normal(size=(10, 6)).astype(np.float32)


def two_parts() -> Pipeline:
    """(batch, 3, 10): a part, a dense layer back to 10 values, another part; the mean over 3 rows."""
    return Pipeline(
        (Input("x", (3, 10)),),
        (
            Step("a", "lookup", ("x",), {"part": "first", "shape": [6]}),
            Step("b", "linear", ("a",), {}, {"weight": "widen"}),
            Step("c", "tanh", ("b",)),
            Step("hundred", "scalar", (), {"value": 100}),
            Step("d", "mul", ("c", "hundred")),
            Step("e", "lookup", ("d",), {"part": "second", "shape": [2, 3]}),
            Step("f", "mean", ("e",), {"axes": [1]}),
        ),
        "f", {"widen": WIDEN}, {"first": FIRST, "second": SECOND}, {"trained": "never"},
    )  # fmt: skip
