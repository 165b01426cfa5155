from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lutdla.errors import InputError
from lutdla.runtime.quantize import quantize
from tests.kernels import KERNELS, kernel
from tests.networks import two_layers

NETWORK = two_layers()
LARGE = {"allow_nan": False, "allow_infinity": False, "width": 32}


@given(data=st.data(), name=st.sampled_from(KERNELS), scale=st.sampled_from((1 / 255, 0.5, 1.0, 3e-7, 1e20)),
       zero=st.integers(-128, 127), images=st.integers(0, 3))  # fmt: skip
def test_any_values_are_quantized_as_the_artefact_says(data, name, scale, zero, images):
    artefact = replace(NETWORK, input_scale=scale, input_zero_point=zero)
    kind = data.draw(st.sampled_from(("float32", "uint8", "float64", "int16", "int8", ">f4")))
    elements = st.floats(**LARGE) if "f" in kind else None
    x = data.draw(arrays.arrays(np.dtype(kind), (images, 10), elements=elements))
    with np.errstate(over="ignore"), kernel(name):
        found = quantize(artefact, x)
        np.testing.assert_array_equal(found, artefact.quantize(x))
    assert found.dtype == np.int8


@pytest.mark.parametrize("name", KERNELS)
def test_halves_go_to_the_even_neighbour_and_large_arrays_are_whole(name):
    x = np.linspace(-200, 200, 40_010, dtype=np.float32).round(1).reshape(-1, 10)
    artefact = replace(NETWORK, input_scale=1.0, input_zero_point=0)
    with kernel(name):
        np.testing.assert_array_equal(quantize(artefact, x), np.clip(np.rint(x), -128, 127))


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("at", [(0, 0), (399, 9)])
def test_values_that_are_not_finite_are_named(name, value, at):
    x = np.zeros((400, 10), np.float32)
    x[at] = value
    with kernel(name), pytest.raises(InputError, match="input holds NaN or infinity"):
        quantize(NETWORK, x)


def test_a_view_is_quantized_like_a_copy():
    x = np.random.default_rng(0).uniform(-2, 2, (10, 7)).astype(np.float32)
    np.testing.assert_array_equal(quantize(NETWORK, x.T), NETWORK.quantize(x.T.copy()))
