"""Measured points of the cost models: random cores with random networks, on the Verilated core and through yosys.

    python -m benchmarks.cost_points held_out --count 64

Each point is a row of `benchmarks/points/SET.csv`, written as soon as it is measured: a run that was broken off goes
on where it was. Points are drawn from their set and number, but for those that the area model calls too large; a row
holds its whole core, whatever later models draw. Weights are random: cycles and areas depend on shapes only.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, fields, replace
from multiprocessing import get_context
from pathlib import Path
from random import Random

import numpy as np
from rich.progress import Progress

from benchmarks.network_rtl import cycles
from lutdla.backends.core_verilog import core_verilog
from lutdla.compiler.assemble import assemble
from lutdla.compiler.cost import predict
from lutdla.compiler.network import IntegerNetwork
from lutdla.compiler.random_network import random_network
from lutdla.compiler.topologies import topology
from lutdla.errors import LutdlaError
from lutdla.explore.area import estimate
from lutdla.explore.depths import next_power, sum_of_powers
from lutdla.spec.artefact import Artefact
from lutdla.spec.config import CoreConfig
from lutdla_hdl.resources import resources
from lutdla_hdl.synthesis import synthesize
from lutdla_overlay.cores import Core

FOLDER = Path(__file__).parent / "points"
SETS = {"fit": "held_out", "held_out": "held out"}
"""Set -> what its points are drawn from. Those of `fit` were drawn first, and led the models: they validate nothing."""

NETWORKS = ("lenet5", "resnet8", "kws", "autoencoder", "resnet20", "mlp")
MLP = (784, 128, 64, 10)

ROOMY = {"table_rows": 1 << 16, "index_words": 1 << 15, "accumulator_rows": 64, "constant_rows": 4096,
         "codebook_rows": 4096, "program_rows": 256, "window_rows": 1024, "value_rows": 1 << 15}  # fmt: skip
"""Depths of a core that holds any of these networks: the drawn core gets those that the network needs of it."""

MOST_CYCLES = 400_000
"""Of an image, so that a point is measured in minutes."""
MOST_LUT, MOST_RAMB36, MOST_DSP = 40_000, 312, 1728
"""Of the ZCU104, the largest of the boards but one; LUTs are fewer, so that yosys takes minutes."""


@dataclass(frozen=True)
class Point:
    """What is measured: a network on a core in a part."""

    number: int
    network: str
    family: str
    ultra_ram: bool
    batch: int | None
    config: CoreConfig

    def core(self) -> Core:
        """The core as boards have it; no rate is made of its clock."""
        return Core(f"point-{self.number}", self.family, 100.0, self.config, self.ultra_ram)


def network_of(name: str, config: CoreConfig) -> IntegerNetwork:
    """A network with random weights."""
    return random_network(config, MLP) if name == "mlp" else topology(name, config)


def artefact_of(name: str, config: CoreConfig, batch: int | None = None) -> Artefact:
    """The network, compiled."""
    return assemble(network_of(name, config), config, batch=batch)


def draw(set_name: str, number: int) -> Point:
    """A point of a set: drawn until the core exists, the network fits it, and it can be measured in minutes."""
    random = Random(f"{SETS[set_name]} {number}")
    while True:
        try:
            point = _drawn(random, number)
            artefact = artefact_of(point.network, point.config, point.batch)
        except LutdlaError:
            continue
        image = artefact.image
        costs = predict(image.program, [piece.tables.shape[1] for piece in image.pieces], point.config)
        if costs.cycles_per_pass / image.program.images <= MOST_CYCLES:
            return point


def _drawn(random: Random, number: int) -> Point:
    family = random.choice(("xc7", "xc7", "xcup"))
    v, blocks = random.choice((1, 2, 3, 4, 4, 4, 6, 8)), random.choice((1, 2, 4, 4, 8))
    encoders, stream_bits = 1 << random.randrange(4), random.choice((64, 64, 128))
    lanes = encoders * v * random.randint(1, max(1, 32 // (encoders * v)))
    layout = CoreConfig(
        v=v, c=random.choice((4, 8, 16, 16, 16, 32, 64)), metric=random.choice(("l2", "l1", "chebyshev")),
        ports=random.choice((1, 2, 3, 4, 5, 6, 8, 9, 9, 12)), blocks=blocks, lanes=lanes, encoders=encoders,
        acc_bits=random.choice((20, 24, 24, 28)), stream_bits=stream_bits, packet_beats=1024, **ROOMY,
    )  # fmt: skip
    name = random.choice(NETWORKS)
    needs = artefact_of(name, layout).requires()
    depths = {field: depth_for(field, need, layout) for field, need in needs.items()}
    batch = None
    if random.random() < 0.3:  # tables are streamed
        depths["table_rows"] = depth_for("table_rows", max(2 * layout.c, needs["table_rows"] // 2), layout)
        depths["index_words"] = min(1 << 15, depth_for("index_words", needs["index_words"] * random.choice((1, 2, 4)),
                                                       layout))
        depths["program_rows"], depths["accumulator_rows"] = 128, 64
    config = replace(layout, packet_beats=random.choice((256, 512)), **depths)
    if config.table_tail and random.random() < 0.5:
        config = replace(config, deep_banks=random.randint(0, (config.banks + 1) // 2))
    point = Point(number, name, family, family == "xcup" and random.random() < 0.4, batch, config)
    found = estimate(config, family, point.ultra_ram)
    if found.lut + found.lutram > MOST_LUT or found.ramb36 > MOST_RAMB36 or found.dsp > MOST_DSP or found.uram > 96:
        raise LutdlaError("the core is too large to be measured")
    return point


def depth_for(field: str, need: int, config: CoreConfig) -> int:
    """The least depth that a core can have and that is enough."""
    if field == "table_rows":
        return max(2 * config.c, int(sum_of_powers(np.array([need]), config.c)[0]))
    depths = sum_of_powers(np.array([need]), 1) if field == "index_words" else next_power(np.array([need]))
    return max(2, int(depths[0]))


def area(core: Core) -> dict[str, float]:
    """Resources of a core, of the Verilog that its cycles were counted on."""
    return resources(synthesize(core_verilog(core.config), family=core.family, options=core.synthesis_options))


def measured(point: Point) -> dict[str, object]:
    """The row of a point."""
    start = time.monotonic()
    artefact = artefact_of(point.network, point.config, point.batch)
    image, _ = cycles(artefact, point.config)
    found = area(point.core())
    return {
        "number": point.number, "network": point.network, "family": point.family, "ultra_ram": int(point.ultra_ram),
        "batch": point.batch or 0, **point.config.to_dict(), "images": artefact.image.program.images,
        "pieces": len(artefact.image.pieces), "cycles_per_image": round(image["cycles"], 2),
        **{name: round(value, 2) for name, value in image.items() if name.startswith("stall_")},
        **{name: found[name] for name in ("lut", "lutram", "ff", "ramb36", "uram", "dsp")},
        "seconds": round(time.monotonic() - start),
    }  # fmt: skip


def read(set_name: str) -> Iterator[tuple[Point, dict[str, float]]]:
    """Points of a set, and what was measured of each."""
    path = FOLDER / f"{set_name}.csv"
    if not path.is_file():
        return
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            config = CoreConfig(**{field.name: row[field.name] if field.name == "metric" else int(row[field.name])
                                   for field in fields(CoreConfig)})  # fmt: skip
            yield (Point(int(row["number"]), row["network"], row["family"], row["ultra_ram"] == "1",
                         int(row["batch"]) or None, config),
                   {name: float(value) for name, value in row.items() if name in MEASURED})


MEASURED = ("images", "pieces", "cycles_per_image", "lut", "lutram", "ff", "ramb36", "uram", "dsp")


def append(set_name: str, row: dict[str, object]) -> None:
    """Write a row behind those that are there."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{set_name}.csv"
    new = not path.is_file()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(row), lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerow(row)


def work(set_name: str, number: int) -> dict[str, object]:
    """Draw a point and measure it."""
    return measured(draw(set_name, number))


def main() -> None:
    """Measure what is missing of a set."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cost_points", description=__doc__)
    parser.add_argument("set", choices=SETS)
    parser.add_argument("--count", type=int, default=64, help="points of the set")
    parser.add_argument("--jobs", type=int, default=2, help="points at a time")
    options = parser.parse_args()
    there = {point.number for point, _ in read(options.set)}
    missing = [number for number in range(options.count) if number not in there]
    with Progress() as progress, ProcessPoolExecutor(options.jobs, get_context("spawn")) as pool:
        task = progress.add_task(options.set, total=options.count, completed=options.count - len(missing))
        for done in as_completed([pool.submit(work, options.set, number) for number in missing]):
            append(options.set, done.result())
            progress.advance(task)


if __name__ == "__main__":
    main()
