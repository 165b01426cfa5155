"""Every core of a space that holds a network on a board, with its cycles and its area.

    layouts --depths that the network needs--> all tables resident --area--> fits?
       '--- otherwise: fewer table rows, more index words --> tables streamed --area--> fits?
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lutdla.explore.area import Area, estimate_all
from lutdla.explore.columns import Column, Columns, bit_length, ceil_div
from lutdla.explore.cycles import Cycles, cycles, frame_beats
from lutdla.explore.depths import needed, rounded
from lutdla.explore.energy import image_energy
from lutdla.explore.limits import Limits
from lutdla.explore.shapes import NetworkShape
from lutdla.explore.space import possible, space
from lutdla.explore.streamed import NEVER, Variant, variants
from lutdla.spec.config import RANGES

PART = 1 << 14
"""Cores that are rated at a time, so that their columns stay in the processor's cache."""


@dataclass(frozen=True)
class Rated:
    """Cores that fit, a column each.

    Attributes:
        cores: with depths.
        ultra_ram: which have their tables in UltraRAM.
        image: cycles of an image; where tables are streamed, at least so many.
        images: of a pass.
        together: first layer that runs for all images of a pass.
        streamed: layers whose tables are streamed, by `lutdla.explore.streamed.in_order`.
        energy: of an image, in microjoules, estimated.
        area: estimated.
        considered: cores that were rated, with those that do not fit.
    """

    cores: Columns
    ultra_ram: npt.NDArray[np.bool_]
    image: Column
    images: Column
    together: Column
    streamed: Column
    energy: npt.NDArray[np.float64]
    area: Area
    considered: int

    def take(self, rows: Any) -> Rated:
        """Only these rows."""
        area = Area(**{name: getattr(self.area, name)[rows] for name in Area.__dataclass_fields__})
        return Rated(self.cores.take(rows), self.ultra_ram[rows], self.image[rows], self.images[rows],
                     self.together[rows], self.streamed[rows], self.energy[rows], area, self.considered)


def rate(shape: NetworkShape, limits: Limits, *, streams: bool = True, room: Mapping[str, int] | None = None,
         **axes: Sequence[Any]) -> Rated:
    """Rate a space on a board.

    Args:
        shape: of the network.
        limits: of the board.
        streams: whether tables may be streamed, for which there are many ways to rate.
        room: depths that cores shall have at least, by field, and `acc_bits`.
        axes: as for `space`.

    Raises:
        ConfigError: no core has these values.
    """
    parts = []
    for stream_bits in (64, 128) if limits.stream_bits >= 128 else (64,):
        layouts = space(stream_bits, **axes)
        layouts = layouts.replace(acc_bits=np.maximum(_acc_bits(shape, layouts), (room or {}).get("acc_bits", 0)))
        for start in range(0, len(layouts), PART):
            part = layouts.take(slice(start, start + PART))
            for ultra_ram in (False, True) if limits.amounts["uram"] else (False,):
                parts += list(_rated(shape, part, limits, ultra_ram, streams, room))
    return _joined(parts)


def _acc_bits(shape: NetworkShape, cores: Columns) -> Column:
    """Accumulators that hold the largest sum any tables can make."""
    terms = np.zeros(len(cores), np.int64)
    for layer in shape.layers:
        lookups = [part.taps * part.squares * part.source.encodings(cores) * part.source.subspaces(cores)
                   for part in layer.operands]
        terms = np.maximum(terms, np.sum(lookups, axis=0))
    low, high = RANGES["acc_bits"]
    return np.clip(bit_length(terms * 128) + 1, low, high)


