"""Hostile model files: good ones, changed at every level, and what reading, loading and running them leads to."""

from __future__ import annotations

import json
import math
import struct
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from benchmarks.faults import CONFIG, artefacts
from benchmarks.fuzz_greedy import Contents, ask_for_much, change_type
from benchmarks.fuzz_watch import Peak, Watch
from lutdla.compiler.assemble import assemble
from lutdla.compiler.random_network import NetworkBuilder
from lutdla.errors import LutdlaError
from lutdla.faults.campaign import HangError, no_longer_than
from lutdla.runtime import open as open_target
from lutdla.spec import container
from lutdla.spec.artefact import Artefact
from lutdla.spec.pipeline import Input, Pipeline, Step, load_model
from lutdla.spec.rules import MAX_PROGRAM_STEPS

LIMIT_S = 20.0
"""A case that takes longer hangs."""

DTYPES = ("int8", "uint8", "int16", "int32", "int64", "float16", "float32", "float64", "bool")

PEAK_MIB, PEAK_SHARE = 640.0, 16.0
"""Memory that a case may take: so much, as the values of a pipeline with the largest inputs do, and so many times the
size of its file."""


def convolution() -> Any:
    """A small convolutional network: windows, padding, a pool."""
    builder = NetworkBuilder(CONFIG, (2, 4, 4))
    return assemble(builder.build(builder.conv("input", 4, 3, padding=1, pool=2), 5), CONFIG)


def pipeline() -> Pipeline:
    """Two parts with steps of the host between them."""
    first, second, _ = artefacts()
    widen = np.random.default_rng(0).normal(size=(10, 6)).astype(np.float32)
    return Pipeline(
        (Input("x", (3, 10)),),
        (
            Step("a", "lookup", ("x",), {"part": "first", "shape": [6]}),
            Step("b", "linear", ("a",), {}, {"weight": "w"}), Step("c", "tanh", ("b",)),
            Step("hundred", "scalar", (), {"value": 100}), Step("d", "mul", ("c", "hundred")),
            Step("e", "lookup", ("d",), {"part": "second", "shape": [2, 3]}), Step("f", "mean", ("e",), {"axes": [1]}),
        ),
        "f", {"w": widen}, {"first": first, "second": second},
    )  # fmt: skip


def good_files(folder: Path) -> list[Path]:
    """What is changed: networks with resident and with streamed tables, with windows, and a pipeline."""
    models = [*artefacts()[1:], convolution(), pipeline()]
    return [model.save(folder / f"good{i}.lut") for i, model in enumerate(models)]


