"""Hand-laid convolutional programs: `convolution(config, rng)` makes what a compiler would, in small.

One convolution of the input map (any kernel, stride, padding, several steps where the ports do not suffice), max-pooled
or followed by a convolution with a residual, then average pooling with a linear layer for the host.
"""

from dataclasses import dataclass, replace

import numpy as np

from lutdla.spec.config import CoreConfig
from lutdla.spec.hazards import needs_drain
from lutdla.spec.memory import MemoryImage
from lutdla.spec.program import EncodeInput, Lookup, Loop, Program
from lutdla.spec.window import Port, Window, window_arrays


@dataclass(frozen=True)
class Map:
    """A feature map in the index memory: `words` words a pixel, from word `first` on."""

    height: int
    width: int
    words: int
    first: int = 0

    @property
    def size(self) -> int:
        return self.height * self.width * self.words


class _Layout:
    """What has been placed so far."""

    def __init__(self, config: CoreConfig, rng: np.random.Generator) -> None:
        self.config, self.rng = config, rng
        self.windows: list[Window] = []
        self.table = self.constant = self.codebook = 0

    def pick(self, *choices):
        return choices[int(self.rng.integers(len(choices)))]

    def convolution(self, source: Map, target: Map | None, kernel, stride, padding, tiles, pool=1, **changes) -> Lookup:
        """A record; target None: all pixels are summed, for the host."""
        config, per_row = self.config, self.config.groups_per_row
        words = [(ky - padding, kx - padding, w) for ky in range(kernel) for kx in range(kernel)
                 for w in range(source.words)]
        steps = [words[i : i + config.ports] for i in range(0, len(words), config.ports)]
        every, first = (1 << config.blocks) - 1, len(self.windows)
        for step in steps:
            ports = [Port((dy * source.width + dx) * source.words + w, dy, dx, every) for dy, dx, w in step]
            self.windows.append(Window((*ports, *[Port()] * (config.ports - len(ports)))))
        down, right = stride * source.width * source.words, stride * source.words
        tile = Loop(tiles, table=len(steps), channel=per_row, dest=per_row)
        inner = Loop(len(steps), True, window=1, table=1)
        common = {"index": source.first, "height": source.height, "width": source.width, "window": first,
                  "table": self.table}  # fmt: skip
        self.table += tiles * len(steps)
        if target is None:
            pixels = Loop(source.height, True, index=down, y=1), Loop(source.width, True, index=right, x=1)
            return Lookup((tile, *pixels, inner), **common, to_output=True, **changes)
        pixel = target.words * config.groups_per_word
        loops = [Loop(target.height, index=pool * down, y=pool * stride, dest=target.width * pixel),
                 Loop(target.width, index=pool * right, x=pool * stride, dest=pixel), tile]
        loops = [loops[i] for i in self.rng.permutation(3)]
        if pool > 1:
            loops += [Loop(pool, pool=True, index=down, y=stride), Loop(pool, pool=True, index=right, x=stride)]
        elif loops[-1].count <= config.accumulator_rows and self.pick(True, False):  # steps outside the innermost rows
            loops[-1:], inner = [inner, replace(loops[-1], accumulator=1)], None
        record = Lookup(
            tuple(loops) + (() if inner is None else (inner,)), **common, constant=self.constant,
            codebook=self.codebook, dest=target.first * config.groups_per_word, low=self.pick(-128, 0), **changes,
        )  # fmt: skip
        self.constant += tiles * per_row
        self.codebook += tiles * per_row
        return record


def convolution(config: CoreConfig, rng: np.random.Generator) -> MemoryImage | None:
    """A valid memory image; None where what was drawn does not fit into the core."""
    lay = _Layout(config, rng)
    source = Map(lay.pick(1, 2, 3, 4, 6), lay.pick(1, 2, 3, 4, 6), lay.pick(1, 1, 2))
    kernel, stride, padding, tiles = lay.pick(1, 2, 3), lay.pick(1, 1, 2), lay.pick(0, 1), lay.pick(1, 1, 2)
    height, width = ((side + 2 * padding - kernel) // stride + 1 for side in (source.height, source.width))
    pool = lay.pick(1, 2) if min(height, width) > 1 else 1
    groups = source.size * config.groups_per_word
    encode = EncodeInput(groups, source.words * config.groups_per_word)
    lay.codebook = encode.codebooks
    words = -(-tiles * config.groups_per_row // config.groups_per_word)
    middle = Map(height // pool, width // pool, words, source.size)
    twice = pool == 1 and lay.pick(True, False)
    values = middle.size * config.groups_per_word
    if min(height, width) < 1 or not middle.size or source.size + 2 * middle.size > config.index_words:
        return None
    keeps = twice and values <= config.value_rows and lay.pick(True, False)
    if config.program_rows < 4 and twice:
        return None
    records = [lay.convolution(source, middle, kernel, stride, padding, tiles, pool, wait_input=True, free_input=True,
                               store=0 if keeps else None)]
    if twice:
        last = replace(middle, first=middle.first + middle.size)
        records.append(lay.convolution(middle, last, 3, 1, 1, tiles, residual=0 if keeps else None))
        middle = last
    records.append(lay.convolution(middle, None, 1, 1, 0, 1))
    if (lay.table * config.c > config.table_rows or len(lay.windows) > config.window_rows or
            lay.constant > config.constant_rows or lay.codebook > config.codebook_rows or
            len(records) >= config.program_rows):
        return None
    needed = needs_drain(Program((encode, *records)), window_arrays(lay.windows), config)[1:]
    program = Program((encode, *(replace(r, drain=n) for r, n in zip(records, needed))))
    shape = lay.constant, config.group
    image = MemoryImage(
        program, rng.integers(-128, 128, (lay.codebook, config.encoders, config.c, config.v)).astype(np.int8),
        rng.integers(-100, 101, (config.banks, lay.table * config.c, config.lanes)).astype(np.int8),
        rng.integers(1 << 13, 1 << 15, shape), rng.integers(-(1 << 20), 1 << 20, shape), rng.integers(14, 17, shape),
        tuple(lay.windows),
    )  # fmt: skip
    image.validate(config)
    return image
