"""What a compiled network is: its layers, how full it makes a core's memories, what each layer costs."""

from lutdla.inspection.inspection import Inspection, MemoryShare, inspect_artefact
from lutdla.inspection.layers import LayerUse

__all__ = ["Inspection", "LayerUse", "MemoryShare", "inspect_artefact"]
