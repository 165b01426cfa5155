"""lutdla: neural networks as lookup tables on PYNQ boards.

    acc = lutdla.open()             # the board if there is one, else the emulator
    net = acc.load("digits.lut")    # program, codebooks and tables, by DMA
    y = net(x)                      # numpy in, numpy out

Names are loaded when they are first used: `import lutdla` itself costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lutdla import errors
    from lutdla.runtime import Accelerator, Network, Profile, open
    from lutdla.spec.artefact import Artefact
    from lutdla.spec.config import CoreConfig
    from lutdla.spec.pipeline import Pipeline

__all__ = ["Accelerator", "Artefact", "CoreConfig", "Network", "Pipeline", "Profile", "errors", "open"]

_HOMES = {
    "Accelerator": "lutdla.runtime", "Network": "lutdla.runtime", "Profile": "lutdla.runtime",
    "open": "lutdla.runtime", "Artefact": "lutdla.spec.artefact", "CoreConfig": "lutdla.spec.config",
    "Pipeline": "lutdla.spec.pipeline",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
    elif name == "errors":
        value = import_module("lutdla.errors")
    elif name == "__version__":
        from importlib.metadata import version

        value = version("lutdla")
    else:
        raise AttributeError(f"module 'lutdla' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__, "__version__"])
