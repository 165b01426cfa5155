"""The compiled engine where `test_emulator` does not reach: many centroids, tiles, threads, plans that are not kept."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lutdla.backends import compiled_engine
from lutdla.backends.compiled_engine import CompiledEngine
from lutdla.backends.emulator import EmulatorModel
from lutdla.backends.vector_engine import VectorEngine
from lutdla.native.variants import load
from lutdla.reference import Reference
from lutdla.spec.config import METRICS, CoreConfig
from lutdla.spec.packets import load_packets
from tests.kernels import KERNELS
from tests.programs import Shape, random_image
from tests.strategies import SEEDS, TINY

COMPILED = KERNELS[1:]


def memories(config, image):
    model = EmulatorModel(config)
    model.send(b"".join(load_packets(image, config, 1)))
    model.step()
    return model._decode_memories()


def some(image, config, passes, seed=0):
    shape = passes * image.program.images, image.program.input_groups, config.group
    return np.random.default_rng(seed).integers(-128, 128, shape).astype(np.int8)


@given(seed=SEEDS, c=st.sampled_from((2, 8, 32, 64, 256)), v=st.sampled_from((1, 3, 4, 16)),
       metric=st.sampled_from(METRICS), name=st.sampled_from(COMPILED), lanes=st.sampled_from((1, 2, 3)))  # fmt: skip
@settings(max_examples=60)
def test_any_number_of_centroids(seed, c, v, metric, name, lanes):
    config = CoreConfig(
        v=v, c=c, metric=metric, ports=2, blocks=2, lanes=int(np.lcm(v, 2)) * lanes, encoders=1, table_rows=4 * c,
        index_words=32, accumulator_rows=4, constant_rows=16, codebook_rows=32, program_rows=4, window_rows=8,
        value_rows=64, packet_beats=512)  # fmt: skip
    image = random_image(config, np.random.default_rng(seed), Shape(3))
    values = some(image, config, 3, seed)
    found = CompiledEngine(config, memories(config, image), load(name)).run(values)
    np.testing.assert_array_equal(found, Reference(config, image).run(values.reshape(len(values), -1)))


@pytest.mark.parametrize("name", COMPILED)
@pytest.mark.parametrize("passes", [1, 63, 64, 65, 200])
@pytest.mark.parametrize("shape", [Shape(3), Shape(4, images=2, pieces=3)], ids=["resident", "streamed"])
def test_tiles_and_threads_give_what_numpy_gives(name, passes, shape, monkeypatch):
    image = random_image(TINY, np.random.default_rng(1), shape)
    found = memories(TINY, image)
    pieces = [[[rows] for rows in rows_of(image)]] * passes
    values = some(image, TINY, passes)
    expected = VectorEngine(TINY, found).run(values, pieces)
    for threads in ("1", "3"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        engine = CompiledEngine(TINY, found, load(name))
        np.testing.assert_array_equal(engine.run(values, pieces), expected)
        np.testing.assert_array_equal(engine.run(values, pieces), expected)


def rows_of(image):
    """The table rows of each piece, all of them in bank 0."""
    return [compiled_engine.TableRows(0, piece.row, np.ascontiguousarray(piece.tables[0]).tobytes())
            for piece in image.pieces]


@pytest.mark.parametrize("kept", [0, 20])
def test_plans_that_there_is_no_room_for_are_made_again(kept, monkeypatch):
    image = random_image(TINY, np.random.default_rng(2), Shape(4))
    found, values = memories(TINY, image), some(image, TINY, 70)
    expected = VectorEngine(TINY, found).run(values)
    monkeypatch.setattr(compiled_engine, "KEPT_BANKS", kept)
    engine = CompiledEngine(TINY, found, load(COMPILED[0]))
    for _ in range(2):
        np.testing.assert_array_equal(engine.run(values), expected)
    assert len(engine._planned) < len(image.program.lookups)
