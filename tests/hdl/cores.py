"""The cores that the hardware tests share (so that each is converted and built once), and how they are driven."""

import numpy as np

from lutdla.compiler.assemble import assemble
from lutdla.compiler.random_network import random_network
from lutdla.reference import Reference
from lutdla.spec.config import CoreConfig
from lutdla.spec.packets import load_packets, memory_crcs, run_packets, unpack_results
from lutdla.spec.registers import BY_NAME, MEMORY_CRCS
from tests.strategies import TINY

POOL = {
    "tiny l2": TINY,
    "v4 c16 l1, 4 ports": CoreConfig(
        v=4, c=16, metric="l1", ports=4, blocks=1, lanes=4, encoders=1, table_rows=144, index_words=32,
        accumulator_rows=4, constant_rows=16, codebook_rows=32, program_rows=8, acc_bits=18, packet_beats=64,
    ),
    "v3 c8 chebyshev, 128 bits": CoreConfig(
        v=3, c=8, metric="chebyshev", ports=1, blocks=4, lanes=12, encoders=2, table_rows=64, index_words=16,
        accumulator_rows=4, constant_rows=16, codebook_rows=16, program_rows=8, window_rows=8, value_rows=64,
        stream_bits=128, packet_beats=64,
    ),
    "v1 c2 l2, 9 ports": CoreConfig(
        v=1, c=2, metric="l2", ports=9, blocks=2, lanes=8, encoders=2, table_rows=32, index_words=16,
        accumulator_rows=8, constant_rows=16, codebook_rows=16, program_rows=4, acc_bits=32, packet_beats=64,
    ),
    "v8 c4 l1, group of 2 beats": CoreConfig(
        v=8, c=4, metric="l1", ports=3, blocks=2, lanes=16, encoders=2, table_rows=64, index_words=8,
        accumulator_rows=2, constant_rows=8, codebook_rows=8, program_rows=16, value_rows=2, packet_beats=128,
    ),
}  # fmt: skip
"""They differ in every field that decides a layout."""

STEPS = 20_000
"""Calls of `step` after which a model is taken to be stuck."""


def telling_network(config, sizes, images):
    """A random network whose results differ from image to image (in many, a hidden layer saturates), and the images.

    Returns:
        memory image, values (images, values of a frame), results (images, rows * lanes)
    """
    for number in range(300):
        image = assemble(random_network(config, sizes, number), config).image
        shape = images, image.program.input_groups * config.group
        values = np.random.default_rng(number).integers(-128, 128, shape).astype(np.int8)
        results = Reference(config, image).run(values)
        if len(np.unique(results, axis=0)) == images:
            return image, values, results
    raise AssertionError(f"no random network of {sizes} tells {images} images apart on ({config})")


def read(model, name):
    """A register by name."""
    return model.read_register(BY_NAME[name].offset)


def fields(model, name):
    """A register's fields by name."""
    return BY_NAME[name].decode(read(model, name))


def write(model, name, **values):
    """Write a register by name and fields."""
    model.write_register(BY_NAME[name].offset, BY_NAME[name].encode(**values))


def send(model, frame):
    """Send a frame and wait until the core has taken it."""
    model.send(frame)
    for _ in range(STEPS):
        if model.sent():
            return
        model.step()
    raise AssertionError(f"the frame was not taken: status {fields(model, 'STATUS')}, error {fields(model, 'ERROR')}")


def load(model, image, config, number=1):
    """Load a memory image and check that all of it arrived."""
    send(model, b"".join(load_packets(image, config, number)))
    for _ in range(STEPS):
        if fields(model, "STATUS")["LOADED"]:
            break
        assert read(model, "ERROR") == 0
        model.step()
    assert read(model, "MODEL") == number
    assert {m: read(model, name) for m, name in MEMORY_CRCS.items()} == memory_crcs(image, config)


def run(model, image, values, config):
    """Raw results (images, rows * lanes) of a run."""
    model.send(run_packets(values, image, config))
    for _ in range(STEPS):
        frame = model.receive()
        if frame is not None:
            return unpack_results(frame, len(values), config)
        model.step()
    raise AssertionError(f"no result frame: status {fields(model, 'STATUS')}, error {fields(model, 'ERROR')}")


def recover(model):
    """What a driver does after a failure: stop the core, then the DMA, then what came on its way meanwhile."""
    write(model, "CONTROL", SOFT_RESET=1)
    model.reset_streams()
    write(model, "CONTROL", SOFT_RESET=1, CLEAR_ERROR=1)


def check(model, image, values, config):
    """Load, run, and compare results and counters with the reference."""
    write(model, "CONTROL", CLEAR_COUNTERS=1)
    load(model, image, config)
    reference = Reference(config, image)
    expected = reference.run(values)
    found = run(model, image, values, config)
    assert found.tolist() == expected.tolist()
    for _ in range(STEPS):
        if not fields(model, "STATUS")["BUSY"]:
            break
        model.step()
    assert read(model, "ERROR") == 0
    assert read(model, "IMAGES") == len(values)
    assert read(model, "LOOKUPS") == reference.lookups & 0xFFFFFFFF
    assert read(model, "PADDING") == reference.padding & 0xFFFFFFFF
