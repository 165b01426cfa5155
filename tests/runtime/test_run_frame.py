"""What goes to the core, against the packets as the specification joins them."""

from dataclasses import replace

import numpy as np
import pytest

from lutdla.runtime.run_frame import RunFrame
from lutdla.spec.packets import HEADER, run_bytes, run_parts
from lutdla.verify import make_vectors
from tests.networks import random_artefact
from tests.packets import trailers_crc
from tests.programs import Shape
from tests.strategies import TINY

CORES = {
    "filled beats": replace(TINY, v=4, encoders=2, lanes=8),
    "part of a beat": TINY,
    "no divisor of a beat": replace(TINY, v=3, lanes=6),
    "two beats": replace(TINY, v=8, lanes=16, encoders=2),
    "wide stream": replace(TINY, stream_bits=128, v=4, lanes=4),
}


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("shape", [Shape(3), Shape(4, images=2), Shape(5, images=2, pieces=3)])
@pytest.mark.parametrize("passes", [1, 3])
def test_a_frame_is_the_packets_of_its_images(core, shape, passes):
    config, count = CORES[core], passes * shape.images
    artefact = random_artefact(config, shape)
    buffer = np.full(run_bytes(artefact.image, config, count) + 5, 0xA5, np.uint8)
    frame = RunFrame(buffer, artefact, config, count)
    for images in (count, max(1, count - shape.images + 1), count):  # filled again and again, and not always up
        values = make_vectors(artefact, images)
        frame.fill(values)
        filled_up = np.concatenate([values, np.repeat(values[-1:], count - images, axis=0)])
        parts = run_parts(artefact.frames(filled_up), artefact.image, config)
        assert frame.bytes.tobytes() == b"".join(parts)
        assert frame.crc() == trailers_crc(parts, config)
    assert (buffer[len(frame.bytes) :] == 0xA5).all()


def test_only_images_and_their_sums_change():
    artefact = random_artefact(TINY, Shape(5, images=2, pieces=3))
    frame = RunFrame(np.zeros(run_bytes(artefact.image, TINY, 4), np.uint8), artefact, TINY, 4)
    filled = []
    for seed in (0, 1):
        frame.fill(np.random.default_rng(seed).integers(-128, 128, (4, artefact.layout.values)).astype(np.int8))
        filled.append(frame.bytes.copy())
    changed = np.flatnonzero(filled[0] != filled[1])
    inside = np.zeros(len(filled[0]), bool)
    for _, at, count in frame._inputs:
        inside[at + HEADER.size :][: count * frame._frame_bytes + 4] = True
    assert len(changed)
    assert inside[changed].all()


@pytest.mark.parametrize("images", [1, 3])
def test_the_frame_is_the_buffer(images):
    artefact = random_artefact(TINY, Shape(3))
    buffer = np.zeros(run_bytes(artefact.image, TINY, images), np.uint8)
    frame = RunFrame(buffer, artefact, TINY, images)
    assert frame.bytes.base is buffer
    frame.fill(make_vectors(artefact, images))
    assert buffer.any()
