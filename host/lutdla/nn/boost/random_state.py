"""The random state of a process: seeded for a training, kept in checkpoints, given back afterwards."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch


def capture() -> dict[str, Any]:
    """States of torch's, numpy's and Python's global generators, as tensors and plain values."""
    kind, keys, position, has_gauss, gauss = np.random.get_state(legacy=True)
    return {
        "torch": torch.get_rng_state(), "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "numpy": [str(kind), torch.from_numpy(np.asarray(keys).astype(np.int64)), int(position), int(has_gauss),
                  float(gauss)],
        "python": _nested(random.getstate(), list),
    }  # fmt: skip


def restore(state: dict[str, Any]) -> None:
    """Go on as where `capture` was called."""
    torch.set_rng_state(state["torch"].cpu())
    if state["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all([value.cpu() for value in state["cuda"]])
    kind, keys, *rest = state["numpy"]
    np.random.set_state((kind, keys.numpy().astype(np.uint32), *rest))
    random.setstate(_nested(state["python"], tuple))


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Everything random is decided by the seed within; afterwards the states are what they were."""
    before = capture()
    torch.manual_seed(seed)
    np.random.seed(seed % 2**32)
    random.seed(seed)
    try:
        yield
    finally:
        restore(before)


def _nested(value: Any, kind: type) -> Any:
    """Lists and tuples, one inside the other, all as one kind."""
    return kind(_nested(item, kind) for item in value) if isinstance(value, (list, tuple)) else value
