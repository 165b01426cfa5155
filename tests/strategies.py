"""Hypothesis strategies: configurations, memory images with programs that no compiler wrote, and inputs.

What `memory_images` leaves out (unless `wild`) are programs whose result depends on what an earlier pass left in the
core.
"""

import numpy as np
from hypothesis import strategies as st

from lutdla.spec.config import METRICS, CoreConfig
from tests.convolutions import convolution
from tests.programs import Shape, random_image

TINY = CoreConfig(
    v=2, c=4, ports=2, blocks=2, lanes=4, encoders=1, table_rows=64, index_words=16, accumulator_rows=4,
    constant_rows=16, codebook_rows=32, program_rows=8, window_rows=16, value_rows=16, packet_beats=32,
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
    ports, rows = draw(st.sampled_from((1, 2, 3, 4, 9))), draw(st.sampled_from((8, 8 + 1, 8 + 2, 8 + 4, 16)))
    deep = 0 if rows in (8, 16) else draw(st.integers(0, (ports * blocks + 1) // 2))
    return CoreConfig(
        v=v, c=c, metric=draw(st.sampled_from(METRICS)), ports=ports, blocks=blocks, lanes=lanes, encoders=encoders,
        table_rows=c * rows, deep_banks=deep,
        index_words=max(8, _power_of_two_from(6 * groups // per_word)),
        accumulator_rows=draw(st.sampled_from((2, 4, 8))),
        constant_rows=max(8, _power_of_two_from(groups + 2)), codebook_rows=max(16, _power_of_two_from(groups + 4)),
        program_rows=draw(st.sampled_from((2, 4, 8))), window_rows=draw(st.sampled_from((2, 8, 16))),
        value_rows=max(2, _power_of_two_from(groups * draw(st.sampled_from((1, 4))))),
        acc_bits=draw(st.sampled_from((18, 24, 32))), stream_bits=stream, packet_beats=64,
    )  # fmt: skip


@st.composite
def memory_images(draw, config, wild=False):
    """Valid memory images for a core: see `tests.programs.Shape` for `wild`."""
    lookups = draw(st.integers(1, config.program_rows - 1))
    images = draw(st.integers(1, min(3, lookups)))
    pieces = draw(st.sampled_from([n for n in (0, 2, 3, 4) if n <= lookups]))
    return random_image(config, np.random.default_rng(draw(SEEDS)), Shape(lookups, images, pieces, wild))


@st.composite
def convolutions(draw, config):
    """Valid memory images with convolutional programs as a compiler lays them out: see `tests.convolutions`."""
    rng = np.random.default_rng(draw(SEEDS))
    images = (convolution(config, rng) for _ in range(500))
    return next(image for image in images if image is not None)


@st.composite
def inputs(draw, image, config, most=3):
    """Input values int8 (images, values of a frame) of at most `most` passes, extremes included."""
    rng = np.random.default_rng(draw(SEEDS))
    shape = (draw(st.integers(1, most)) * image.program.images, image.program.input_groups * config.group)
    low, high = draw(st.sampled_from(((-128, 127), (-2, 2), (127, 127), (-128, -128))))
    return rng.integers(low, high + 1, shape).astype(np.int8)
