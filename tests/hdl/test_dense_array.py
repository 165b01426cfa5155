import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from myhdl import ResetSignal

from lutdla_hdl.dense_array import ACC_BITS, dense_array
from lutdla_hdl.interfaces import bits, flag
from tests.hdl.bench import pack, unpack
from tests.hdl.replay import RecordedBench, assert_verilog_agrees

ROWS, COLUMNS, DEPTH = 3, 4, 16


def make():
    clk, rst = flag(), ResetSignal(1, active=0, isasync=False)
    inputs = {"rst": rst, "write": flag(), "waddr": bits(4), "activations": bits(8 * ROWS),
              "weights": bits(8 * COLUMNS), "start": flag(), "steps": bits(5)}  # fmt: skip
    outputs = {"busy": flag(), "valid": flag(), "results": bits(ACC_BITS * COLUMNS)}
    return dense_array(clk, *inputs.values(), *outputs.values(), ROWS, COLUMNS, DEPTH), clk, inputs, outputs


def product(bench, inputs, outputs, a, w):
    """a (rows, k) times w (k, columns), by the array."""
    for k in range(a.shape[1]):
        inputs["write"].next, inputs["waddr"].next = True, k
        inputs["activations"].next, inputs["weights"].next = pack(a[:, k], 8), pack(w[k], 8)
        bench.step()
    inputs["write"].next, inputs["start"].next, inputs["steps"].next = False, True, a.shape[1]
    bench.step()
    inputs["start"].next = False
    found = []
    for _ in range(a.shape[1] + ROWS + 3):
        bench.step()
        if outputs["valid"]:
            found.insert(0, unpack(outputs["results"], ACC_BITS, COLUMNS))
    assert not outputs["busy"]
    return found


def operands(rng, k):
    return rng.integers(-128, 128, (ROWS, k)), rng.integers(-128, 128, (k, COLUMNS))


@settings(max_examples=6)
@given(seed=st.integers(0, 1 << 32), sizes=st.lists(st.integers(1, DEPTH), min_size=1, max_size=4))
def test_it_multiplies_matrices(seed, sizes):
    rng = np.random.default_rng(seed)
    made, clk, inputs, outputs = make()
    with RecordedBench(clk, made, inputs, outputs, reset=inputs["rst"]) as bench:
        for k in sizes:
            a, w = operands(rng, k)
            assert product(bench, inputs, outputs, a, w) == (a @ w).tolist()


@pytest.mark.parametrize("extreme", [(-128, -128), (-128, 127)])
def test_its_verilog_does_too(extreme, tmp_path):
    rng = np.random.default_rng(1)
    made, clk, inputs, outputs = make()
    with RecordedBench(clk, made, inputs, outputs, reset=inputs["rst"]) as bench:
        largest = np.full((ROWS, 5), extreme[0]), np.full((5, COLUMNS), extreme[1])
        for a, w in (operands(rng, DEPTH), operands(rng, 1), largest):
            assert product(bench, inputs, outputs, a, w) == (a @ w).tolist()
    assert_verilog_agrees(bench, make()[0], tmp_path, lambda row: outputs if row["valid"] else ("busy", "valid"))
