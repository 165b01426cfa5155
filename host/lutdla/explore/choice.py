"""A core for a network and a board: the best by an objective, compiled for, and what keeps it from being better."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from lutdla.compiler.assemble import assemble
from lutdla.compiler.explain import Explanation, explain
from lutdla.compiler.misfit import Misfit
from lutdla.errors import CompileError, ConfigError
from lutdla.explore.area import Area, estimate, estimate_all
from lutdla.explore.columns import Column, Columns
from lutdla.explore.cycles import cycles
from lutdla.explore.depths import needed, rounded
from lutdla.explore.drafts import drafted
from lutdla.explore.energy import image_energy
from lutdla.explore.limits import RESOURCES, WORDS, Limits, whole
from lutdla.explore.rating import Rated
from lutdla.explore.shapes import NetworkShape
from lutdla.explore.sketch import sketch
from lutdla.spec.artefact import Artefact
from lutdla.spec.config import CoreConfig
from lutdla.spec.packets import result_bytes, run_bytes

OBJECTIVES = ("throughput", "latency", "area", "energy")

KNOWN = ("area", "energy")
"""Objectives that no program needs to be drawn up for."""

ALIKE = 0.02
"""Energies that differ by less are alike: of those, the fastest core is best."""

MOST_DRAFTED = 300
"""Cores that one program is drawn up for."""

MOST_COMPILED = 3
"""Of these, cores that are compiled for before the best of them is taken."""

ATTEMPTS = 4
"""Times that a core's memories are made larger, because the compiler needs more than was counted."""

UP = {"ports": (1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16), "blocks": (1, 2, 4, 8), "lanes": (4, 8, 12, 16, 24, 32, 48, 64),
      "encoders": (1, 2, 4, 8)}  # fmt: skip
"""Fields that make a core faster, and their values."""


@dataclass(frozen=True)
class Choice:
    """A core that a network was compiled for.

    Attributes:
        board, config, ultra_ram: the core and where it goes.
        cycles_per_image: predicted for the compiled program.
        images: of a pass.
        images_per_s, latency_us: at the clock that the board's core assumes; a latency is that of a pass.
        table_bytes, streamed_bytes: of all tables, and of those that come anew in each pass.
        memory_bytes_per_image: read from and written to DDR: frames, streamed tables, results.
        energy_uj: of an image, by the model of `lutdla.explore.energy`.
        area, shares: estimated, and of the board's part.
        explanation: memories, maps and records.
        limits: what keeps it from being faster, in words.
    """

    board: str
    config: CoreConfig
    ultra_ram: bool
    cycles_per_image: float
    images: int
    images_per_s: float
    latency_us: float
    table_bytes: int
    streamed_bytes: int
    memory_bytes_per_image: float
    energy_uj: float
    area: Area
    shares: dict[str, float]
    explanation: Explanation
    limits: tuple[str, ...]


def order(rated: Rated, limits: Limits, objective: str) -> Column:
    """Rows of `rated`, the best first: cycles, then the shares of the board that the core takes; for area the other way
    round, for energy that first and then cycles.

    Raises:
        ConfigError: an unknown objective.
    """
    if objective not in OBJECTIVES:
        raise ConfigError(f"objective is {objective!r}: use one of {', '.join(OBJECTIVES)}")
    full = whole(limits.shares(rated.area))
    keys = {"throughput": rated.image, "latency": rated.image * rated.images, "area": full,
            "energy": np.floor(np.log(rated.energy) / np.log1p(ALIKE))}
    rest = rated.image if objective in KNOWN else full
    return np.asarray(np.lexsort((rest, keys[objective])))


def choose(shape: NetworkShape, rated: Rated, limits: Limits, objective: str = "throughput") -> Choice | None:
    """The best core. Programs are drawn up in the order of the bounds, until no bound is below the best of them; the
    best few are compiled for. None: nothing fits."""
    offers: list[tuple[float, int]] = []
    seen: set[CoreConfig] = set()
    for row in order(rated, limits, objective):
        bound = _score(objective, float(rated.image[row]), int(rated.images[row]))
        better = [score for score, _ in offers if score <= bound]
        if len(seen) >= MOST_DRAFTED or len(offers if objective in KNOWN else better) >= MOST_COMPILED:
            break
        config = rated.cores.config(int(row))
        same = replace(config, metric="l1")  # metrics differ in area alone, and the smallest comes first
        if same in seen:
            continue
        seen.add(same)
        cycles_per_image: float | None = float(rated.image[row])
        if rated.streamed[row]:
            images = int(rated.images[row])
            cycles_per_image = drafted(shape, config, int(rated.together[row]), images, int(rated.streamed[row]))
        if cycles_per_image is not None:
            offers.append((_score(objective, cycles_per_image, int(rated.images[row])), int(row)))
    done: list[Choice] = []
    for _, row in offers if objective in KNOWN else sorted(offers):
        found = compiled(shape, rated.cores.config(row), bool(rated.ultra_ram[row]), limits)
        done += [] if found is None else [found]
        if len(done) >= (1 if objective in KNOWN else MOST_COMPILED):
            break
    return min(done, key=lambda choice: _score(objective, choice.cycles_per_image, choice.images), default=None)


def _score(objective: str, cycles_per_image: float, images: int) -> float:
    return cycles_per_image * (images if objective == "latency" else 1)


