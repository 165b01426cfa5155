"""The contract between host and hardware, as pure data: configuration, registers, packets, program, artefact."""

from lutdla.spec.config import ABI_VERSION, METRICS, CoreConfig
from lutdla.spec.memory import MemoryImage
from lutdla.spec.program import EncodeInput, Lookup, Loop, Program

__all__ = ["ABI_VERSION", "METRICS", "CoreConfig", "EncodeInput", "Lookup", "Loop", "MemoryImage", "Program"]
