from dataclasses import replace

import numpy as np
import pytest

from lutdla.backends import BACKENDS
from lutdla.backends.emulator import EmulatorModel
from lutdla.backends.simulated import SimulatedBackend
from lutdla.errors import InputError
from lutdla.verify import Difference, compare, edge_vectors, make_vectors, reference_results, verify
from tests.networks import random_artefact, two_layers
from tests.programs import Shape
from tests.strategies import TINY

NETWORK = two_layers()
STREAMED = random_artefact(TINY, Shape(5, images=2, pieces=3))


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


class Wrong(EmulatorModel):
    """A core that reads some table rows wrong: those of `where` (bank, rows, lane) are off by 64."""

    where = 0, slice(None), 0

    def _decode_memories(self):
        memories = super()._decode_memories()
        bank, rows, lane = self.where
        tables = memories.tables.copy()
        tables[bank, rows, lane] ^= 64
        return replace(memories, tables=tables)


class WrongPieces(EmulatorModel):
    """A core that writes all streamed table rows wrong."""

    def _take_rows(self, payload, *where):
        super()._take_rows(memoryview(bytes(byte ^ 64 for byte in payload)), *where)


def located(monkeypatch, artefact, core):
    """What `verify` finds on a wrong core."""
    monkeypatch.setitem(BACKENDS, "emulator", lambda config: SimulatedBackend("emulator", core(config)))
    x = make_vectors(artefact, 13)
    return verify(artefact, "emulator", x, reference_results(artefact, x))


@pytest.mark.parametrize(("rows", "layer"), [(slice(0, 16), "layer0"), (slice(16, 24), "layer1")])
def test_verify_names_the_first_layer_that_differs(monkeypatch, rows, layer):
    result = located(monkeypatch, NETWORK, type("WrongHere", (Wrong,), {"where": (0, rows, 2)}))
    assert result.mismatches > 0
    assert (result.first.layer, result.first.channel % TINY.lanes) == (layer, 2)
    assert abs(result.first.expected - result.first.found) % 64 == 0


def test_verify_locates_in_programs_of_several_images_and_pieces(monkeypatch):
    result = located(monkeypatch, STREAMED, WrongPieces)
    assert result.mismatches > 0
    assert 0 <= result.first.image < 13
    first = next(i for i, record in enumerate(STREAMED.image.program.lookups, start=1) if record.wait_tables)
    assert STREAMED.layers.index(result.first.layer) >= first


def test_edges_lie_on_and_between_centroids():
    frames = NETWORK.frames(edge_vectors(NETWORK)[-4:]).reshape(4, 6, 2)
    codebooks = NETWORK.image.codebooks[:6, 0].astype(int)  # (groups, c, v)
    for group in range(5):  # the sixth is not part of the input
        first, last = codebooks[group, 0], codebooks[group, -1]
        expected = [first, last, (first + last) // 2, codebooks[group].sum(axis=0) // 4]
        assert frames[:, group].tolist() == [row.tolist() for row in expected]