def compiled(shape: NetworkShape, config: CoreConfig, ultra_ram: bool, limits: Limits) -> Choice | None:
    """A core whose memories are as deep as the compiler needs; None where the board then does not hold it."""
    drawn = _drawn(shape, config)
    if drawn is None:
        return None
    config, found, moved = drawn
    area = estimate(config, limits.family, ultra_ram)
    if not bool(limits.holds(area)):
        return None
    images = found.images
    shares = {name: float(share) for name, share in limits.shares(area).items()}
    rate = limits.clock_mhz * 1e6 / found.cycles_per_image
    energy = float(image_energy(shape, Columns.of([config]), found.steps_per_image, moved / images)[0])
    return Choice(limits.name, config, ultra_ram, found.cycles_per_image, images, rate,
                  found.cycles_per_image * images / limits.clock_mhz, found.table_bytes, found.streamed_bytes,
                  moved / images, energy, limits.expected(area), shares, found,
                  tuple(_why(shape, config, found, limits, ultra_ram)))


@lru_cache(maxsize=1024)
def _drawn(shape: NetworkShape, config: CoreConfig) -> tuple[CoreConfig, Explanation, int] | None:
    """The program that the compiler draws up: the core with depths that suffice, and the bytes that a pass moves.

    Kept, because boards share cores.
    """
    made = _assembled(shape, config)
    if made is None:
        return None
    exact = _exact(made)
    if exact != made.config:  # with fewer rows, sums or maps may lie elsewhere
        made = _assembled(shape, exact) or made
    found, image = explain(made), made.image
    moved = run_bytes(image, made.config, found.images)
    return made.config, found, moved + result_bytes(found.images, image.program.output_rows, made.config)


def _assembled(shape: NetworkShape, config: CoreConfig) -> Artefact | None:
    for _ in range(ATTEMPTS):
        try:
            return assemble(sketch(shape, config), config)
        except Misfit as misfit:
            if misfit.memory == "table_rows":
                return None
            larger = _deeper(config, misfit.memory, misfit.need)
            if larger is None or larger == config:
                return None
            config = larger
        except CompileError:
            return None
    return None


def _deeper(config: CoreConfig, memory: str, need: int) -> CoreConfig | None:
    columns = Columns.of([config])
    depth = rounded({memory: np.array([need])}, columns)[memory][0]
    try:
        return CoreConfig.from_dict({**config.to_dict(), memory: int(depth)})
    except ConfigError:
        return None


def _exact(artefact: Artefact) -> CoreConfig:
    """The core with no more rows of its small memories than the program needs."""
    need = {name: np.array([depth]) for name, depth in artefact.requires().items()}
    depths = rounded(need, Columns.of([artefact.config]))
    small: dict[str, Any] = {name: min(int(depths[name][0]), getattr(artefact.config, name))
                             for name in ("window_rows", "program_rows", "accumulator_rows", "value_rows")}
    return replace(artefact.config, **small)


# -- why ---------------------------------------------------------------------------------------------------------------
def _why(shape: NetworkShape, config: CoreConfig, found: Explanation, limits: Limits,
         ultra_ram: bool) -> Iterator[str]:
    """What its cycles are spent on, and what a faster core would need that the board lacks."""
    layers: dict[str, float] = {}
    for record in found.records:
        layers[record.layer] = layers.get(record.layer, 0) + (record.cycles + record.waits) / found.images
    slowest = max(layers, key=lambda name: layers[name])
    steps = found.steps_per_image / found.cycles_per_image
    waits = sum(record.waits for record in found.records) / found.images / found.cycles_per_image
    yield (f"lookups fill {steps:.0%} of the cycles; layer {slowest} takes "
           f"{layers[slowest] / found.cycles_per_image:.0%} of them")
    if waits > 0.05:
        yield (f"{waits:.0%} of the cycles wait for the stream, which brings frames and {found.streamed_bytes:,} bytes "
               "of tables a pass")
    yield from _blocked(shape, config, limits, ultra_ram)


def _blocked(shape: NetworkShape, config: CoreConfig, limits: Limits, ultra_ram: bool) -> Iterator[str]:
    """The fastest core that is one step larger in one field, and what it lacks."""
    rows: list[dict[str, Any]] = []
    for name, values in UP.items():
        larger = [value for value in values if value > getattr(config, name)]
        if larger:
            rows.append({**config.to_dict(), "deep_banks": 0, name: larger[0]})
    possible = []
    for row in rows:
        try:
            possible.append(CoreConfig.from_dict({**row, "table_rows": 1 << 12}))
        except ConfigError:
            continue
    if not possible:
        return
    cores = Columns.of(possible)
    found = cycles(shape, cores)
    cores = cores.replace(**rounded(needed(shape, found.steps, cores), cores))
    area = estimate_all(cores, limits.family, ultra_ram)
    shares = limits.shares(area)
    at = int(np.argmin(found.image))
    over = {name: float(shares[name][at]) for name in RESOURCES
            if limits.amounts[name] and shares[name][at] > 1 - limits.spare[name]}
    changed = next(name for name in UP if getattr(possible[at], name) != getattr(config, name))
    if over:
        most = ", ".join(f"{share:.0%} of the {WORDS[name]}" for name, share in over.items())
        yield (f"with {changed}={getattr(possible[at], changed)} and all tables in the core, an image would take "
               f"{int(found.image[at]):,} cycles, but the core would take {most}")
