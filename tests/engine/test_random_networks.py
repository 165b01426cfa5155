"""Random convolutional networks, in both dataflows, on the Verilated core: kernels, strides, padding, channels, pools,
residuals, shortcuts, batches, under random stalls."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lutdla.backends.emulator import EmulatorModel
from lutdla.backends.rtl import RtlModel
from lutdla.compiler.assemble import assemble
from lutdla.compiler.evaluate import evaluate
from lutdla.compiler.misfit import Misfit
from lutdla.spec.config import CoreConfig
from tests.compiler.networks import dataflows, images, networks
from tests.hdl.cores import check, run

CORES = {
    "9 ports": CoreConfig(
        v=2, c=4, metric="l1", ports=9, blocks=2, lanes=4, encoders=2, table_rows=768, deep_banks=4, index_words=768,
        accumulator_rows=32, constant_rows=64, codebook_rows=64, program_rows=64, window_rows=256, value_rows=256,
        packet_beats=64,
    ),
    "3 ports, 2 groups a row": CoreConfig(
        v=4, c=2, metric="chebyshev", ports=3, blocks=4, lanes=8, encoders=1, table_rows=512, index_words=512,
        accumulator_rows=32, constant_rows=64, codebook_rows=64, program_rows=64, window_rows=256, value_rows=256,
        stream_bits=128, packet_beats=64,
    ),
}  # fmt: skip
pytestmark = pytest.mark.timeout(600)


@pytest.mark.parametrize("config", CORES.values(), ids=CORES)
@settings(max_examples=60)
@given(data=st.data(), flow=dataflows(), stall=st.sampled_from((0.0, 0.2, 0.6)), seed=st.integers(0, 999))
def test_core_emulator_and_network_agree(config, data, flow, stall, seed):
    network = data.draw(networks(config))
    try:
        artefact = assemble(network, config, **flow)
    except Misfit:
        assume(False)
    x = images(network, 4, seed)
    expected = evaluate(network, x, config.metric)
    frames = artefact.frames(x)
    model, emulator = RtlModel(config, stall, seed), EmulatorModel(config)
    try:
        for device in (emulator, model):
            check(device, artefact.image, frames, config)  # against the reference, with its counters
            found = run(device, artefact.image, frames, config)
            np.testing.assert_array_equal(found[: len(x), : artefact.outputs], expected)
    finally:
        model.close()
