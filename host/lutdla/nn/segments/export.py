"""Pass: torch model with converted parts -> pipeline: parts as artefacts, all other nodes as host operations."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, fx, nn

from lutdla.errors import CompileError, InputError
from lutdla.nn.graph import place
from lutdla.nn.segments.capture import Inputs
from lutdla.nn.segments.emit import BATCH, Emitter, Ref, Refusal
from lutdla.nn.segments.functions import FUNCTIONS, METHODS
from lutdla.nn.segments.lookups import PartCompiler, lookup
from lutdla.nn.segments.modules import MODULES
from lutdla.nn.segments.part import LUTPart, parts_of
from lutdla.runtime.steps import check_steps
from lutdla.spec.config import CoreConfig
from lutdla.spec.pipeline import Input, Pipeline

TRIALS = (2, 3)
"""Batch sizes that the model is run with: a number that differs between them is the batch size, or made of it."""


def export_pipeline(model: nn.Module, example: Inputs, config: CoreConfig | Mapping[str, CoreConfig],
                    provenance: Mapping[str, Any] | None = None, *, sequences: bool = True,
                    **options: Any) -> Pipeline:
    """One pipeline of a model whose converted parts are frozen.

    Args:
        model: what `convert_parts` returned, trained and frozen.
        example: inputs of the model, one or more: their shapes and types, without the batch, become the pipeline's.
        config: the core that all parts are for, or one for each part by name.
        provenance: JSON values to keep with it.
        sequences: parts take many positions of a sequence (of (batch, positions, values), or what a
            convolution reads) in one input of the core, as many as it can hold: their tables are streamed once for all
            of them. False: one position at a time.
        options: of `lutdla.compiler.compile` for each part: dataflow, batch.

    Raises:
        CompileError: a node that the host has no operation for, a part that is not frozen or does not fit the core:
            names it and the fix.
        InputError: the examples do not fit the model.
    """
    names = parts_of(model)
    if not names:
        raise CompileError(f"model {type(model).__name__} has no converted parts: use lutdla.nn.segments.convert_parts")
    for name in names:
        if isinstance(config, Mapping) and name not in config:
            raise InputError(f"config has no core for part {name}: it has {', '.join(config)}")
    training = model.training
    model.eval()
    try:
        inputs = _named(model, example)
        traced = _trace(model, inputs)
        with torch.no_grad():
            runs = [_run(traced, {name: _resized(tensor, size) for name, tensor in inputs.items()}) for size in TRIALS]
        parts = PartCompiler(model, config, options, sequences)
        emit, output = _emit(traced, *runs, parts)
    finally:
        model.train(training)
    given = tuple(Input(name, tuple(tensor.shape[1:]), "float32" if tensor.is_floating_point() else "int64")
                  for name, tensor in inputs.items())
    pipeline = Pipeline(given, tuple(emit.steps), output, emit.tensors, parts.artefacts, dict(provenance or {}))
    check_steps(pipeline)
    return pipeline


def _named(model: nn.Module, example: Inputs) -> dict[str, Tensor]:
    """Example inputs by the names of forward's arguments."""
    names = list(inspect.signature(model.forward).parameters)
    if isinstance(example, Mapping):
        found = {name: example[name] for name in names if name in example}
        unknown = set(example) - set(found)
        if unknown:
            raise InputError(f"example has {', '.join(sorted(unknown))}: the model takes {', '.join(names)}")
    else:
        found = dict(zip(names, (example,) if isinstance(example, Tensor) else example))
    for name, tensor in found.items():
        if not tensor.ndim or not len(tensor):
            raise InputError(f"example {name} has shape {tuple(tensor.shape)}: give one or more, (batch, ...)")
    return found


def _resized(tensor: Tensor, size: int) -> Tensor:
    """As many examples as asked for, repeated where there are fewer."""
    return tensor[torch.arange(size) % len(tensor)]


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, LUTPart) or type(m) in MODULES or super().is_leaf_module(m, module_qualified_name)


def _trace(model: nn.Module, inputs: Mapping[str, Tensor]) -> fx.GraphModule:
    """The traced model; arguments without an example keep their defaults."""
    others = {name: argument.default for name, argument in inspect.signature(model.forward).parameters.items()
              if name not in inputs and argument.default is not inspect.Parameter.empty}
    try:
        graph = _Tracer().trace(model, concrete_args=others or None)
    except (fx.proxy.TraceError, TypeError, RuntimeError) as error:
        raise CompileError(f"model {type(model).__name__} cannot be traced ({error}): its forward must be a plain "
                           "sequence of calls, without branches on values") from error
    traced = fx.GraphModule(model, graph)
    traced.graph.eliminate_dead_code()
    graph = traced.graph
    missing = [node.target for node in graph.nodes if node.op == "placeholder" and node.target not in inputs
               and node.target not in others and len(node.users)]
    if missing:
        raise InputError(f"example has no {', '.join(map(str, missing))}: the model takes it")
    return traced


