"""Recipes: a whole training as a TOML file, read into dataclasses. Every key that is not known is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from lutdla.errors import ConfigError
from lutdla.recipes import names, recipe_path
from lutdla.toml import tomllib

LARGEST_BITS = 64
"""Of a whole number."""

Table = dict[str, Any]
Made = TypeVar("Made")


@dataclass(frozen=True)
class DataSection:
    """`[data]`: the examples.

    Attributes:
        name: of `lutdla.data.load`; or
        function: "module:function" or "FILE.py:function" that returns (train inputs, train targets, test inputs, test
            targets), arrays or tensors.
        validation: share of the training examples that are kept aside to score each epoch; 0: the test examples score
            it, which early stop refuses.
        standardize: every feature of a table to mean 0 and deviation 1.
        shape: that each input is reshaped to.
        normal: class of what an autoencoder learns to reproduce: it trains on that class alone, and is scored by how
            well its errors tell the other classes from it (area under the ROC curve).
    """

    name: str | None = None
    function: str | None = None
    validation: float = 0.0
    standardize: bool = True
    shape: tuple[int, ...] | None = None
    normal: int | None = None


@dataclass(frozen=True)
class AugmentSection:
    """`[augment]`: see `lutdla.nn.boost.Augment`.

    Attributes:
        dense: whether the dense network is trained with it too.
    """

    flip: bool = False
    shift: int = 0
    dense: bool = True


@dataclass(frozen=True)
class TaskSection:
    """`[task]`: what is trained for.

    Attributes:
        kind: "classification", or "regression" (an autoencoder: targets are the inputs, unless data.function gives
            others).
        label_smoothing: of the classification.
    """

    kind: str = "classification"
    label_smoothing: float = 0.1


@dataclass(frozen=True)
class ModelSection:
    """`[model]`: the dense network.

    Attributes:
        name: of `lutdla.models.build`; or
        function: "module:function" or "FILE.py:function" that returns it; or
        file: a network of a .pt2, .onnx or .pt file (`lutdla.nn.load_model`).
        mean, std: when std is given, `lutdla.nn.Normalize(mean, std)` goes in front: pixels 0..255 need std = 255.
        options: what else the network's function takes.
    """

    name: str | None = None
    function: str | None = None
    file: str | None = None
    mean: float = 0.0
    std: float | None = None
    options: Table = field(default_factory=dict)


@dataclass(frozen=True)
class DenseSection:
    """`[dense]`: training of the dense network (`lutdla.nn.boost.fit_dense`), or a trained one.

    Attributes:
        checkpoint: state dict (.pt) to start from; with epochs = 0 it is the trained network.
        schedule, warmup: of the rate.
    """

    epochs: int = 30
    batch: int = 128
    rate: float = 3e-3
    weight_decay: float = 3e-2
    schedule: str = "cosine"
    warmup: float = 0.0
    checkpoint: str | None = None


@dataclass(frozen=True)
class ConvertSection:
    """`[convert]`: replacement (`lutdla.nn.convert`). v, c and metric are those of the core where there is one.

    Attributes:
        calibration: inputs that k-means sees.
        per_layer: layer name -> v, c, metric.
    """

    v: int | None = None
    c: int | None = None
    metric: str | None = None
    first: str | None = None
    iterations: int = 20
    calibration: int = 4096
    per_layer: Table = field(default_factory=dict)


@dataclass(frozen=True)
class StageSection:
    """`[[stages]]`: see `lutdla.nn.boost.Stage`.

    Attributes:
        techniques: of this stage alone: name -> settings.
    """

    name: str
    epochs: int
    centroid_rate: float = 0.0
    weight_rate: float = 0.0
    table_rate: float = 0.0
    dense_rate: float = 0.0
    table_decay: float = 1.0
    weight_decay: float = 0.0
    schedule: str = "cosine"
    warmup: float = 0.0
    batch: int | None = None
    techniques: Table = field(default_factory=dict)


@dataclass(frozen=True)
class OutputSection:
    """`[output]`: what is left behind.

    Attributes:
        folder: of all files; the working folder is its base.
        core: fields of CoreConfig as .json or .toml, as `lutdla compile --config` takes them: with it an artefact is
            made.
        every_steps: steps between two checkpoints; None: one each epoch.
    """

    folder: str
    core: str | None = None
    every_steps: int | None = None


@dataclass(frozen=True)
class Recipe:
    """A whole training.

    Attributes:
        seed: of everything random.
        batch: examples of a step of LUTBoost in one process.
        device: "cpu", "cuda", ...
        threads: of torch on the CPU; small networks are fastest with 1.
        techniques: of all stages: name -> settings; without the table, averaging alone.
        folder: of the file: paths of functions, models, cores and checkpoints start there.
    """

    data: DataSection
    model: ModelSection
    output: OutputSection
    task: TaskSection = TaskSection()
    augment: AugmentSection = AugmentSection()
    dense: DenseSection = DenseSection()
    convert: ConvertSection = ConvertSection()
    stages: tuple[StageSection, ...] = ()
    techniques: Table = field(default_factory=lambda: {"averaging": {}})
    seed: int = 0
    batch: int = 256
    device: str = "cpu"
    threads: int = 1
    folder: Path = field(default=Path(), metadata={"from_file": False})

    def __post_init__(self) -> None:
        for section, keys in (("data", ("name", "function")), ("model", ("name", "function", "file"))):
            given = [key for key in keys if getattr(getattr(self, section), key) is not None]
            if len(given) != 1:
                raise ConfigError(f"[{section}] has {' and '.join(given) or 'no source'}: give one of "
                                  f"{', '.join(keys)}")
        if not 0 <= self.data.validation < 1:
            raise ConfigError(f"[data] validation is {self.data.validation}: it is a share, 0 or more and less than 1")
        if self.task.kind == "regression" and (self.augment.flip or self.augment.shift):
            raise ConfigError("[augment] changes inputs and not what they should give: leave it out of a regression")
        if self.task.kind not in ("classification", "regression"):
            raise ConfigError(f"[task] kind is {self.task.kind!r}: use classification or regression")
        if self.data.normal is not None and (self.data.name is None or self.task.kind != "regression"):
            raise ConfigError("[data] normal is for an autoencoder of a named set: give data.name, and kind = "
                              "\"regression\" in [task]")


def read_recipe(name: Path | str) -> Recipe:
    """A recipe of a .toml file, or one that comes with lutdla, by its name (`lutdla.recipes.names`).

    Raises:
        ConfigError: no such file, no TOML, an unknown key, or a value of the wrong type: names the place.
    """
    path = recipe_path(name)
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:  # TOML that is wrong, too deep, or has endless numbers
        raise ConfigError(f"{path}: no recipe ({error}): give a TOML file, or one of "
                          f"{', '.join(names())}") from error
    try:
        _check_numbers(values, "the recipe")
        return from_table(Recipe, values, folder=path.parent)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def _check_numbers(value: Any, place: str) -> None:
    """Check that whole numbers are no larger than TOML has them: Python can neither show nor convert endless ones.

    Raises:
        ConfigError: one is.
    """
    if isinstance(value, int) and value.bit_length() > LARGEST_BITS:
        raise ConfigError(f"{place} is a number of {value.bit_length()} bits: at most {LARGEST_BITS} are read")
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        _check_numbers(inner, str(key))


def from_table(kind: type[Made], values: Mapping[str, Any], place: str = "", **more: Any) -> Made:
    """A dataclass of a table.

    Args:
        place: where the table is, for messages: "stages.0".
        more: fields that the table does not hold.

    Raises:
        ConfigError: a key is unknown or missing, or a value has the wrong type.
    """
    hints = get_type_hints(kind)
    known = {f.name: f for f in fields(kind) if f.init and f.metadata.get("from_file", True)}  # type: ignore[arg-type]
    where = f"[{place}] " if place else ""
    for key in values:
        if key not in known:
            raise ConfigError(f"{where}has no key {key!r}: known are {', '.join(known)}")
    for name, f in known.items():
        if name not in values and f.default is MISSING and f.default_factory is MISSING:
            raise ConfigError(f"{where}lacks {name!r}")
    made = {key: _value(hints[key], value, f"{place}.{key}" if place else key) for key, value in values.items()}
    return kind(**made, **more)


def _value(hint: Any, value: Any, place: str) -> Any:
    """A value checked against, and made of, the type that a field has."""
    choices = [choice for choice in get_args(hint) if choice is not type(None)]
    if type(None) in get_args(hint) and len(choices) == 1:
        hint = choices[0]
    if is_dataclass(hint) and isinstance(value, dict):
        return from_table(hint, value, place)  # type: ignore[arg-type]
    if get_origin(hint) is tuple and isinstance(value, list):
        return tuple(_value(get_args(hint)[0], item, f"{place}.{i}") for i, item in enumerate(value))
    plain = get_origin(hint) or hint
    if plain is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(plain, type) or not isinstance(value, plain) or (isinstance(value, bool) and plain is not bool):
        raise ConfigError(f"{place} is {value!r}: it must be {_NAMES.get(plain, 'a table')}")
    return value


_NAMES = {int: "a whole number", float: "a number", str: "a text", bool: "true or false", tuple: "a list"}
