"""Every program computes what its network does: random networks, cores, dataflows and batches."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lutdla.compiler.assemble import assemble
from lutdla.compiler.evaluate import evaluate
from lutdla.compiler.misfit import Misfit
from lutdla.reference import Reference
from lutdla.spec.config import CoreConfig
from tests.compiler.networks import cores, dataflows, images, networks
from tests.strategies import SEEDS


def results(artefact, x):
    """The reference's results of quantized inputs (images, values), and the reference."""
    reference = Reference(artefact.config, artefact.image)
    return reference.run(artefact.frames(x))[: len(x), : artefact.outputs], reference


@settings(max_examples=150)
@given(data=st.data(), config=cores(), flow=dataflows(), seed=SEEDS)
def test_a_program_computes_what_its_network_does(data, config, flow, seed):
    network = data.draw(networks(config))
    try:
        artefact = assemble(network, config, **flow)
    except Misfit:
        if flow["dataflow"] != "stationary":
            raise
        assume(False)  # one small table cannot be streamed in two halves
    x = images(network, 4, seed)
    np.testing.assert_array_equal(results(artefact, x)[0], evaluate(network, x, config.metric))
    assert flow["dataflow"] != "stationary" or artefact.image.pieces
    assert flow["batch"] in (None, artefact.image.program.images)


@settings(max_examples=60)
@given(data=st.data(), config=cores(), rows=st.sampled_from((2, 3, 4, 6, 8, 12)),
       batch=st.sampled_from((None, 1, 2, 3)))
def test_small_cores_stream_what_does_not_fit(data, config, rows, batch):
    small = CoreConfig(**config.to_dict() | {"table_rows": rows * config.c, "accumulator_rows": 32})
    network = data.draw(networks(small))
    try:
        artefact = assemble(network, small, batch=batch)
    except Misfit:
        assume(False)
    x = images(network, 3)
    np.testing.assert_array_equal(results(artefact, x)[0], evaluate(network, x, small.metric))
