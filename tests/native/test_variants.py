"""Compiled kernels: there, chosen for the processor, and left out where a user wants that."""

import ctypes

import pytest

from lutdla.backends.compiled_engine import CompiledEngine
from lutdla.backends.emulator import EmulatorModel
from lutdla.backends.vector_engine import VectorEngine
from lutdla.native import variants as kernels
from lutdla.native.variants import SWITCH, VARIANTS, library, load, variant
from lutdla.spec.packets import load_packets, run_packets
from tests.kernels import KERNELS, kernel
from tests.networks import two_layers
from tests.strategies import TINY


def test_installing_compiled_the_kernels():
    assert "baseline" in KERNELS
    assert library() is not None


def test_the_fastest_that_the_processor_can_run_is_used(monkeypatch):
    monkeypatch.delenv(SWITCH, raising=False)
    assert variant() == KERNELS[1]
    assert [name for name in VARIANTS if name in KERNELS] == KERNELS[1:]


@pytest.mark.parametrize("name", KERNELS)
def test_the_switch_chooses(name):
    with kernel(name):
        assert variant() == ("numpy" if name == "0" else name)


@pytest.mark.parametrize("name", KERNELS)
def test_the_emulator_uses_what_is_chosen(name):
    image, model = two_layers().image, EmulatorModel(TINY)
    frames = two_layers().frames(two_layers().quantize([[0.0] * 10]))
    with kernel(name):
        model.send(b"".join(load_packets(image, TINY, 1)) + run_packets(frames, image, TINY))
        model.step()
    assert isinstance(model._engine, VectorEngine if name == "0" else CompiledEngine)


def test_without_libraries_numpy_computes(monkeypatch, tmp_path):
    monkeypatch.delenv(SWITCH, raising=False)
    monkeypatch.setattr(kernels, "FOLDER", tmp_path / "empty")
    assert (library(), variant()) == (None, "numpy")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "baseline.abi3.so").write_bytes(b"built for another machine")
    monkeypatch.setattr(kernels, "FOLDER", tmp_path / "broken")
    assert (library(), variant()) == (None, "numpy")


def test_a_library_that_the_processor_cannot_run_is_passed_over(monkeypatch, tmp_path):
    class Unsupported:
        def supported(self):
            return 0

    monkeypatch.setattr(ctypes, "CDLL", lambda path: Unsupported())
    (tmp_path / "avx512.abi3.so").touch()
    assert load("avx512", tmp_path) is None
