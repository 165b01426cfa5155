"""Guards of speed that do not depend on the machine: ratios of neighbouring runs, and counts of calls."""

import cProfile
import pstats
import time
from statistics import median

import numpy as np
import pytest
import torch

import lutdla
from benchmarks.layout import LAYOUT
from lutdla.compiler.assemble import assemble
from lutdla.compiler.random_network import random_network
from lutdla.compiler.topologies import topology
from lutdla.models.resnet import resnet8
from lutdla.native.variants import SWITCH
from lutdla.spec.config import CoreConfig
from tests.kernels import KERNELS


def seconds(work):
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def how_often(fast, slow, pairs):
    """How often the time of one call goes into that of another."""
    fast(), slow()
    return median(seconds(slow) / seconds(fast) for _ in range(pairs))


@pytest.fixture(scope="module")
def resnet():
    return assemble(topology("resnet8", LAYOUT), LAYOUT)


def images(artefact, count):
    return np.random.default_rng(0).uniform(-1, 1, (count, *artefact.input_shape)).astype(np.float32)


def test_resnet_8_is_emulated_faster_than_torch_runs_it_dense(resnet, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    x, dense = images(resnet, 128), resnet8().eval()
    tensor = torch.from_numpy(x)
    try:
        with lutdla.open("emulator", config=LAYOUT) as accelerator, torch.inference_mode():
            network = accelerator.load(resnet)
            assert how_often(lambda: network(x), lambda: dense(tensor), 7) > 1
    finally:
        torch.set_num_threads(before)


def test_compiled_kernels_are_many_times_faster_than_numpy(resnet, monkeypatch):
    x, calls = images(resnet, 16), {}
    for name in ("0", KERNELS[1]):
        monkeypatch.setenv(SWITCH, name)
        accelerator = lutdla.open("emulator", config=LAYOUT)
        network = accelerator.load(resnet)
        network(x)
        calls[name] = network
    assert how_often(lambda: calls[KERNELS[1]](x), lambda: calls["0"](x), 3) > 4


def calls_of(network, x):
    profile = cProfile.Profile()
    profile.enable()
    network(x)
    profile.disable()
    return pstats.Stats(profile).total_calls  # type: ignore[attr-defined]


@pytest.mark.parametrize("target", ["emulator", "pynq"])
def test_python_does_nothing_for_each_image(target):
    config = CoreConfig()
    artefact = assemble(random_network(config, (64, 32, 10)), config)
    with lutdla.open(target, config=config) as accelerator:
        network = accelerator.load(artefact)
        few, many = images(artefact, 2), images(artefact, 200)
        for x in (few, many):
            network(x)  # buffers are allocated
        assert calls_of(network, many) < 1.5 * calls_of(network, few)
