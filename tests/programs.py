"""Random programs that no compiler wrote: `random_image(config, rng, ...)`.

Records get random loops (summed or pooled over, in any order, with strides of any sign), windows, tables, destinations
and flags. What would break a rule is then repaired: a window's block mask loses the blocks that may not be read, a
residual that is not there is left out, and records get `drain` where they need it.
"""

from dataclasses import dataclass, replace

import numpy as np

from lutdla.spec.config import LOOPS, STREAMS, CoreConfig
from lutdla.spec.hazards import needs_drain
from lutdla.spec.memory import BIAS_BITS, SHIFT_MAX, MemoryImage, Piece
from lutdla.spec.program import EncodeInput, Lookup, Loop, Program
from lutdla.spec.walk import encoded, walk
from lutdla.spec.window import Port, Window, window_arrays

MOST_STEPS = 64
"""Steps of a record."""

PASSES = 8
"""Passes for which no accumulator overflows, even where sums are carried on from pass to pass."""


@dataclass(frozen=True)
class Shape:
    """What a program is made of.

    Attributes:
        lookups: records that look up, 1 or more.
        images: images of a pass, at most `lookups`.
        pieces: table pieces of a pass, 0 or 2..`lookups`; 3 or an even number.
        wild: records may also read indices, sums and values that nothing wrote in this pass: defined by the reference,
            but hardware begins with unknown contents.
    """

    lookups: int
    images: int = 1
    pieces: int = 0
    wild: bool = False


def random_image(config: CoreConfig, rng: np.random.Generator, shape: Shape) -> MemoryImage:
    """A valid memory image with random contents."""
    return _Maker(config, rng, shape).make()


def reach(strides, counts):
    """Least and greatest address of a loop nest, relative to its base."""
    spans = [s * (n - 1) for s, n in zip(strides, counts)]
    return sum(min(0, span) for span in spans), sum(max(0, span) for span in spans)


