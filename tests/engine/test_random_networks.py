"""Random convolutional networks, in both dataflows, on the Verilated core: kernels, strides, padding, channels, pools,
residuals, shortcuts, batches, under random stalls."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn

from lutdla.backends.emulator import EmulatorModel
from lutdla.backends.rtl import RtlModel
from lutdla.compiler import compile
from lutdla.compiler.assemble import assemble
from lutdla.compiler.evaluate import evaluate
from lutdla.compiler.misfit import Misfit
from lutdla.nn import convert, freeze
from lutdla.nn.train import logits
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
        v=4, c=2, metric="l2", ports=3, blocks=4, lanes=8, encoders=1, table_rows=512, index_words=512,
        accumulator_rows=32, constant_rows=64, codebook_rows=64, program_rows=64, window_rows=256, value_rows=256,
        stream_bits=128, packet_beats=64,
    ),
}  # fmt: skip
pytestmark = pytest.mark.timeout(600)


@pytest.mark.parametrize("config", CORES.values(), ids=CORES)
@settings(max_examples=24)
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


class Residual(nn.Module):
    """ResNet in small: a block with an identity shortcut, and one with a stride."""

    def __init__(self):
        super().__init__()
        self.stem, self.a, self.b = (nn.Conv2d(n, 8, 3, padding=1) for n in (3, 8, 8))
        self.c, self.d, self.e = nn.Conv2d(8, 12, 3, 2, 1), nn.Conv2d(12, 12, 3, padding=1), nn.Conv2d(8, 12, 1, 2)
        self.head = nn.Linear(12, 5)

    def forward(self, x):
        x = torch.relu(self.stem(x))
        x = torch.relu(self.b(torch.relu(self.a(x))) + x)
        x = torch.relu(self.d(torch.relu(self.c(x))) + self.e(x))
        return self.head(x.mean((2, 3)))


def test_a_network_with_a_v_for_each_map_computes_what_torch_does():
    """Maps that are added to each other are cut differently, and one core runs them all."""
    torch.manual_seed(0)
    config, x = CORES["3 ports, 2 groups a row"], torch.rand(60, 3, 6, 6)
    cuts = {"stem": 2, "a": 2, "b": 4, "c": 1, "e": 1, "d": 4, "head": 2}
    network = convert(Residual().eval(), x, v=4, c=2, metric=config.metric, iterations=2,
                      per_layer={name: {"v": v} for name, v in cuts.items()})
    freeze(network)
    expected = logits(network, x[:4]).numpy()
    assert len(np.unique(expected)) > 10
    for flow in ({}, {"dataflow": "stationary", "batch": 2}):
        artefact = compile(network, config, **flow)
        assert {record.encodings for record in artefact.image.program.lookups} == {1, 2, 4}
        frames = artefact.frames(artefact.quantize(x[:4].numpy()))
        model = RtlModel(config, 0.2, 1)
        try:
            for device in (EmulatorModel(config), model):
                check(device, artefact.image, frames, config)
                found = run(device, artefact.image, frames, config)
                np.testing.assert_array_equal(artefact.dequantize(found[:4, : artefact.outputs]), expected)
        finally:
            model.close()
