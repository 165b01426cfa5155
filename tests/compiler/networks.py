"""Hypothesis strategies: cores and random networks of every kind of layer, and how their programs are checked."""

import numpy as np
from hypothesis import strategies as st

from lutdla.compiler.random_network import NetworkBuilder
from lutdla.spec.config import METRICS, CoreConfig
from tests.strategies import SEEDS


@st.composite
def cores(draw):
    """Cores with few ports and lanes, so that small networks take several steps, tiles and records."""
    v, blocks = draw(st.sampled_from((1, 2, 4))), draw(st.sampled_from((1, 2, 4)))
    encoders = draw(st.sampled_from([e for e in (1, 2, 4) if e <= blocks]))
    lanes = int(np.lcm(encoders * v, 4)) * draw(st.sampled_from((1, 2)))
    c = draw(st.sampled_from((2, 4)))
    return CoreConfig(
        v=v, c=c, metric=draw(st.sampled_from(METRICS)), ports=draw(st.sampled_from((1, 2, 3, 4, 9))), blocks=blocks,
        lanes=lanes, encoders=encoders, table_rows=1 << 12, index_words=1 << 12, accumulator_rows=64,
        constant_rows=256, codebook_rows=256, program_rows=128, window_rows=512, value_rows=1 << 11, packet_beats=64,
    )  # fmt: skip


@st.composite
def networks(draw, config, most_layers=4):
    """Networks of a few small layers: kernels, strides, padding, pools, averages, shortcuts and residuals, in one or
    two dimensions or none."""
    shape = (draw(st.integers(1, 9)), *draw(st.sampled_from(((), (5,), (4, 4), (6, 5), (9, 3)))))
    depth = 2 if len(shape) == 3 and shape[1:] == (4, 4) and draw(st.booleans()) else 1
    net = NetworkBuilder(config, shape, slice=draw(st.integers(1, config.v)), space_to_depth=depth, seed=draw(SEEDS))
    at, earlier = "input", []
    for _ in range(draw(st.integers(0, most_layers - 1))):
        name = draw(layers(net, at, earlier, config))
        earlier.append(at)
        at = name
    return net.build(at, draw(st.integers(1, 9)), average=draw(st.booleans()))


@st.composite
def layers(draw, net, source, earlier, config):
    """Add a layer that fits; returns the name of its map."""
    origin = net.maps[source]
    size = (origin.height, origin.width)
    average = tuple(draw(st.integers(1, 2)) if s > 3 else 1 for s in size) if draw(st.integers(0, 3)) == 0 else (1, 1)
    kernel, padding, stride, out = [], [], [], []
    for extent in (s // a for s, a in zip(size, average)):
        pad = draw(st.integers(0, 2)) if extent > 1 else 0
        k = draw(st.integers(1, min(4, extent + 2 * pad))) if extent > 1 else 1
        kernel.append(k)
        padding.append(min(pad, k - 1))
        stride.append(draw(st.integers(1, 2)) if extent > 1 else 1)
        out.append((extent + 2 * padding[-1] - k) // stride[-1] + 1)
    channels = draw(st.integers(1, 11))
    kind = draw(st.sampled_from(("plain", "plain", "pool", "residual", "shortcut")))
    options = {}
    if kind == "pool":
        options["pool"] = tuple(draw(st.integers(1, min(3, n))) for n in out)
        options["pool_stride"] = tuple(draw(st.integers(1, 2)) for _ in out)
    same = [name for name in (*earlier, source) if name != "input"
            and (net.maps[name].height, net.maps[name].width) == tuple(out)]
    if kind == "residual" and same:
        options["residual"] = draw(st.sampled_from(same))
        channels = net.maps[options["residual"]].channels
    masked = any(((n - 1) * s + 1) * a > extent for n, s, a, extent in zip(out, stride, average, size))
    if kind == "shortcut" and not masked:
        apart = draw(st.integers(1, 2))
        wide = [name for name in (*earlier, source) if (net.maps[name].height - 1) // apart + 1 >= out[0]
                and (net.maps[name].width - 1) // apart + 1 >= out[1]]
        if wide:
            options |= {"shortcut": draw(st.sampled_from(wide)), "shortcut_stride": apart}
    low = 0 if channels % config.v else None
    finer = [v for v in range(1, config.v) if config.v % v == 0 and config.metric != "chebyshev"]
    return net.conv(source, channels, tuple(kernel), stride=tuple(stride), padding=tuple(padding), average=average,
                    low=low, v=draw(st.sampled_from((None, *finer))),
                    c=draw(st.sampled_from((None, max(2, config.c // 2)))), **options)


@st.composite
def dataflows(draw):
    """Arguments of `assemble`."""
    return {"dataflow": draw(st.sampled_from(("auto", "resident", "stationary"))),
            "batch": draw(st.sampled_from((None, 1, 2, 3)))}  # fmt: skip


def images(network, count, seed=0):
    """Quantized inputs (count, values), extremes included."""
    values = int(np.prod(network.input_shape))
    x = np.random.default_rng(seed).integers(-128, 128, (count, values)).astype(np.int8)
    x[0] = -128 if count > 1 else x[0]
    return x
