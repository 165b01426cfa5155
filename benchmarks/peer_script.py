"""The scripts in benchmarks/peer_scripts: what a user of each peer writes, and what their docstrings say about it."""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from dataclasses import dataclass
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FOLDER = Path(__file__).with_name("peer_scripts")
MARK = "# -- for the benchmark: what is timed"
"""What follows this line is not a user's."""

SILENT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


@dataclass(frozen=True)
class PeerScript:
    """A script, and the TOML of its docstring.

    Attributes:
        path: of the script.
        lines: those a user writes.
        package: whose version is shown.
        network: what it runs.
        verified: what its output is compared with.
        steps: what a user does.
        pip: what pip installs into an environment of its own; empty: it runs in this one.
        override: what else it takes where pip finds no versions that go together: requirements that uv puts in the
            place of those of the packages.
        needs: programs that pip does not bring.
        note: what else a reader must know.
    """

    path: Path
    lines: int
    package: str
    network: str
    verified: str
    steps: tuple[str, ...]
    pip: tuple[str, ...] = ()
    override: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    note: str = ""


def read(path: Path) -> PeerScript:
    """A script.

    Raises:
        ValueError: its docstring is not a title, an empty line, and TOML.
    """
    source = path.read_text(encoding="utf-8")
    _, _, header = (ast.get_docstring(ast.parse(source)) or "").partition("\n\n")
    try:
        about = {key: tuple(value) if isinstance(value, list) else " ".join(value.split())
                 for key, value in tomllib.loads(header).items()}  # fmt: skip
        return PeerScript(path, count_lines(source), **about)
    except (tomllib.TOMLDecodeError, TypeError) as error:
        raise ValueError(f"{path.name}: its docstring must be a title, an empty line and TOML: {error}") from error


def count_lines(source: str) -> int:
    """Lines with code that a user writes: no comments, empty lines or docstrings, and nothing behind `MARK`."""
    source = source.partition(MARK)[0]
    documented = {
        line
        for node in ast.walk(ast.parse(source))
        if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node) is not None
        for line in range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)
    }
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    code = {line for token in tokens if token.type not in SILENT for line in range(token.start[0], token.end[0] + 1)}
    return len(code - documented)
