from dataclasses import replace

import numpy as np
import pytest

from lutdla.backends import BACKENDS
from lutdla.backends.emulator import EmulatorModel
from lutdla.backends.simulated import SimulatedBackend
from lutdla.compiler.assemble import assemble
from lutdla.compiler.random_network import random_network
from lutdla.errors import InputError
from lutdla.verify import Difference, compare, edge_vectors, make_vectors, reference_results, verify
from tests.strategies import TINY

NETWORK = assemble(random_network(TINY, (9, 8, 6)), TINY)


def test_edges_come_first_and_the_rest_is_random():
    edges, vectors = edge_vectors(NETWORK), make_vectors(NETWORK, 60, seed=1)
    np.testing.assert_array_equal(vectors[: len(edges)], edges)
    assert vectors.dtype == np.int8
    assert len(np.unique(vectors, axis=0)) > 45
    assert {-128, 127} <= set(edges.min(axis=1)) | set(edges.max(axis=1))
    np.testing.assert_array_equal(make_vectors(NETWORK, 3), edges[:3])


def test_vectors_depend_on_the_seed_only():
    np.testing.assert_array_equal(make_vectors(NETWORK, 40, 3), make_vectors(NETWORK, 40, 3))
    assert (make_vectors(NETWORK, 40, 3) != make_vectors(NETWORK, 40, 4)).any()


@pytest.mark.parametrize("vectors", [0, -1])
def test_at_least_one_vector(vectors):
    with pytest.raises(InputError, match=f"vectors is {vectors}: it must be 1 or more"):
        make_vectors(NETWORK, vectors)


def test_compare_counts_images_and_finds_the_first():
    expected = np.arange(12, dtype=np.int32).reshape(4, 3)
    found = expected.copy()
    found[[1, 1, 3], [2, 1, 0]] = -7
    result = compare("rtl", expected, found)
    assert (result.vectors, result.mismatches, result.first) == (4, 2, Difference(1, 1, 4, -7))
    assert compare("rtl", expected, expected).first is None


def test_verify_finds_a_wrong_reference():
    x = make_vectors(NETWORK, 5)
    expected = np.zeros((5, 6), np.int32)
    assert verify(NETWORK, "emulator", x, expected).mismatches > 0


class WrongTable(EmulatorModel):
    """A core whose first layer reads one table entry wrong: every row of bank 0 is off by 64 in lane 2."""

    def _decode_memories(self):
        memories = super()._decode_memories()
        tables = memories.tables.copy()
        rows = NETWORK.image.program.records[1].rows() * NETWORK.image.program.records[1].loops[-1].count * TINY.c
        tables[0, :rows, 2] ^= 64
        return replace(memories, tables=tables)


def test_verify_names_the_first_layer_that_differs(monkeypatch):
    monkeypatch.setitem(BACKENDS, "emulator", lambda config: SimulatedBackend("emulator", WrongTable(config)))
    x = make_vectors(NETWORK, 12)
    result = verify(NETWORK, "emulator", x, reference_results(NETWORK, x))
    assert result.mismatches > 0
    assert (result.first.layer, result.first.channel % TINY.lanes) == ("layer0", 2)
    assert abs(result.first.expected - result.first.found) % 64 == 0