class _Recorder(fx.Interpreter):
    """Keeps what every node gives."""

    def __init__(self, traced: fx.GraphModule) -> None:
        super().__init__(traced)
        self.results: dict[fx.Node, Any] = {}

    def run_node(self, n: fx.Node) -> Any:
        self.results[n] = super().run_node(n)
        return self.results[n]


def _run(traced: fx.GraphModule, inputs: Mapping[str, Tensor]) -> dict[fx.Node, Any]:
    recorder = _Recorder(traced)
    ordered = [inputs.get(str(node.target)) for node in traced.graph.nodes if node.op == "placeholder"]
    try:
        recorder.run(*ordered)
    except (RuntimeError, IndexError, ValueError, TypeError) as error:
        raise InputError(f"the model does not run with the example ({error}): give inputs that it takes") from error
    return recorder.results


def _emit(traced: fx.GraphModule, results: dict[fx.Node, Any], others: dict[fx.Node, Any],
          parts: PartCompiler) -> tuple[Emitter, str]:
    """Steps for all nodes, and the name of the result."""
    emit = Emitter()
    values: dict[fx.Node, Any] = {}
    for node in traced.graph.nodes:
        if node.op == "placeholder":
            values[node] = Ref(str(node.target), results[node]) if node.users else None
        elif node.op == "output":
            result = fx.map_arg(node.args[0], lambda before: values[before])
            if not isinstance(result, Ref):
                raise CompileError("the model's output is not one tensor that depends on its inputs: return one tensor")
            return emit, result.name
        elif _is_number(results[node]):
            values[node] = _numbers(results[node], others[node])
        elif node.op == "get_attr" or not any(_holds(values[before]) for before in node.all_input_nodes):
            values[node] = results[node]  # the same for all inputs
        else:
            emit.name = node.name
            try:
                made = _call(emit, traced, node, values, parts, others)
            except (Refusal, TypeError, InputError) as error:
                raise CompileError(f"{place(node)}: the host cannot compute it: {error}") from error
            values[node] = _refs(made, results[node])
    raise AssertionError("a graph ends with its output")


def _is_number(result: Any) -> bool:
    if isinstance(result, tuple):
        return bool(result) and all(_is_number(entry) for entry in result)
    return isinstance(result, bool | int | float)


def _numbers(result: Any, other: Any) -> Any:
    """Numbers as they are, the batch size as `BATCH`."""
    if isinstance(result, tuple):
        return tuple(_numbers(*pair) for pair in zip(result, other))
    return result if result == other else BATCH


def _holds(value: Any) -> bool:
    """Whether a value depends on the inputs."""
    return any(map(_holds, value)) if isinstance(value, tuple) else isinstance(value, Ref)


def _refs(made: Any, result: Any) -> Any:
    if isinstance(made, tuple):
        return tuple(_refs(*pair) for pair in zip(made, result))
    return Ref(made, result) if isinstance(made, str) else made


def _call(emit: Emitter, traced: fx.GraphModule, node: fx.Node, values: Mapping[fx.Node, Any], parts: PartCompiler,
          others: Mapping[fx.Node, Any]) -> Any:
    """What the handler of a node makes of it."""
    args = fx.map_arg(node.args, lambda before: values[before])
    kwargs: dict[str, Any] = fx.map_arg(node.kwargs, lambda before: values[before])
    kwargs = {key: value for key, value in kwargs.items() if value is not None}  # torch's own wrappers pass out=None
    if node.op == "call_module":
        module = traced.get_submodule(str(node.target))
        if isinstance(module, LUTPart):
            x = args[0]
            fixed = x.example.shape[1:] == others[node.all_input_nodes[0]].shape[1:]  # only the first axis is the batch
            return lookup(emit, module, str(node.target), x, parts if fixed else parts.position_by_position())
        if type(module) not in MODULES:
            known = ", ".join(sorted(kind.__name__ for kind in MODULES))
            raise Refusal(f"make it a part with convert_parts, or use one of {known}")
        return MODULES[type(module)](emit, module, *args, **kwargs)
    table: Mapping[Any, Any] = METHODS if node.op == "call_method" else FUNCTIONS
    if node.target not in table:
        raise Refusal("write it with functions that the host has (lutdla.nn.segments.functions), or put it into a part "
                      "with convert_parts")
    return table[node.target](emit, *args, **kwargs)
