"""The constants of `lutdla.spec.hazards`, measured on the Verilated core: records overlap as far as they say."""

import numpy as np
import pytest

from lutdla.backends.rtl import RtlModel
from lutdla.reference import Reference
from lutdla.spec.hazards import LAUNCH_GAP, write_latency
from lutdla.spec.memory import MemoryImage
from lutdla.spec.packets import load_packets
from lutdla.spec.program import EncodeInput, Lookup, Loop, Program
from lutdla.spec.window import Port, Window
from tests.hdl.cores import POOL, load, read, run, send, write

CORES = pytest.mark.parametrize("config", POOL.values(), ids=POOL)
SLACK = 8
"""Cycles by which the bound may exceed what is measured: it counts no coincidences of one configuration."""
pytestmark = pytest.mark.timeout(600)


def made(config, between, drain, seed, encodings=1):
    """A program that writes an index word, `encodings` times, makes `between` steps, and sends what it looks up in that
    word."""
    rng, per_row = np.random.default_rng(seed), config.groups_per_row
    written = config.index_words // 2
    window = Window((Port(blocks=(1 << config.blocks) - 1), *(Port(),) * (config.ports - 1)))
    records = (
        EncodeInput(config.groups_per_word, 1),
        Lookup((Loop(),), codebook=1, dest=written * config.groups_per_word, wait_input=True,
               encodings=encodings, codebooks=1),
        Lookup((Loop(between),), finish=False, drain=drain, free_input=True),
        Lookup((Loop(),), index=written, to_output=True, drain=drain),
    )
    codebooks = rng.integers(-128, 128, (encodings + per_row, config.encoders, config.c, config.v)).astype(np.int8)
    tables = rng.integers(-128, 128, (config.banks, config.c, config.lanes)).astype(np.int8)
    shape = per_row, config.group
    return MemoryImage(Program(records), codebooks, tables, np.full(shape, 1 << 14), np.zeros(shape, np.int64),
                       np.full(shape, 15), (window,))


def right(config, between, seed, values, encodings):
    """Whether a program that does not drain gives the reference's results."""
    image, model = made(config, between, False, seed, encodings), RtlModel(config)
    send(model, b"".join(load_packets(image, config, 1)))
    found = run(model, image, values, config)
    model.close()
    return found.tolist() == Reference(config, made(config, between, True, seed, encodings)).run(values).tolist()


@pytest.mark.parametrize("encodings", [1, 3])
@CORES
def test_rows_arrive_when_hazards_say_so(config, encodings):
    values = np.random.default_rng(2).integers(-128, 128, (12, config.groups_per_word * config.group)).astype(np.int8)
    telling = (seed for seed in range(99)
               if len(np.unique(Reference(config, made(config, 1, True, seed, encodings)).run(values), axis=0)) > 1)
    seed, bound = next(telling), write_latency(config) + (encodings - 1) * config.groups_per_row
    fits = [between for between in range(1, bound + 1) if right(config, between, seed, values, encodings)]
    least = fits[0] + 1 + 2 * LAUNCH_GAP  # cycles from the step that ends the row to the one that reads it
    assert fits == list(range(fits[0], bound + 1))
    assert least <= bound <= least + SLACK


@CORES
def test_records_follow_each_other_without_delay(config):
    image, between = made(config, 100, True, 0), 100
    model = RtlModel(config)
    load(model, image, config)
    run(model, image, np.zeros((1, config.groups_per_word * config.group), np.int8), config)
    write(model, "PROFILE_ROW", ROW=2)
    drained = read(model, "PROFILE_CYCLES")
    model.close()
    model, image = RtlModel(config), made(config, between, False, 0)
    send(model, b"".join(load_packets(image, config, 1)))
    run(model, image, np.zeros((1, config.groups_per_word * config.group), np.int8), config)
    write(model, "PROFILE_ROW", ROW=2)
    assert read(model, "PROFILE_CYCLES") == between + LAUNCH_GAP < drained
    model.close()
