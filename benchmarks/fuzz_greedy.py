"""Small model files that ask for much: what random changes hardly ever make, each at and around a limit."""

from __future__ import annotations

import json
import struct
from random import Random
from typing import Any

import numpy as np

Contents = tuple[str, str, dict[str, Any]]
"""Kind, header and tensors of a file."""

TYPES = ("BF16", "F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "F4", "F6_E2M3", "F6_E3M2", "C64",
         "BOOL", "U8", "I8", "I16", "F64", "I4", "")  # fmt: skip
"""Types of the file format, of which numpy does not have all; and two that it does not know."""


def change_type(content: bytes, random: Random) -> bytes:
    """A tensor of another type of the file format."""
    (size,) = struct.unpack("<Q", content[:8])
    header, rest = json.loads(content[8 : 8 + size]), content[8 + size :]
    name = random.choice(sorted(name for name in header if name != "__metadata__"))
    header[name]["dtype"] = random.choice(TYPES)
    if random.random() < 0.3:  # no values: any number of them is then as good
        header[name].update(shape=[0, random.choice((1, 1 << 31, 1 << 62))], data_offsets=[0, 0])
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + rest


def ask_for_much(contents: Contents, random: Random) -> Contents:
    """One of `GREEDY`, done to a network, or to a part of a pipeline, or to the pipeline; with a right digest."""
    kind, text, tensors = contents
    header, tensors = json.loads(text), dict(tensors)
    if "parts" not in header:
        random.choice(GREEDY)(header, tensors, "", random)
    elif random.random() < 0.5:
        random.choice(GREEDY_PIPELINE)(header, random)
    else:
        name = random.choice(sorted(header["parts"]))
        part = json.loads(header["parts"][name])
        random.choice(GREEDY)(part, tensors, f"part/{name}/", random)
        header["parts"][name] = json.dumps(part)
    return kind, json.dumps(header), tensors


def nested(depth: int, random: Random) -> Any:
    """Lists or objects in one another."""
    value: Any = 0
    in_lists = random.random() < 0.5
    for _ in range(depth):
        value = [value] if in_lists else {"a": value}
    return value


def _depth(random: Random) -> int:
    return random.choice((90, 98, 99, 100, 101, 102, 150, random.randint(90, 800)))


# -- networks ----------------------------------------------------------------------------------------------------------
def _many_steps(header: dict[str, Any], tensors: dict[str, Any], prefix: str, random: Random) -> None:
    """Records that compute nothing, of loops whose counts multiply to anything: also to 2^64 and more."""
    records, many = header["program"], random.random() < 0.7
    last = records[-1]
    counts = random.choices((1 << 14, 1 << 13, (1 << 14) + 1, 1 << 40) if many else (1, 2, 16),
                            k=random.randint(2, 6) if many else random.randint(1, 3))  # fmt: skip
    still = dict.fromkeys(last["loops"][0], 0)
    loops = [still | {"count": count, "reduce": random.random() < 0.8, "pool": False} for count in counts]
    idle = last | {"loops": loops, "finish": False, "to_output": False, "wait_input": False, "free_input": False,
                   "wait_tables": False, "free_tables": False}  # fmt: skip
    if random.random() < 0.5:
        idle |= {"table": random.randrange(1 << 16), "index": random.randrange(1 << 16)}
    records[-1:] = [idle] * random.choice((1, 1, 2, 10)) + [last]
    header["config"]["program_rows"] = 256


def _many_windows(header: dict[str, Any], tensors: dict[str, Any], prefix: str, random: Random) -> None:
    """A window tensor that is too long or too wide."""
    rows, columns = tensors[f"{prefix}windows"].shape
    more = random.choice((1, 1000, 200_000))
    shape = (rows + more, columns) if random.random() < 0.5 else (1, columns + 5 * more)
    tensors[f"{prefix}windows"] = np.zeros(shape, np.int32)


def _many_pieces(header: dict[str, Any], tensors: dict[str, Any], prefix: str, random: Random) -> None:
    """Pieces without rows, or with fewer than none."""
    header["pieces"] += [[random.randint(-5, 70), random.choice((0, -1, 1, 1 << 40))]] * random.choice((1, 2, 5000))


def _deep_provenance(header: dict[str, Any], tensors: dict[str, Any], prefix: str, random: Random) -> None:
    """What is kept unread, nested about as deep as may be."""
    header["provenance"] = {"a": nested(_depth(random), random)}


def _large_core(header: dict[str, Any], tensors: dict[str, Any], prefix: str, random: Random) -> None:
    """The deepest memories that a core can have."""
    deepest = {"table_rows": 1 << 16, "index_words": 1 << 15, "accumulator_rows": 1 << 12, "constant_rows": 1 << 12,
               "codebook_rows": 1 << 12, "program_rows": 256, "window_rows": 1 << 10, "value_rows": 1 << 15,
               "packet_beats": 1 << 11}  # fmt: skip
    for name in random.sample(sorted(deepest), random.randint(1, len(deepest))):
        header["config"][name] = deepest[name] << random.choice((0, 0, 0, 1))


GREEDY = (_many_steps, _many_steps, _many_windows, _many_pieces, _deep_provenance, _large_core)


# -- pipelines ---------------------------------------------------------------------------------------------------------
def _many_inputs(header: dict[str, Any], random: Random) -> None:
    """Inputs that each are small enough."""
    size = random.choice((1, 1 << 20, 1 << 23, 1 << 24))
    names = [f"more{i}" for i in range(random.randint(2, 40))]
    header["inputs"] += [{"name": name, "shape": [size], "dtype": "float32"} for name in names]


def _deep_pipeline(header: dict[str, Any], random: Random) -> None:
    """Provenance or attributes, nested about as deep as may be."""
    place = header if random.random() < 0.5 else random.choice(header["steps"])
    place["provenance" if place is header else "attributes"]["a"] = nested(_depth(random), random)


GREEDY_PIPELINE = (_many_inputs, _deep_pipeline)
