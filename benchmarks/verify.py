"""Every back end against the reference, for each metric and several configurations: `python -m benchmarks.verify`.

What `lutdla verify` does for one artefact, for random networks on cores that differ in every parameter.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from lutdla.backends import BACKENDS
from lutdla.compiler.assemble import assemble
from lutdla.compiler.random_network import random_network
from lutdla.spec import METRICS, CoreConfig
from lutdla.verify import make_vectors, reference_results, verify

SMALL = {
    "table_rows": 256, "index_words": 16, "accumulator_rows": 4, "constant_rows": 32, "codebook_rows": 64,
    "program_rows": 8, "window_rows": 16, "value_rows": 16, "packet_beats": 32,
}  # fmt: skip
"""Depths that keep builds and simulations short."""

CONFIGURATIONS = (
    CoreConfig(v=2, c=4, ports=2, blocks=2, lanes=4, encoders=1, **SMALL),
    CoreConfig(v=3, c=8, ports=3, blocks=2, lanes=12, encoders=2, **SMALL),
    CoreConfig(v=4, c=16, ports=2, blocks=4, lanes=16, encoders=2, **SMALL),
    CoreConfig(v=8, c=2, ports=1, blocks=1, lanes=8, encoders=1, stream_bits=128, **SMALL),
    CoreConfig(v=1, c=16, ports=4, blocks=4, lanes=8, encoders=4, acc_bits=16, **SMALL),
)
"""Cores that differ in v, c, ports, blocks, lanes, encoders, stream and accumulator width."""

SIZES = (26, 14, 9, 5)
"""Values in, hidden channels, outputs: no multiple of most v, lanes or banks."""


def main() -> None:
    """Compare, show a table, write the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.verify", description=__doc__)
    parser.add_argument("--vectors", type=int, default=40, help="inputs for each core")
    parser.add_argument("--json", type=Path, help="where the figures go")
    options = parser.parse_args()
    cores = [replace(config, metric=metric) for config in CONFIGURATIONS for metric in METRICS]
    mismatches = dict.fromkeys(BACKENDS, 0)
    table = Table("core", *BACKENDS, title="images that differ from the reference")
    for number, config in enumerate(track(cores, "comparing")):
        artefact = assemble(random_network(config, SIZES, seed=number), config)
        x = make_vectors(artefact, options.vectors, seed=number)
        expected = reference_results(artefact, x)
        found = {name: verify(artefact, name, x, expected).mismatches for name in BACKENDS}
        mismatches = {name: mismatches[name] + found[name] for name in BACKENDS}
        table.add_row(str(config), *(str(found[name]) for name in BACKENDS))
    Console().print(table)
    if options.json is not None:
        figures = {
            "vectors": options.vectors * len(cores), **{f"mismatches_{name}": n for name, n in mismatches.items()},
            "cores": len(cores), "configurations": len(CONFIGURATIONS), "metrics": len(METRICS),
        }  # fmt: skip
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