class _Maker:
    def __init__(self, config: CoreConfig, rng: np.random.Generator, shape: Shape) -> None:
        self.config, self.rng, self.shape = config, rng, shape
        self.windows: list[Window] = []
        self.records: list[Lookup] = []
        self.readable: list[np.ndarray] = []  # for each record: (index words, blocks)
        self.written = np.full((config.index_words, config.blocks), shape.wild)
        self.summed = np.full(config.accumulator_rows, shape.wild)
        self.stored = np.full(config.value_rows, shape.wild)

    def pick(self, *choices):
        return choices[int(self.rng.integers(len(choices)))]

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def between(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    # -- the whole image ---------------------------------------------------------------------------------------------
    def make(self) -> MemoryImage:
        config, gpw = self.config, self.config.groups_per_word
        groups = self.between(1, max(1, config.index_words * gpw // 3))
        dest = self.between(0, config.index_words * gpw - groups)
        codebooks = self.between(1, min(groups, config.codebook_rows))
        self.encode = EncodeInput(groups, codebooks, self.between(0, config.codebook_rows - codebooks), dest)
        self.frame = self._blocks(np.arange(dest, dest + groups))
        self.frame_words = self.frame.any(axis=1)
        self.written[self.frame_words] = False
        places = self._table_places()
        flags = [self._segments(self.shape.images, "input", whole=False),
                 self._segments(self.shape.pieces, "tables", whole=not places[0][1])]
        has_input, piece, pieces = False, None, 0
        for i in range(self.shape.lookups):
            record_flags = flags[0].get(i, {}) | flags[1].get(i, {})
            has_input = has_input or "wait_input" in record_flags
            if "wait_tables" in record_flags:
                piece, pieces = places[1 + pieces], pieces + 1
            tables = places[0] if piece is None or (places[0][1] and self.chance(0.3)) else piece
            self._record(tables, has_input, i == self.shape.lookups - 1, record_flags)
            has_input = has_input and "free_input" not in record_flags
            piece = None if "free_tables" in record_flags else piece
        self._repair_windows()
        program = Program((self.encode, *self.records))
        needed = needs_drain(program, window_arrays(self.windows), config)[1:]
        program = Program((self.encode, *(replace(r, drain=r.drain or n) for r, n in zip(self.records, needed))))
        image = self._fill(program, places)
        image.validate(config)
        return image

    def _blocks(self, groups):
        """Positions that index groups take: bool (index words, blocks)."""
        config = self.config
        taken = np.zeros(config.index_words * config.blocks, bool)
        taken[(groups.reshape(-1, 1) * config.encoders + np.arange(config.encoders)).reshape(-1)] = True
        return taken.reshape(config.index_words, config.blocks)

    def _segments(self, number: int, what: str, whole: bool) -> dict[int, dict[str, bool]]:
        """Flags of the records that wait for and free `number` things in turn; `whole`: one is there all the time."""
        if not number:
            return {}
        cuts = np.sort(self.rng.choice(np.arange(1, self.shape.lookups), number - 1, replace=False)).tolist()
        flags: dict[int, dict[str, bool]] = {}
        for low, high in zip([0, *cuts], [*cuts, self.shape.lookups]):
            wait = low if whole or self.chance(0.7) else self.between(low, high - 1)
            free = high - 1 if whole else self.between(wait, high - 1)
            flags[wait] = {f"wait_{what}": True}
            flags[free] = flags.get(free, {}) | {f"free_{what}": True}
        return flags

    def _table_places(self) -> list[tuple[int, int]]:
        """First group of c rows and number of groups: of the resident tables, then of each piece."""
        total, number = self.config.table_rows // self.config.c, self.shape.pieces
        if not number:
            return [(0, self.between(min(2, total), total))]
        parts = 3 if number % 2 else 2  # neighbours, and the last and the first, lie in different parts
        resident = self.pick(0, total // 4, total // 2)
        size = (total - resident) // parts
        places = [(0, resident)]
        for k in range(number):
            groups = self.between(1, size)
            places.append((resident + k % parts * size + self.between(0, size - groups), groups))
        return places

    # -- one record --------------------------------------------------------------------------------------------------
    def _loops(self, to_output: bool) -> list[tuple[int, str]]:
        """Count and kind of each loop."""
        loops, steps, rows = [], 1, 1
        force = self.shape.images if to_output else 1
        for i in range(self.between(1, LOOPS - (force > 1))):
            kind = self.pick("row", "reduce", *(() if to_output else ("pool",)))
            most = min(4 if i else 8, MOST_STEPS // force // steps, 8 if kind == "reduce" else max(1, 16 // rows))
            loops.append((self.between(1, max(1, most)), kind))
            steps, rows = steps * loops[-1][0], rows if kind == "reduce" else rows * loops[-1][0]
        if force > 1:
            loops.append((force, "row"))
        return [loops[i] for i in self.rng.permutation(len(loops))]

    def _strides(self, counts, room: int, low: int = -2, high: int = 3):
        """Strides that keep an address within `room` places, and the base that keeps it from falling below 0."""
        strides: list[int] = []
        for i, n in enumerate(counts):
            stride = self.between(low, high) if self.chance(0.7) else 0
            least, most = reach([*strides, stride], counts[: i + 1])
            strides.append(stride if n == 1 or most - least < room else 0)
        least, most = reach(strides, counts)
        return strides, -least + self.between(0, room - 1 - (most - least))

    def _record(self, tables: tuple[int, int], has_input: bool, last: bool, flags: dict[str, bool]) -> None:
        config, per_row = self.config, self.config.groups_per_row
        to_output = last or self.chance(0.2)
        loops = self._loops(to_output)
        counts = [count for count, _ in loops]
        strides: dict[str, list[int]] = {}
        readable = self.written.copy()
        readable[self.frame_words] = self.frame[self.frame_words] & has_input
        runs, bases = (self._run(readable), self._run(readable)), []
        for stream, (first, words) in zip(("index", "shortcut"), runs):
            strides[stream], base = self._strides(counts, words if self.chance(0.9) else 6)
            bases.append(max(0, base + self.pick(0, 0, first, self.between(-first, 9))))
        targets = tuple(first - base - reach(strides[stream], counts)[0] for stream, (first, _), base in
                        zip(("index", "shortcut"), runs, bases))
        window, strides["window"], extra = self._window_rows(counts, tables[1], targets)
        strides["table"], table = self._strides(counts, max(1, tables[1] - extra))
        strides["accumulator"] = self._accumulators(loops)
        sides = []
        for stream in ("y", "x"):
            strides[stream], _ = self._strides(counts, 8, -1 if self.chance(0.2) else 0, 2)
            sides.append(max(1, reach(strides[stream], counts)[1] + self.pick(1, 1, 1, 2, 0)))
        channels = min(config.constant_rows, config.codebook_rows) - per_row + 1
        strides["channel"], channel = self._strides(counts, channels)
        encode = not to_output and self.chance(0.9)
        encodings, strides["dest"], dest, apart = self._dest(counts, encode)
        low, high = sorted((self.between(-128, 127), self.between(-128, 127))) if self.chance(0.5) else (-128, 127)
        codebook = channel + self.between(0, 1) * (config.codebook_rows > channel + reach(strides["channel"], counts)[1]
                                                   + per_row)
        spare = config.codebook_rows - codebook - reach(strides["channel"], counts)[1] - per_row
        record = Lookup(
            tuple(Loop(n, kind == "reduce", kind == "pool", *(strides[s][i] for s in STREAMS))
                  for i, (n, kind) in enumerate(loops)),
            index=bases[0], shortcut=bases[1], height=sides[0], width=sides[1], window=window,
            table=tables[0] + table, constant=channel, codebook=codebook, dest=dest, low=low, high=high,
            encode=encode, encodings=encodings, encoding_stride=apart,
            codebooks=self.between(0, spare // max(1, encodings - 1)), to_output=to_output,
            finish=to_output or self.chance(0.85), drain=self.chance(0.4), **flags,
        )  # fmt: skip
        self._finish(record, readable)

    def _run(self, readable) -> tuple[int, int]:
        """Neighbouring index words that may be read: first, number; the words below the frame where there are none."""
        words = np.flatnonzero(readable.all(axis=1) if self.chance(0.8) else readable.any(axis=1))
        if not len(words):
            words = np.flatnonzero(readable.any(axis=1))
        if not len(words):
            return 0, 1
        runs = np.split(words, np.flatnonzero(np.diff(words) > 1) + 1)
        run = runs[self.between(0, len(runs) - 1)]
        return int(run[0]), len(run)

    def _window_rows(self, counts, table_groups: int, targets: tuple[int, int]) -> tuple[int, list[int], int]:
        """New rows of windows, or the newest ones again: first row, strides, largest table offset."""
        free = self.config.window_rows - len(self.windows)
        if not free or (self.windows and self.chance(0.2)):
            first = self.between(max(0, len(self.windows) - 4), len(self.windows) - 1)
            strides, base = self._strides(counts, len(self.windows) - first, 0)
            extra = max(w.table for w in self.windows[first:])
            if extra < table_groups:
                return first + base, strides, extra
        number = max(1, min(free, self.between(1, 4)))
        if not free:  # no row left: replace the newest by one that any record may use
            self.windows.pop()
        first = len(self.windows)
        extra = self.between(0, min(2, table_groups - 1)) if free else 0
        for _ in range(number):
            ports = tuple(self._port(targets) for _ in range(self.config.ports))
            self.windows.append(Window(ports, self.between(0, extra)))
        strides, base = self._strides(counts, number, 0)
        return first + base, strides, extra

    def _port(self, targets: tuple[int, int]) -> Port:
        """A port that reads mostly from the first words that may be read (`targets`: of index and shortcut)."""
        every = (1 << self.config.blocks) - 1
        shortcut = self.chance(0.3)
        offset = targets[shortcut] + self.pick(0, 0, 0, 1, -1)
        if self.chance(0.05):
            offset = self.between(-(1 << 15), (1 << 15) - 1)
        far = self.between(-3, 3)
        return Port(offset, self.pick(0, 0, 0, 0, -1, 1, far), self.pick(0, 0, 0, 0, -1, 1, far),
                    self.between(0, every) if self.chance(0.4) else every, shortcut)

    def _accumulators(self, loops) -> list[int]:
        sums = [0 if kind == "reduce" and not self.shape.wild else self.between(0, 2) for _, kind in loops]
        while reach(sums, [count for count, _ in loops])[1] >= self.config.accumulator_rows:
            sums[int(np.argmax(sums))] = 0
        return sums

    def _dest(self, counts, encode: bool):
        """Number of encodings, strides and base of index groups, stride of encodings: mostly side by side, outside the
        input frame."""
        config, per_row = self.config, self.config.groups_per_row
        total = config.index_words * config.groups_per_word
        encodings = min(self.pick(1, 1, 1, 1, 2, 3, 8), max(1, total // 3 // per_row)) if encode else 1
        apart, own = self.pick(per_row, per_row, per_row + 1, 1), per_row - 1
        apart *= encodings == 1 or own + apart * (encodings - 1) < total // 3
        strides, low, high = [0] * len(counts), 0, own + apart * (encodings - 1)
        for i in self.rng.permutation(len(counts)):
            stride = self.pick(1, 1, -1, 0) * (high - low + 1)
            least, most = reach([stride], [counts[i]])
            if high + most - low - least < total // 3:
                strides[i], low, high = stride, low + least, high + most
        taken = self.frame_words.repeat(config.groups_per_word)  # index groups in words of the input frame
        bases = [b for b in range(-low, total - high) if not taken[b + low : b + high + 1].any()]
        if not bases:
            strides = [0] * len(counts)
            encodings, bases = 1, [b for b in range(total - per_row + 1) if not taken[b : b + per_row].any()]
        return encodings, strides, int(self.rng.choice(bases)), apart

    def _finish(self, record: Lookup, readable) -> None:
        """Add a record with what depends on its steps: begin, residual, store; and note what it writes."""
        config = self.config
        blind = replace(record, window=0)
        found = list(walk(blind, window_arrays([Window((Port(),) * config.ports)] * config.window_rows), config))
        steps = found[0]
        rows = np.unique(steps.accumulator)
        begin = not (self.summed[rows].all() and self.chance(0.4))
        self.summed[rows] = True
        record = replace(record, begin=begin)
        done, pooled = steps.last, steps.last & steps.pool_last
        if record.finish and not record.to_output:
            record = self._values(record, steps.dest[done] - record.dest, steps.dest[pooled] - record.dest)
            if record.encode:
                groups = np.unique(encoded(record, steps, pooled, config)[1])
                own = self._blocks(groups)
                readable = readable & ~own.any(axis=1)[:, None]
                self.written |= own
        self.records.append(record)
        self.readable.append(readable)

    def _values(self, record: Lookup, added, kept) -> Lookup:
        """The record with a residual and a place for its values, where there is one."""
        config, inner = self.config, np.arange(self.config.groups_per_row)
        added, kept = ((d[:, None] + inner + 0x8000 & 0xFFFF) - 0x8000 for d in (added, kept))
        residual, store = None, None
        fitting = [b for b in range(-int(added.min()), config.value_rows - int(added.max()))
                   if b >= 0 and self.stored[b + added].all()]
        if fitting and self.chance(0.7):
            residual = int(self.rng.choice(fitting))
        places = range(max(0, -int(kept.min())), config.value_rows - int(kept.max()))
        if places and (self.chance(0.5) or not record.encode):
            store = int(self.rng.choice(places))
        if residual is not None and store is not None:
            once = len(np.unique(kept)) == kept.size and not any(loop.pool for loop in record.loops)
            if once and self.chance(0.5) and residual in places:
                store = residual
            elif np.isin(residual + added, store + kept).any():
                residual = None
        if store is not None:
            self.stored[store + kept] = True
        return replace(record, residual=residual, store=store)

    # -- repairs and contents ----------------------------------------------------------------------------------------
    def _repair_windows(self) -> None:
        """Take from each window the blocks that some record may not read."""
        config = self.config
        allowed = np.ones((len(self.windows), config.ports, config.blocks), bool)
        for record, readable in zip(self.records, self.readable):
            at = np.stack(np.unravel_index(np.arange(record.steps()), [loop.count for loop in record.loops]))
            rows = record.window + np.array([loop.window for loop in record.loops]) @ at
            (steps,) = walk(record, window_arrays(self.windows), config)
            words = np.where(steps.words < config.index_words, steps.words, 0)
            good = readable[words] & (steps.words < config.index_words)[:, :, None]  # (T, ports, blocks)
            good |= ~steps.inside[:, :, None]
            np.logical_and.at(allowed, rows, good)
        bits = 1 << np.arange(config.blocks)
        masks = (allowed * bits).sum(axis=2)
        self.windows = [replace(w, ports=tuple(replace(p, blocks=p.blocks & int(m)) for p, m in zip(w.ports, row)))
                        for w, row in zip(self.windows, masks)]

    def _fill(self, program: Program, places) -> MemoryImage:
        """Random content for every word that the program uses."""
        config, rng, encode = self.config, self.rng, self.encode
        ends = [0]
        for record in self.records:
            _, high = reach([loop.channel for loop in record.loops], [loop.count for loop in record.loops])
            ends.append(record.codebook + high + config.groups_per_row)
        encodings = [end + (record.encodings - 1) * record.codebooks for end, record in zip(ends[1:], self.records)]
        codebooks = min(config.codebook_rows, max(encode.codebook + encode.codebooks, *encodings))
        constants = min(config.constant_rows, max(ends))
        total = sum(r.steps() for r in self.records) * (PASSES if self.shape.wild else 1)
        limit = max(1, min(127, ((1 << (config.acc_bits - 1)) - 1) // (total * config.banks) - 1))
        shift = rng.integers(0, SHIFT_MAX + 1, (constants, config.group))
        useful = rng.random(shift.shape) < 0.8  # most results lie inside the clamp
        shift = np.where(useful, rng.integers(14, 20, shift.shape), shift)
        bias = np.where(useful, rng.integers(-(1 << 20), 1 << 20, shift.shape),
                        rng.integers(-(1 << (BIAS_BITS - 1)), 1 << (BIAS_BITS - 1), shift.shape))

        def tables(groups: int):
            return rng.integers(-limit - 1, limit + 1, (config.banks, groups * config.c, config.lanes)).astype(np.int8)

        return MemoryImage(
            program, rng.integers(-128, 128, (codebooks, config.encoders, config.c, config.v)).astype(np.int8),
            tables(places[0][1]), rng.integers(0, 1 << 15, shift.shape), bias, shift, tuple(self.windows),
            tuple(Piece(first * config.c, tables(groups)) for first, groups in places[1:]),
        )  # fmt: skip
