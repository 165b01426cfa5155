"""Verilog with its rules -> SMT-LIB, by yosys (pyosys, in a process of its own: it keeps state and ends the process).

The rules are put inside the converted module: they see its registers, so an invariant can be about them.
"""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from lutdla.errors import ToolError

YOSYS_TIMEOUT_S = 120.0

_SCRIPT = """\
import json, sys
import pyosys.libyosys as ys
design = ys.Design()
for command in json.loads(sys.argv[1]):
    ys.run_pass(command, design)
"""

_MODULE = re.compile(r"^module (\w+) \(", re.MULTILINE)

_STATEMENT = re.compile(r"\b(assert|cover)\s*\(")

_LABELLED = re.compile(r"\b(\w+)\s*:\s*(assert|cover)\s*\(")


def _without_comments(text: str) -> str:
    return re.sub(r"//[^\n]*", "", text)


def labels(rules: str) -> dict[str, str]:
    """Label -> "assert" or "cover", of every such statement in a text of rules.

    Raises:
        ToolError: a statement without a label, or a label twice: a counterexample could not be named.
    """
    rules = _without_comments(rules)
    found = _LABELLED.findall(rules)
    names = [name for name, _ in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ToolError(f"label {twice[0]} is there twice: give every assert and cover a label of its own")
    if unnamed := len(_STATEMENT.findall(rules)) - len(found):
        raise ToolError(f"{unnamed} statements have no label: write `name: assert (...)`")
    return dict(found)


def with_rules(verilog: str, rules: str) -> tuple[str, str]:
    """The name of the module in `verilog`, and the text with `rules` inside that module.

    Raises:
        ToolError: not exactly one module.
    """
    modules = _MODULE.findall(verilog)
    if len(modules) != 1:
        raise ToolError(f"the Verilog has {len(modules)} modules: rules are put into one, convert a single block")
    end = verilog.rindex("endmodule")
    return modules[0], f"{verilog[:end]}\n{rules}\n{verilog[end:]}"


def smt2(verilog: str, rules: str, *, constants: Mapping[str, int] | None = None,
         timeout_s: float = YOSYS_TIMEOUT_S) -> str:  # fmt: skip
    """Write the transition system of a module and its rules in yosys' SMT-LIB form.

    Memories become registers; what nothing drives may have any value in every cycle.

    Args:
        verilog: one converted module.
        rules: Verilog with labelled `assert` and `cover`, and `assume`.
        constants: macros that the rules use, for example {"PARTS": 3} for `` `PARTS ``.
        timeout_s: most seconds it may take.

    Returns:
        The text: one definition a signal, assertion and transition; a state is a bit vector.

    Raises:
        ToolError: pyosys is missing, failed, did not end, or lost an assertion.
    """
    if importlib.util.find_spec("pyosys") is None:
        raise ToolError("proofs need the package pyosys, which is not installed: pip install lutdla[hdl]")
    wanted = labels(rules)
    top, text = with_rules(verilog, rules)
    macros = " ".join(f"-D{name}={value}" for name, value in (constants or {}).items())
    commands = [
        # not -sv: MyHDL's names are names of Verilog 2005, where for example `wait` of a block is a plain signal
        f"read_verilog -formal {macros} design.v", f"prep -top {top} -flatten", "memory_map",
        "setundef -undriven -anyseq", "async2sync", "chformal -lower", "opt -full", "dffunmap", "opt_clean",
        "write_smt2 -stbv -wires design.smt2",
    ]  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="lutdla-proof-") as temporary:
        folder = Path(temporary)
        (folder / "design.v").write_text(text)
        try:
            done = subprocess.run([sys.executable, "-c", _SCRIPT, json.dumps(commands)], cwd=folder,
                                  capture_output=True, text=True, timeout=timeout_s, check=False)  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise ToolError(f"yosys took longer than {timeout_s:g} s for {top} with its rules") from error
        if done.returncode or not (folder / "design.smt2").exists():
            raise ToolError(f"yosys failed on {top} with its rules:\n{(done.stdout + done.stderr)[-2000:]}")
        written = (folder / "design.smt2").read_text()
    found = {name: kind for kind, name in re.findall(r"^; yosys-smt2-(assert|cover) \d+ (\S+)", written, re.MULTILINE)}
    if found != wanted:
        lost = sorted(set(wanted.items()) ^ set(found.items()))
        raise ToolError(f"yosys' model of {top} has other statements than its rules: {lost[0][0]} differs")
    return written
