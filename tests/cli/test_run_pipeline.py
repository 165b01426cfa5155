"""`lutdla run` on pipelines."""

from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

import lutdla
from lutdla.cli import application
from lutdla.spec.pipeline import Input, Step
from tests.pipelines import two_parts

ONE = two_parts()
TWO = replace(ONE, inputs=(Input("x", (3, 10)), Input("y", (2, 3))), output="g",
              steps=(*ONE.steps, Step("g", "add", ("f", "y"))))  # fmt: skip
X = np.random.default_rng(0).integers(-100, 100, (4, 3, 10)).astype(np.float32)
Y = np.ones((4, 2, 3), np.float32)


@pytest.fixture
def call(tmp_path):
    def run(pipeline, inputs):
        path = pipeline.save(tmp_path / "net.lut")
        arguments = ["run", path, "--input", inputs, "--output", tmp_path / "y.npy"]
        return CliRunner().invoke(application(), [str(argument) for argument in arguments])

    return run


def test_one_input_of_an_npy_file(call, tmp_path):
    np.save(tmp_path / "x.npy", X)
    done = call(ONE, tmp_path / "x.npy")
    assert done.exit_code == 0, done.output
    assert "part second" in done.output
    with lutdla.open("emulator") as accelerator:
        np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), accelerator.load(ONE)(X))


def test_several_inputs_of_an_npz_file(call, tmp_path):
    np.savez(tmp_path / "x.npz", x=X, y=Y)
    done = call(TWO, tmp_path / "x.npz")
    assert done.exit_code == 0, done.output
    with lutdla.open("emulator") as accelerator:
        np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), accelerator.load(TWO)(X, Y))


def test_an_input_that_is_missing_is_named(call, tmp_path):
    np.savez(tmp_path / "x.npz", x=X)
    done = call(TWO, tmp_path / "x.npz")
    assert done.exit_code != 0
    assert "no .npz file with x, y" in str(done.exception or done.output)
