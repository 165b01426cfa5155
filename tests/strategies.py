"""Hypothesis strategies: configurations, memory images with programs that no compiler wrote, and inputs.

`memory_images(config)` draws loop nests in any order, with reducing loops inside or outside, negative strides, loops
that go nowhere, masks and ports that read past the end. What it leaves out (unless `wild`) are programs whose result
depends on what an earlier image left in the core, or on how soon a written index can be read.
"""

import numpy as np
from hypothesis import strategies as st

from lutdla.spec.config import LOOPS, METRICS, CoreConfig
from lutdla.spec.memory import BIAS_BITS, SHIFT_MAX, MemoryImage
from lutdla.spec.program import EncodeInput, Lookup, Loop, Program

TINY = CoreConfig(
    v=2, c=4, ports=2, blocks=2, lanes=4, encoders=1, table_rows=64, index_words=16, accumulator_rows=4,
    constant_rows=16, codebook_rows=32, program_rows=4, packet_beats=32,
)  # fmt: skip
"""Small enough for a simulation that takes seconds."""

SEEDS = st.integers(0, 2**32 - 1)


def _power_of_two_from(n: int) -> int:
    return 1 << (n - 1).bit_length()


@st.composite
def configs(draw, stream_bits=(64, 128)):
    """Small cores of all kinds, with a stream of one of these widths."""
    v, c = draw(st.sampled_from((1, 2, 3, 4, 8))), draw(st.sampled_from((2, 4, 8, 16)))
    blocks = draw(st.sampled_from((1, 2, 4)))
    encoders = draw(st.sampled_from([e for e in (1, 2, 4) if e <= blocks]))
    stream = draw(st.sampled_from(stream_bits))
    unit = np.lcm(encoders * v, stream // 32)
    lanes = int(unit * draw(st.integers(1, max(1, 16 // unit))))
    groups, per_word = lanes // (encoders * v), blocks // encoders
    return CoreConfig(
        v=v, c=c, metric=draw(st.sampled_from(METRICS)), ports=draw(st.sampled_from((1, 2, 3, 4, 9))), blocks=blocks,
        lanes=lanes, encoders=encoders, table_rows=_power_of_two_from(8 * c),
        index_words=max(8, _power_of_two_from(4 * groups // per_word)), accumulator_rows=draw(st.sampled_from((2, 4))),
        constant_rows=max(8, _power_of_two_from(groups + 2)), codebook_rows=max(16, _power_of_two_from(groups + 4)),
        program_rows=draw(st.sampled_from((2, 4))), acc_bits=draw(st.sampled_from((18, 24, 32))), stream_bits=stream,
        packet_beats=64,
    )  # fmt: skip


def _reach(strides, counts):
    spans = [s * (n - 1) for s, n in zip(strides, counts)]
    return sum(min(0, span) for span in spans), sum(max(0, span) for span in spans)


def _strides(draw, counts, room):
    """Strides that keep an address within `room` places, and the base that keeps it from falling below 0."""
    strides = []
    for i, n in enumerate(counts):
        stride = draw(st.integers(-2, 3))
        low, high = _reach([*strides, stride], counts[: i + 1])
        strides.append(stride if n == 1 or high - low < room else 0)
    low, high = _reach(strides, counts)
    return strides, -low + draw(st.integers(0, room - 1 - (high - low)))


def _counts(draw, most_rows):
    """Loops (count, reduce): rows stay within `most_rows`, steps within 64."""
    loops, rows, steps = [], 1, 1
    for _ in range(draw(st.integers(1, LOOPS))):
        reduce = draw(st.booleans())
        count = draw(st.integers(1, max(1, min(4, 64 // steps, 4 if reduce else most_rows // rows))))
        loops.append((count, reduce))
        steps, rows = steps * count, rows if reduce else rows * count
    return loops


def _dense(draw, loops, unit):
    """Strides that write rows of the outer loops side by side, in any order and direction; loops with stride 0
    overwrite. Returns strides, first place relative to the base, places, all in units."""
    strides, size = [0] * len(loops), unit
    order = draw(st.permutations([i for i, (_, reduce) in enumerate(loops) if not reduce]))
    backwards = 0
    for i in order:
        if draw(st.integers(0, 4)) == 0:
            continue
        count = loops[i][0]
        strides[i] = size
        if draw(st.booleans()):
            strides[i] = -size
            backwards += size * (count - 1)
        size *= count
    return strides, -backwards, size


@st.composite
def _lookup(draw, config, index, region, to_output, wild):
    """A record that reads `index` (first word, last word, blocks filled in the last) and writes dense groups from the
    start of `region` (first word, words). Returns the record and the positions written (first, number)."""
    per_row = config.groups_per_row
    capacity = region[1] * config.groups_per_word
    loops = _counts(draw, 8 if to_output else capacity // per_row)
    counts = [count for count, _ in loops]
    first_word, last_filled, filled = index
    words, _ = _strides(draw, counts, 32)
    low, _ = _reach(words, counts)
    offsets = [draw(st.integers(-1, 4)) for _ in range(config.ports)]
    last_word = draw(st.just(last_filled) | st.integers(first_word, last_filled))
    usable = (1 << (filled if last_word == last_filled else config.blocks)) - 1
    mask = usable & ~draw(st.just(0) | st.integers(0, usable))
    tables, table = _strides(draw, counts, config.table_rows // config.c)
    sums = [0 if reduce and not wild else draw(st.integers(0, 2)) for _, reduce in loops]
    while _reach(sums, counts)[1] >= config.accumulator_rows:
        sums[int(np.argmax(sums))] = 0
    channels, dests, record = [0] * len(loops), [0] * len(loops), {}
    written = (0, 0)
    if not to_output:
        room = min(config.constant_rows, config.codebook_rows) - per_row + 1
        channels, base = _strides(draw, counts, min(room, 4))
        dests, start, size = _dense(draw, loops, per_row)
        group = region[0] * config.groups_per_word
        record = {"constant": base, "codebook": base + draw(st.integers(0, 1)) * (config.codebook_rows >
                  base + _reach(channels, counts)[1] + per_row), "dest": group - start}  # fmt: skip
        written = (group, size)
    clamp = sorted(draw(st.tuples(st.integers(-128, 127), st.integers(-128, 127))))
    nest = tuple(Loop(n, reduce, *steps) for (n, reduce), *steps in zip(loops, words, tables, sums, channels, dests))
    return Lookup(
        nest, tuple(offsets), last_word, mask, index=first_word - low - min(offsets) + draw(st.integers(0, 2)),
        table=table, low=clamp[0], high=clamp[1], to_output=to_output, **record,
    ), written  # fmt: skip


@st.composite
def memory_images(draw, config, wild=False):
    """Valid memory images for a core.

    Args:
        wild: records may also read index words that nothing wrote in this image, and accumulators of earlier images:
            defined by the reference, but hardware begins with unknown contents.
    """
    half, gpw = config.index_words // 2, config.groups_per_word
    groups = draw(st.integers(gpw, half * gpw))
    codebooks = draw(st.integers(1, min(groups, config.codebook_rows)))
    records = [EncodeInput(groups, codebooks, draw(st.integers(0, config.codebook_rows - codebooks)), 0)]
    written, layers = (0, groups), draw(st.integers(1, config.program_rows - 1))
    for layer in range(layers):
        first, count = written
        words = -(-count // gpw)
        index = (first // gpw, first // gpw + words - 1, (count - (words - 1) * gpw) * config.encoders)
        region = (0 if layer % 2 else half, half)
        if wild:
            start = half if layer % 2 else 0
            index = (draw(st.integers(start, index[0])), start + half - 1, config.blocks)
        record, written = draw(_lookup(config, index, region, layer == layers - 1, wild))
        records.append(record)
    image = _fill(Program(tuple(records)), config, np.random.default_rng(draw(SEEDS)))
    image.validate(config)
    return image


def _fill(program, config, rng):
    """Random content for every word that a program uses."""
    lookups = [record for record in program.records if isinstance(record, Lookup)]
    encode = program.records[0]

    def rows(stream, record):
        counts = [loop.count for loop in record.loops]
        return _reach([getattr(loop, stream) for loop in record.loops], counts)[1]

    channels = [rows("channel", r) + config.groups_per_row for r in lookups if not r.to_output]
    inner = [r for r in lookups if not r.to_output]
    codebooks = max([encode.codebook + encode.codebooks, *(r.codebook + n for r, n in zip(inner, channels))])
    constants = max([1, *(r.constant + n for r, n in zip(inner, channels))])
    tables = max(r.table + rows("table", r) + 1 for r in lookups) * config.c
    steps = max(r.steps() for r in lookups)
    limit = min(127, ((1 << (config.acc_bits - 1)) - 1) // (steps * config.banks) - 1)  # no sum overflows
    shift = rng.integers(0, SHIFT_MAX + 1, (constants, config.group))
    useful = rng.random(shift.shape) < 0.8  # most results lie inside the clamp
    shift = np.where(useful, rng.integers(14, 22, shift.shape), shift)
    bias = np.where(useful, rng.integers(-(1 << 20), 1 << 20, shift.shape),
                    rng.integers(-(1 << (BIAS_BITS - 1)), 1 << (BIAS_BITS - 1), shift.shape))
    return MemoryImage(
        program, rng.integers(-128, 128, (codebooks, config.encoders, config.c, config.v)).astype(np.int8),
        rng.integers(-limit - 1, limit + 1, (config.banks, tables, config.lanes)).astype(np.int8),
        rng.integers(0, 1 << 15, shift.shape), bias, shift,
    )  # fmt: skip


@st.composite
def inputs(draw, image, config, most=4):
    """Input values int8 (images, values of a frame), extremes included."""
    rng = np.random.default_rng(draw(SEEDS))
    shape = (draw(st.integers(1, most)), image.program.input_groups * config.group)
    low, high = draw(st.sampled_from(((-128, 127), (-2, 2), (127, 127), (-128, -128))))
    return rng.integers(low, high + 1, shape).astype(np.int8)