def _rated(shape: NetworkShape, layouts: Columns, limits: Limits, ultra_ram: bool, streams: bool,
           room: Mapping[str, int] | None) -> Iterator[Rated]:
    """Resident where that fits, streamed where it does not."""
    found = cycles(shape, layouts)
    need = needed(shape, found.steps, layouts)
    cores = layouts.replace(**rounded(need, layouts, room))
    energy = image_energy(shape, layouts, sum(found.lookups), _frame_bytes(shape, layouts))
    yield _fitting(cores, found.image, energy, None, limits, ultra_ram)
    tails = cores.take(cores.table_tail > 0)  # tails in block RAM, where that is left
    deep, rows = tails.replace(deep_banks=(tails.banks + 1) // 2), cores.table_tail > 0
    yield _fitting(deep, found.image[rows], energy[rows], None, limits, ultra_ram)
    if not streams:
        return
    fits = np.isin(np.arange(len(cores)), _rows_that_fit(cores, limits, ultra_ram))
    left = np.flatnonzero(~fits)
    if not len(left):
        return
    rest, some = layouts.take(left), _taken(found, left)
    whole_need = {name: column[left] for name, column in need.items()}
    for way in variants(shape, rest, some):
        need_of = {**whole_need, "table_rows": way.table_rows, "index_words": way.index_words,
                   "value_rows": way.value_rows, "program_rows": way.program_rows}
        small = rest.replace(**rounded(need_of, rest, room))
        image = np.where(_bits(small) <= limits.memory_bits, way.image, NEVER)
        energy = image_energy(shape, rest, sum(some.lookups), _frame_bytes(shape, rest) + way.moved_bytes)
        yield _fitting(small, image, energy, way, limits, ultra_ram)


def _frame_bytes(shape: NetworkShape, cores: Columns) -> Column:
    """Of an input and of its results, as they are streamed."""
    results = 4 * cores.lanes * ceil_div(shape.layers[-1].outputs, cores.lanes)
    return np.asarray(frame_beats(shape, cores) * cores.stream_bytes + results)


def _bits(cores: Columns) -> Column:
    """Bits of the largest memories: what is far too large is not looked at any further."""
    tables = 8 * cores.banks * cores.table_rows * cores.lanes
    indices = cores.ports * cores.groups_per_word * cores.encoders * cores.index_bits * cores.index_words
    return np.asarray(tables + indices + 8 * cores.group * cores.value_rows)


def _taken(found: Cycles, rows: Any) -> Cycles:
    steps = tuple(type(of)(*(column[rows] for column in (of.row, of.groups, of.windows, of.tiles)))
                  for of in found.steps)
    return Cycles(found.image[rows], tuple(column[rows] for column in found.layers),
                  tuple(column[rows] for column in found.lookups), found.frame[rows], steps)


def _rows_that_fit(cores: Columns, limits: Limits, ultra_ram: bool) -> npt.NDArray[np.int64]:
    exist = np.flatnonzero(_exist(cores))
    return exist[limits.holds(estimate_all(cores.take(exist), limits.family, ultra_ram))]


def _exist(cores: Columns) -> npt.NDArray[np.bool_]:
    """Which cores the hardware can have: every depth is within its range."""
    inside = [(getattr(cores, name) >= low) & (getattr(cores, name) <= high) for name, (low, high) in RANGES.items()]
    largest = np.max([cores.beats_per_word(name) for name in ("program", "codebook", "table", "constant", "window")],
                     axis=0)
    return np.asarray(np.logical_and.reduce(inside) & possible(cores) & (largest <= cores.packet_beats))


def _fitting(cores: Columns, image: Column, energy: npt.NDArray[np.float64], way: Variant | None, limits: Limits,
             ultra_ram: bool) -> Rated:
    """Those that exist and fit. `way`: how tables are streamed; None: they are not."""
    rows = np.flatnonzero(_exist(cores) & (image < NEVER))
    area = estimate_all(cores.take(rows), limits.family, ultra_ram)
    held = limits.holds(area)
    kept = rows[held]
    area = Area(**{name: getattr(area, name)[held] for name in Area.__dataclass_fields__})
    together, images = (0, 1) if way is None else (way.together, way.images)
    streamed = np.zeros(len(kept), np.int64) if way is None else way.streamed[kept]
    return Rated(cores.take(kept), np.full(len(kept), ultra_ram), image[kept], np.full(len(kept), images),
                 np.full(len(kept), together), streamed, energy[kept], area, len(cores))


def _joined(parts: list[Rated]) -> Rated:
    area = Area(**{name: np.concatenate([getattr(part.area, name) for part in parts])
                   for name in Area.__dataclass_fields__})
    columns = {name: np.concatenate([getattr(part, name) for part in parts])
               for name in ("ultra_ram", "image", "images", "together", "streamed", "energy")}  # fmt: skip
    return Rated(Columns.concatenate(part.cores for part in parts), **columns, area=area,
                 considered=sum(part.considered for part in parts))
