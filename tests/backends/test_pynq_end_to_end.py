"""From artefact to results through the runtime, the real pynq classes, the emulated board and the emulated core."""

import numpy as np
import pytest

from lutdla.backends.emulator import EmulatorModel
from lutdla.compiler.assemble import assemble
from lutdla.compiler.random_network import random_network
from lutdla.emulation import emulated_board
from lutdla.errors import CoreError, DeadlineError
from lutdla.reference import Reference
from lutdla.runtime.accelerator import Accelerator
from lutdla.spec import CoreConfig
from lutdla.spec.packets import Kind, packet, run_packets

CONFIGS = [
    CoreConfig(),
    CoreConfig(metric="l1", ports=9, blocks=2, lanes=8, encoders=1),
    CoreConfig(metric="chebyshev", v=2, c=8, ports=2, lanes=32, encoders=4),
    CoreConfig(stream_bits=128, c=32, ports=3),
]


def made(config, seed=0):
    artefact = assemble(random_network(config, (40, 24, 10), seed), config)
    images = np.random.default_rng(seed).integers(-128, 128, (7, 40)).astype(np.int8)
    return artefact, images


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_results_equal_the_reference(config):
    artefact, images = made(config)
    with Accelerator("pynq", emulated_board(EmulatorModel(config), config)) as accelerator:
        for _ in range(2):
            network = accelerator.load(artefact)
            expected = artefact.dequantize(Reference(config, artefact.image).run(artefact.frames(images)))
            assert np.array_equal(network(images), expected)


def test_every_buffer_is_free_after_use():
    artefact, images = made(CONFIGS[0])
    backend = emulated_board(EmulatorModel(CONFIGS[0]), CONFIGS[0])
    ddr = backend.overlay.device.ddr
    with Accelerator("pynq", backend) as accelerator:
        accelerator.load(artefact)(images)
        assert ddr.buffers
    assert not ddr.buffers


def test_a_run_that_starves_names_dma_and_core_and_the_device_stays_usable():
    config = CONFIGS[0]
    artefact, images = made(config)
    with Accelerator("pynq", emulated_board(EmulatorModel(config), config), timeout_s=20) as accelerator:
        network = accelerator.load(artefact)
        core = accelerator.core()
        outgoing, incoming = core.backend.allocate(1 << 13), core.backend.allocate(1 << 13)
        header_only = packet(config, Kind.BEGIN, address=1)  # taken, but gives no result
        outgoing[: len(header_only)] = np.frombuffer(header_only, np.uint8)
        with pytest.raises(DeadlineError, match=(
            r"DMA MM2S \(to the core\): idle \(CR 0x00000003.*S2MM \(from the core\): busy, no whole result frame has "
            r"come \(TLAST missing\) for the buffer of 64 bytes.*Core: STATUS 0x"
        )):  # fmt: skip
            core.exchange("testing", outgoing[: len(header_only)], incoming[:64], 0.2)
        network = accelerator.load(artefact)
        assert len(network(images)) == 7


def test_a_damaged_packet_is_refused_by_the_core_and_a_small_buffer_by_the_dma():
    config = CONFIGS[0]
    artefact, images = made(config)
    with Accelerator("pynq", emulated_board(EmulatorModel(config), config), timeout_s=20) as accelerator:
        network = accelerator.load(artefact)
        core = accelerator.core()
        frame = np.frombuffer(run_packets(artefact.frames(images), artefact.image, config), np.uint8)
        outgoing, incoming = core.backend.allocate(len(frame)), core.backend.allocate(1 << 13)
        outgoing[:] = frame
        with pytest.raises(CoreError, match="the core sent more than the buffer holds") as caught:
            core.exchange("testing", outgoing, incoming[:64], 5.0)
        assert caught.value.code == "DMA"
        outgoing[0] ^= 1
        with pytest.raises(CoreError, match="MAGIC") as caught:
            core.exchange("testing", outgoing, incoming, 5.0)
        assert caught.value.code == "MAGIC"
        expected = artefact.dequantize(Reference(config, artefact.image).run(artefact.frames(images)))
        assert np.array_equal(network(images), expected)
