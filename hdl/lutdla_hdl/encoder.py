"""The encoders (LUT-DLA's CCM): nearest centroid of a slice of v values.

    slice, codebook row --> c x v coordinate terms --> c distances --> tree of comparisons --> index
                             difference, term           sum or max      lowest index wins ties

One slice each cycle, never stalls. Latency from `Groups` to index: `latency(config)` cycles.
The metric decides the term (square or absolute difference) and how terms are joined (sum or maximum); see
`lutdla.nn.metrics` for the same objects in torch and numpy.
"""

from __future__ import annotations

from typing import Any

from myhdl import ConcatSignal, always, always_comb, block, instances

from lutdla.spec.config import CoreConfig
from lutdla_hdl.delay import delay, delay_flag
from lutdla_hdl.interfaces import Encoded, Groups, LoadBus, bits, named, signed_bits
from lutdla_hdl.l1_distance import l1_distance
from lutdla_hdl.memory import chunk_signals, loaded_ram


def latency(config: CoreConfig) -> int:
    """Cycles from a group to its indices: codebook read, difference, term, distance, comparisons."""
    return 4 + config.index_bits


@block
def coordinate(clk: Any, x: Any, centroid: Any, term: Any, metric: str) -> Any:
    """One coordinate of a distance, two registers: (x - centroid) squared (l2) or absolute (l1, chebyshev)."""
    difference = signed_bits(9)

    @always(clk.posedge)
    def subtract():
        difference.next = x.signed() - centroid.signed()

    if metric == "l2":

        @always(clk.posedge)
        def shape():
            term.next = difference * difference

    else:

        @always(clk.posedge)
        def shape():
            if difference < 0:
                term.next = -difference
            else:
                term.next = difference

    return instances()


@block
def first_term(term: Any, joined: Any) -> Any:
    """`joined` = `term`."""

    @always_comb
    def copy():
        joined.next = term

    return copy


@block
def add_term(before: Any, term: Any, joined: Any) -> Any:
    """`joined` = sum of both."""

    @always_comb
    def add():
        joined.next = before + term

    return add


@block
def larger_term(before: Any, term: Any, joined: Any) -> Any:
    """`joined` = the larger of both."""

    @always_comb
    def choose():
        if term > before:
            joined.next = term
        else:
            joined.next = before

    return choose


@block
def centroid_distance(clk: Any, x: Any, centroid: Any, distance: Any, config: CoreConfig) -> Any:
    """Distance of the slice `x` to one `centroid` (both v bytes), 3 cycles."""
    if config.metric == "l1" and config.v >= 3:
        whole = named(l1_distance(clk, x, centroid, distance, config.v), "l1")
        return whole
    terms = [bits(16 if config.metric == "l2" else 8) for _ in range(config.v)]
    joined = [bits(len(distance)) for _ in range(config.v)]
    join = larger_term if config.metric == "chebyshev" else add_term
    coordinates = [
        named(coordinate(clk, x(8 * i + 8, 8 * i), centroid(8 * i + 8, 8 * i), term, config.metric), f"coordinate{i}")
        for i, term in enumerate(terms)
    ]
    start = named(first_term(terms[0], joined[0]), "join0")
    chain = [named(join(joined[i - 1], terms[i], joined[i]), f"join{i}") for i in range(1, config.v)]
    out = named(delay(clk, joined[-1], distance, 1), "out")
    return coordinates, start, chain, out


@block
def nearer(
    clk: Any, left: Any, right: Any, least: Any, left_index: Any, right_index: Any, index: Any, level: int
) -> Any:
    """The smaller of two distances and its index, registered; the left (lower) index wins ties.

    `level`: 0 where the inputs are centroids: the indices are then constants and `left_index` is not used.
    """
    if level == 0:

        @always(clk.posedge)
        def choose():
            if right < left:
                least.next = right
                index.next = 1
            else:
                least.next = left
                index.next = 0

    else:
        offset = 1 << level

        @always(clk.posedge)
        def choose():
            if right < left:
                least.next = right
                index.next = right_index + offset
            else:
                least.next = left
                index.next = left_index

    return choose


@block
def nearest(clk: Any, distances: list[Any], index: Any) -> Any:
    """`index` of the least of c distances, log2 c cycles later."""
    level, values, found, number, nodes = 0, list(distances), [None] * len(distances), 0, []
    while len(values) > 1:
        half = len(values) // 2
        least = [bits(len(distances[0])) for _ in range(half)]
        at = [index] if half == 1 else [bits(level + 1) for _ in range(half)]
        for k in range(half):
            made = nearer(
                clk, values[2 * k], values[2 * k + 1], least[k], found[2 * k], found[2 * k + 1], at[k], level
            )
            nodes.append(named(made, f"nearer{number}"))
            number += 1
        level, values, found = level + 1, least, at
    return nodes


@block
def encoder(clk: Any, load: LoadBus, groups: Groups, number: int, index: Any, config: CoreConfig) -> Any:
    """Encoder `number`: encodes its slice of every group with its bank of codebooks."""
    low, size = number * config.v * 8, config.v * 8
    row = chunk_signals(config, "codebook")
    store = named(loaded_ram(clk, load, None, groups.codebook, row, config, "codebook", number), "codebooks")
    joined = ConcatSignal(*reversed(row)) if len(row) > 1 else row[0]
    word, x = bits(size * config.c), bits(size)

    @always_comb
    def gather():
        # a signal of its own: MyHDL converts slices of a concatenation to nothing
        word.next = joined

    wait = named(delay(clk, groups.data(low + size, low), x, 1), "slice")
    distances = [bits(config.distance_bits) for _ in range(config.c)]
    centroids = [
        named(
            centroid_distance(clk, x, word(size * (j + 1), size * j), distances[j], config), f"centroid{j}"
        )
        for j in range(config.c)
    ]
    choose = named(nearest(clk, distances, index), "nearest")
    return instances()


@block
def encoders(clk: Any, rst: Any, load: LoadBus, groups: Groups, encoded: Encoded, config: CoreConfig) -> Any:
    """All encoders: `encoded` follows `groups` after `latency(config)` cycles, one group each cycle.

    Groups that are not to be encoded come out too, so that what enters and what leaves can be counted.
    """
    found = [bits(config.index_bits) for _ in range(config.encoders)]
    units = [named(encoder(clk, load, groups, e, found[e], config), f"encoder{e}") for e in range(config.encoders)]
    flow = named(delay_flag(clk, rst, groups.valid, encoded.valid, latency(config)), "flow")
    beside = ConcatSignal(groups.dest, groups.from_input, groups.encode)
    beside_late = bits(len(beside))
    wait = named(delay(clk, beside, beside_late, latency(config)), "beside")
    joined = ConcatSignal(*reversed(found)) if len(found) > 1 else found[0]
    indices, dest, encode, from_input = encoded.indices, encoded.dest, encoded.encode, encoded.from_input

    @always_comb
    def gather():
        indices.next = joined
        encode.next = beside_late[0]
        from_input.next = beside_late[1]
        dest.next = beside_late[:2]

    return units, flow, wait, gather