# -- values ----------------------------------------------------------------------------------------------------------
def nasty(random: Random) -> Any:
    """A JSON value that nobody expects."""
    return random.choice((
        None, True, False, 0, 1, -1, 2, 255, 65535, 65536, 1 << 31, 1 << 32, -(1 << 31), 1 << 63, 1 << 64,
        -(1 << 63), 10**30, 0.5, -0.0, 1e308, float("nan"), float("inf"), "", "x", "x" * 5000, "\0",
        "../../../etc/passwd", "\ud800", [], {}, [[]], [0], [1] * 1000, [None], {"a": 1},
        random.getrandbits(random.randint(1, 70)), -random.getrandbits(16), random.random(),
    ))  # fmt: skip


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of all values in a JSON value."""
    found = [path]
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        found += _places(inner, (*path, key))
    return found


def change_json(value: Any, random: Random) -> Any:
    """A JSON value with something in it replaced, dropped, doubled or moved a little."""
    places = _places(value)[1:]
    if not places:
        return nasty(random)
    *outer, last = random.choice(places)
    holder = value
    for key in outer:
        holder = holder[key]
    action, old = random.randrange(5), holder[last]
    if action == 0:
        del holder[last]
    elif action == 1 and isinstance(holder, list):
        holder.insert(last, old)
    elif action == 2 and isinstance(old, int) and not isinstance(old, bool):
        holder[last] = old + random.choice((-2, -1, 1, 2, old, -2 * old))
    elif action == 3 and isinstance(holder, dict):
        holder[random.choice((str(last) + "x", "", "kind", "v"))] = nasty(random)
    else:
        holder[last] = nasty(random)
    return value


# -- changes of a file -------------------------------------------------------------------------------------------------
def change_bytes(content: bytes, random: Random) -> bytes:
    """Bits flipped, bytes cut, doubled, zeroed or added."""
    data = bytearray(content)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(data)) if data else 0
        size = random.choice((1, 4, 8, 100, 5000))
        action = random.randrange(6)
        if action == 0 and data:
            data[at] ^= 1 << random.randrange(8)
        elif action == 1:
            del data[at:]
        elif action == 2:
            del data[at : at + size]
        elif action == 3:
            data[at:at] = data[at : at + size]
        elif action == 4:
            data[at : at + size] = bytes(size)
        else:
            data[at:at] = random.randbytes(size)
    return bytes(data)


def change_safetensors(content: bytes, random: Random) -> bytes:
    """The header of the file format itself: sizes, types, shapes, places; sometimes deep, sometimes twice the same."""
    (size,) = struct.unpack("<Q", content[:8])
    header, rest = content[8 : 8 + size], content[8 + size :]
    action = random.randrange(6)
    if action == 0:
        stated = random.choice((0, 1, size - 1, size + 1, 1 << 31, 1 << 63, (1 << 64) - 1))
        return struct.pack("<Q", stated) + header + rest
    if action == 1:
        depth = random.choice((100, 5000, 100_000))
        text = b'{"a":' * depth + b"1" + b"}" * depth
    elif action == 2:
        text = header.replace(b'"mult"', b'"bias"', 1)
    elif action == 3:
        text = b"[" * random.choice((10, 100_000))
    else:
        text = json.dumps(change_json(json.loads(header), random)).encode()
    return struct.pack("<Q", len(text)) + text + rest


def change_header(contents: Contents, random: Random) -> Contents:
    """Our header, with a right digest: the checks behind it must hold."""
    kind, text, tensors = contents
    header = json.loads(text)
    for _ in range(random.randint(1, 3)):
        parts = header.get("parts") if isinstance(header, dict) else None
        if isinstance(parts, dict) and parts and random.random() < 0.6:
            name = random.choice(sorted(parts))
            if isinstance(parts[name], str) and parts[name].startswith("{"):  # not yet changed to something else
                parts[name] = json.dumps(change_json(json.loads(parts[name]), random))
                continue
        header = change_json(header, random)
    if random.random() < 0.02:
        return kind, "[" * random.choice((1000, 200_000)), tensors
    return kind, json.dumps(header), tensors


def change_tensors(contents: Contents, random: Random) -> Contents:
    """A tensor of other values, another type or shape, or none; with a right digest."""
    kind, text, tensors = contents
    tensors = dict(tensors)
    name = random.choice(sorted(tensors))
    array, draw = tensors[name], np.random.default_rng(random.getrandbits(32))
    action = random.randrange(7)
    if action == 0:
        del tensors[name]
    elif action == 1:
        with np.errstate(all="ignore"):
            tensors[name] = array.astype(random.choice(DTYPES))
    elif action == 2:
        tensors[name] = array.reshape(-1)
    elif action == 3:
        tensors[name] = array[: random.randint(0, len(array))] if array.ndim else array
    elif action == 4:
        tensors[name] = np.concatenate([array, array]) if array.ndim else array
    elif action == 5:
        raw = draw.integers(0, 256, array.nbytes, np.uint8)
        tensors[name] = raw.view(array.dtype).reshape(array.shape) if array.size else array
    else:
        tensors[random.choice((name + "x", "part/../x", "tensor/", "\n"))] = array
    return kind, text, tensors


CHANGES: tuple[Callable[..., Any], ...] = (
    change_bytes, change_safetensors, change_type, change_header, change_header, change_tensors, ask_for_much,
)  # fmt: skip


def asked_too_much(model: Artefact | Pipeline) -> str:
    """What a model that was read would have the core do beyond its limit, counted here anew; empty where it does not.

    Results alone do not show it: a program whose steps were miscounted was not checked, and may still run.
    """
    for part in model.parts.values() if isinstance(model, Pipeline) else (model,):
        steps = sum(math.prod(loop.count for loop in record.loops) for record in part.image.program.lookups)
        if steps > MAX_PROGRAM_STEPS:
            return f"a program of {steps} steps was read"
    return ""


class FileFuzzer:
    """Makes hostile files and uses them.

    Args:
        folder: for the files.
        seed: of everything that is drawn.

    Attributes:
        read: cases that were read without an error; run: those that also gave results.
        crashes: descriptions of what must not happen; the file of each is kept in the folder.
        peak_mib: the most memory that a case has taken.
        by_change: cases by the name of the change.
    """

    def __init__(self, folder: Path, seed: int = 0) -> None:
        self.folder, self.random = folder, Random(seed)
        self._good = [(path.read_bytes(), container.read(path)) for path in good_files(folder)]
        self.cases = self.read = self.run = 0
        self.peak_mib = 0.0
        self.crashes: list[str] = []
        self.by_change: Counter[str] = Counter()
        self._peak, self._watch = Peak(), Watch()
        for path in good_files(folder):  # what is imported when it is first needed is no fault of a file
            self.use(path)
        self.read = self.run = 0

    def make_one(self) -> None:
        """One case more."""
        cases = self.cases
        while self.cases == cases:
            self._try_one()

    def _try_one(self) -> None:
        """Make a file, if that is possible, and use it as a user would."""
        content, contents = self.random.choice(self._good)
        change = self.random.choice(CHANGES)
        path = self.folder / "case.lut"
        if change in (change_bytes, change_safetensors, change_type):
            path.write_bytes(change(content, self.random))
        else:
            kind, header, tensors = change(contents, self.random)
            try:
                container.write(path, kind, header, tensors)
            except (ValueError, TypeError, UnicodeError, LutdlaError):
                return  # not even the file can be made
        self.cases += 1
        self.by_change[change.__name__] += 1
        what = self._outcome(path)
        self.peak_mib = max(self.peak_mib, self._peak.mib)
        allowed = PEAK_MIB + PEAK_SHARE * path.stat().st_size / (1 << 20)
        if not what and self._peak.mib > allowed:
            what = f"it took {self._peak.mib:.0f} MiB, {allowed:.0f} are allowed"
        if what:
            kept = path.rename(self.folder / f"crash{len(self.crashes)}.lut")
            self.crashes.append(f"{kept.name} ({change.__name__}): {what}")

    def _outcome(self, path: Path) -> str:
        """What must not happen and did when a file was used; empty after a result or an error of lutdla."""
        what = ""
        try:
            with self._peak.measured(), self._watch.on(path), no_longer_than(LIMIT_S):
                what = self.use(path)
        except LutdlaError:
            pass
        except (Exception, HangError) as error:  # noqa: BLE001  # this is what is looked for
            return f"{type(error).__name__}: {str(error)[:200]}"
        return what or "; ".join(self._watch.seen[:3])

    def use(self, path: Path) -> str:
        """Read, load and run a file; returns what it has the core do beyond its limits.

        Raises:
            LutdlaError: as it may.
        """
        model = load_model(path)
        self.read += 1
        if too_much := asked_too_much(model):
            return too_much
        # host steps may overflow, as they would in torch
        with open_target("emulator") as accelerator, np.errstate(all="ignore"):
            network = accelerator.load(model)
            if isinstance(model, Pipeline):
                network(*(np.zeros((1, *entry.shape), entry.dtype) for entry in model.inputs))
            else:
                network(np.zeros((1, *model.input_shape), np.int8))
        self.run += 1
        return ""
