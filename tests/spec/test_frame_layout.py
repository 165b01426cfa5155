from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lutdla.spec.config import CoreConfig
from lutdla.spec.frame_layout import FrameLayout
from tests.strategies import SEEDS, configs

CONFIG = CoreConfig()  # v=4, blocks=4, encoders=2


@st.composite
def layouts(draw, config):
    side = draw(st.sampled_from((1, 2, 3)))
    return FrameLayout(draw(st.integers(1, 7)), side * draw(st.integers(1, 4)), side * draw(st.integers(1, 4)),
                       draw(st.integers(1, config.v)), side)


def pixel_slices(layout, image, y, x):
    """Values of a pixel of the feature map by their definition, cut into slices: (subspaces, slice)."""
    side = layout.space_to_depth
    channels = [image[c, y * side + dy, x * side + dx] for c in range(layout.channels) for dy in range(side)
                for dx in range(side)]
    channels += [0] * (-len(channels) % layout.slice)
    return np.array(channels).reshape(-1, layout.slice)


@given(data=st.data(), seed=SEEDS)
def test_every_value_lies_where_the_core_reads_it(data, seed):
    config = data.draw(configs())
    layout = data.draw(layouts(config))
    values = np.random.default_rng(seed).integers(-128, 128, (2, layout.values)).astype(np.int8)
    frames = layout.arrange(values, config)
    assert frames.shape == (2, layout.groups(config) * config.group)
    _, height, width = layout.map_shape
    words = -(-layout.subspaces // config.blocks)
    assert layout.groups(config) == height * width * words * config.groups_per_word
    vectors = frames.reshape(2, height, width, words * config.blocks, config.v)  # one for each place of an index
    for image, placed in zip(values.reshape(2, layout.channels, layout.height, layout.width), vectors):
        for y in range(height):
            for x in range(width):
                expected = np.zeros((words * config.blocks, config.v), np.int8)
                slices = pixel_slices(layout, image, y, x)
                expected[: layout.subspaces, : layout.slice] = slices
                np.testing.assert_array_equal(placed[y, x], expected)


@given(data=st.data(), seed=SEEDS)
def test_inputs_come_back_from_their_frames(data, seed):
    config = data.draw(configs())
    layout = data.draw(layouts(config))
    values = np.random.default_rng(seed).integers(-128, 128, (3, layout.values)).astype(np.int8)
    np.testing.assert_array_equal(layout.restore(layout.arrange(values, config), config), values)


def test_a_flat_input_is_one_pixel():
    layout = FrameLayout(10)
    assert (layout.values, layout.subspaces, layout.groups(CONFIG)) == (10, 3, 2)
    frame = layout.arrange(np.arange(1, 11, dtype=np.int8)[None], CONFIG)
    assert frame.tolist() == [[*range(1, 11), *[0] * 6]]


@pytest.mark.parametrize(
    ("layout", "frame"),
    [
        (FrameLayout(3, 1, 2, slice=1), [[1, 0, 0, 0, 3, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0],
                                         [2, 0, 0, 0, 4, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0]]),
        (FrameLayout(1, 2, 4, space_to_depth=2), [[1, 2, 5, 6, *[0] * 12], [3, 4, 7, 8, *[0] * 12]]),
        (FrameLayout(3, 1, 2), [[1, 3, 5, *[0] * 13], [2, 4, 6, *[0] * 13]]),
    ],
    ids=["slices of one value", "space to depth", "a slice that is not full"],
)  # fmt: skip
def test_frames_by_hand(layout, frame):
    values = np.arange(1, layout.values + 1, dtype=np.int8)[None]
    np.testing.assert_array_equal(layout.arrange(values, CONFIG).reshape(2, 16), frame)


def test_a_pixel_takes_whole_words():
    assert FrameLayout(20, 2, 2).groups_per_pixel(CONFIG) == 4
    assert FrameLayout(20, 2, 2).groups_per_pixel(replace(CONFIG, encoders=4)) == 2
