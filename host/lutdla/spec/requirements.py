"""What a memory image asks of a core: the least depth of every memory."""

from __future__ import annotations

import numpy as np

from lutdla.spec.config import CoreConfig
from lutdla.spec.memory import LOADABLE, MemoryImage
from lutdla.spec.walk import encoded, walk
from lutdla.spec.window import window_arrays


def required_depths(image: MemoryImage, config: CoreConfig) -> dict[str, int]:
    """The least depth of each memory, by field of `CoreConfig`; not rounded up to what a core can have."""
    windows, program = window_arrays(image.windows), image.program
    accumulators, values = 2, 2
    groups = program.encode_input.dest + program.input_groups
    for record in program.lookups:
        for steps in walk(record, windows, config):
            accumulators = max(accumulators, int(steps.accumulator.max()) + 1)
            if record.to_output or not steps.last.any():
                continue
            if record.encode:
                groups = max(groups, int(encoded(record, steps, steps.last, config)[1].max()) + 1)
            for used, places in ((record.residual, steps.value_in), (record.store, steps.value_out)):
                if used is not None:
                    values = max(values, int(places[steps.last].max()) + config.groups_per_row)
    rows = max([image.tables.shape[1], *(piece.row + piece.tables.shape[1] for piece in image.pieces)])
    words = {"program": len(program.records), "codebook": len(image.codebooks), "table": rows,
             "constant": len(image.mult), "window": len(image.windows)}  # fmt: skip
    depths = {f"{memory}_rows": int(words[memory]) for memory in LOADABLE}
    return depths | {"accumulator_rows": accumulators, "value_rows": values,
                     "index_words": int(np.ceil(groups / config.groups_per_word))}
