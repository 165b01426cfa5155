"""Pass: `ExportedProgram` (aten operations, parameters lifted to inputs) -> `GraphModule` of nn layers and functions.

What does not depend on the input is computed at once, so that parametrized or transposed weights are plain tensors.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, fx

from lutdla.errors import CompileError, InputError
from lutdla.nn.importers.aten_ops import HANDLERS, SKIPPED, Node, instead_of_aten
from lutdla.nn.importers.builder import Builder


def read_exported(path: Path) -> torch.export.ExportedProgram:
    """A .pt2 file.

    Raises:
        InputError: it holds no exported program.
    """
    try:
        return torch.export.load(path)
    except Exception as error:
        raise InputError(f"{path}: it holds no model that torch.export.load reads ({error}): write it with "
                         "torch.export.save") from error


def from_exported(program: torch.export.ExportedProgram) -> fx.GraphModule:
    """The model that a program is.

    Raises:
        CompileError: names the node, the operation and the fix.
    """
    if _mutates_what_is_used_again(program.graph):
        program = _functional(program)
    builder, values = Builder(), _lifted(program)
    names = {node: name for node, name in _parameter_names(program).items() if node in values}
    for node in program.graph.nodes:
        builder.origin = origin(node)
        if node.op == "placeholder":
            if node not in values:
                values[node] = _input(builder, node)
        elif node.op == "output":
            results = [values[result] for result in node.args[0]]
            if len(results) != 1 or not isinstance(results[0], fx.Node):
                raise CompileError(f"the model gives {len(results)} results: the core sends one tensor that depends "
                                   "on its input: return one")
            return builder.finish(results[0])
        elif node.op == "get_attr":
            values[node] = getattr(program.graph_module, str(node.target))
        else:
            values[node] = _take(builder, node, values, names)
    raise CompileError("the program has no output: export it again")


def origin(node: fx.Node) -> str:
    """What messages call a node: its name, operation and layer."""
    if node.op == "placeholder":
        return f"input {node.target}"
    path, kind = layer_of(node)
    where = f", in layer {path} ({kind})" if path else ""
    return f"node {node.name} ({str(node.target).rpartition('.')[0] or node.target}){where}"


def layer_of(node: fx.Node) -> tuple[str, str]:
    """Path and type of the module that a node comes from; empty at the top."""
    stack = list((node.meta.get("nn_module_stack") or {}).values())
    if not stack:
        return "", ""
    path, kind = stack[-1]
    name = kind if isinstance(kind, str) else kind.__name__
    return path, name.rpartition(".")[2]


def _lifted(program: torch.export.ExportedProgram) -> dict[fx.Node, Any]:
    """Tensors of the inputs that are parameters, buffers or constants."""
    kinds, found = torch.export.graph_signature.InputKind, {}
    specs = {spec.arg.name: spec for spec in program.graph_signature.input_specs}
    for node in program.graph.nodes:
        spec = specs.get(node.name) if node.op == "placeholder" else None
        if spec is None or spec.kind == kinds.USER_INPUT or spec.target is None:
            continue
        at = program.state_dict if spec.target in program.state_dict else program.constants
        found[node] = at[spec.target].detach().clone()  # training must not change the program
    return found


def _parameter_names(program: torch.export.ExportedProgram) -> dict[fx.Node, str]:
    signature = program.graph_signature
    known = {**signature.inputs_to_parameters, **signature.inputs_to_buffers}
    return {node: known[node.name] for node in program.graph.nodes if node.name in known}


def _input(builder: Builder, node: fx.Node) -> fx.Node:
    example = node.meta.get("val")
    if not isinstance(example, Tensor) or example.ndim < 2:
        builder.refuse("it is no tensor of (batch, ...): export the model with one such input")
    return builder.input(str(node.target), tuple(int(size) for size in example.shape[1:]), example.dtype)


def _take(builder: Builder, node: fx.Node, values: dict[fx.Node, Any], names: dict[fx.Node, str]) -> Any:
    target: Any = node.target
    name = str(target).removeprefix("aten.").partition(".")[0]
    if name in SKIPPED:
        return None
    inputs = [values[one] for one in node.all_input_nodes]
    if not any(isinstance(value, fx.Node) for value in inputs):
        given = fx.node.map_arg((node.args, node.kwargs), lambda one: values[one])
        with torch.no_grad():
            return target(*given[0], **given[1])
    if str(target) == "<built-in function getitem>":  # of an operation with several results, of which one counts
        if node.args[1] != 0:
            builder.refuse("it takes another than the first result: leave it out")
        return inputs[0]
    handler = HANDLERS.get(name)
    if handler is None or not isinstance(target, torch._ops.OpOverload):
        builder.refuse(f"the core does not run it: {instead_of_aten(name)}")
    return handler(Node(builder, node, values, names, layer_of(node)[0]))


def _functional(program: torch.export.ExportedProgram) -> torch.export.ExportedProgram:
    """The program without in-place operations."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # torch 2.13 warns of its own pytree
        return program.run_decompositions({})


def _mutates_what_is_used_again(graph: fx.Graph) -> bool:
    """Whether an in-place operation changes a value that others than its result stand for."""
    return any(isinstance(node.target, torch._ops.OpOverload) and node.target._schema.is_mutable
               and any(len(one.users) > 1 for one in node.all_input_nodes[:1]) for node in graph.nodes)
