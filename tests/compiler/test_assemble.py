"""Assembled programs against layers evaluated one by one, and what the pass refuses."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lutdla.compiler.assemble import assemble
from lutdla.compiler.random_network import random_network
from lutdla.errors import CompileError
from lutdla.reference import encode, requantize
from lutdla.spec.config import CoreConfig
from lutdla.verify import make_vectors, reference_results
from tests.strategies import SEEDS, TINY, configs


def evaluate(network, x, metric):
    """One input (values,) through the layers, with no core in mind: raw results of the last layer."""
    for i, layer in enumerate(network.layers):
        s, _, v = layer.codebooks.shape
        padded = np.zeros(s * v, np.int64)
        padded[: len(x)] = x
        books = layer.codebooks.astype(np.int64)
        index = [encode(part, book, metric) for part, book in zip(padded.reshape(s, v), books)]
        acc = sum(layer.tables[j, index[j]].astype(np.int64) for j in range(s))  # (N,)
        if i == len(network.layers) - 1:
            return acc
        x = requantize(acc, layer.mult, layer.bias, layer.shift, layer.low, layer.high)
    raise AssertionError("a network has layers")


def roomy(config):
    """The same core with memories for any small network."""
    return CoreConfig(**config.to_dict() | {"table_rows": 1 << 14, "index_words": 256, "constant_rows": 128,
                                            "codebook_rows": 512, "program_rows": 8})  # fmt: skip


@given(config=configs(), sizes=st.lists(st.integers(1, 40), min_size=2, max_size=5), seed=SEEDS)
def test_a_program_computes_what_its_layers_compute(config, sizes, seed):
    config = roomy(config)
    network = random_network(config, tuple(sizes), seed)
    artefact = assemble(network, config)
    x = make_vectors(artefact, 20, seed)[[0, 1, -2, -1]]
    expected = [evaluate(network, row.astype(np.int64), config.metric) for row in x]
    np.testing.assert_array_equal(reference_results(artefact, x), expected)


@given(sizes=st.lists(st.integers(1, 24), min_size=2, max_size=4), seed=SEEDS)
def test_a_network_fits_what_it_requires(sizes, seed):
    try:
        artefact = assemble(random_network(TINY, tuple(sizes), seed), TINY)
    except CompileError:
        assume(False)
    assert all(need <= getattr(TINY, name) for name, need in artefact.requires().items())
    artefact.check_fits(TINY)


def test_layers_and_provenance_are_named():
    artefact = assemble(random_network(TINY, (10, 8, 6)), TINY, {"by": "hand"})
    assert artefact.layers == ("input", "layer0", "layer1")
    assert artefact.provenance == {"by": "hand"}
    assert (artefact.input_shape, artefact.outputs) == ((10,), 6)


def changed(**fields):
    """A network whose first layer differs."""
    network = random_network(TINY, (10, 7, 6))
    return replace(network, layers=(replace(network.layers[0], **fields), network.layers[1]))


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (random_network(replace(TINY, c=8), (10, 6)), "layer layer0: trained with v=2, c=8, this core has v=2, c=4"),
        (replace(changed(), layers=(changed().layers[0], random_network(TINY, (10, 6)).layers[0])),
         "layer layer0: takes 10 values, layer layer0 gives 7: they must agree"),
        (changed(low=1), "layer layer0: 7 outputs are filled up to a multiple of v=2 with 0, which its clamp 1.."),
        (random_network(TINY, (10, 8, 8, 8, 6)), r"program needs 5 records.*program_rows=4.*record 1 = layer0"),
        (random_network(TINY, (64, 32)), "table"),
    ],
)
def test_what_cannot_be_laid_out_is_named(network, message):
    with pytest.raises(CompileError, match=message):
        assemble(network, TINY)


def test_sums_that_do_not_fit_the_accumulators_are_named():
    network = random_network(TINY, (64, 4))
    small = CoreConfig(**TINY.to_dict() | {"acc_bits": 12, "table_rows": 256, "codebook_rows": 64, "index_words": 32})
    with pytest.raises(CompileError, match=r"layer layer0: sums reach \d+, acc_bits=12 holds 2047: use acc_bits=1[34]"):
        assemble(network, small)
