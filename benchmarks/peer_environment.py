"""An environment for each peer: a venv, pip with a deadline, and the reason when it does not install."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import metadata
from pathlib import Path

from benchmarks.peer_script import PeerScript

INSTALL_S = 600.0
"""Deadline of one run of pip, in seconds."""
REASON = 240
"""Longest reason, in characters."""


class NotHereError(Exception):
    """A peer that does not install or run here. The text is the reason, short."""


def run(command: Sequence[str | Path], folder: Path, timeout_s: float, environment: Mapping[str, str]) -> None:
    """Run a command and all it starts, at most `timeout_s`.

    Raises:
        NotHereError: it failed or took too long, and why, from what it wrote.
    """
    with subprocess.Popen(
        command, cwd=folder, env=environment, text=True, errors="replace", start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        try:
            output, _ = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            raise NotHereError(f"{Path(command[0]).name} took longer than {timeout_s:.0f} s") from None
        finally:  # compilers that it started too
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    if process.returncode:
        raise NotHereError(reason(output) or f"{Path(command[0]).name} failed with status {process.returncode}")


def reason(output: str) -> str:
    """Why pip or a script failed, from its output: the conflict, the first error, or the last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    words = lines[-1] if lines else ""
    errors = [line for line in lines if line.startswith("ERROR:")]
    if "The conflict is caused by:" in lines:
        start = lines.index("The conflict is caused by:") + 1
        ends = [i for i, line in enumerate(lines) if i > start and not re.search(r" depends on | requested ", line)]
        words = "; ".join(lines[start : ends[0] if ends else None])
    elif errors:
        words = errors[0].removeprefix("ERROR:").strip()
    words = re.sub(r"\S*/(?=\S)", "", words)  # paths and addresses are of this machine
    return words if len(words) <= REASON else words[: REASON - 1].rstrip() + "…"


def pinned(requirements: Sequence[str]) -> list[str]:
    """Requirements with torch at the version that runs here, which is what the others are compared with."""
    version = metadata.version("torch").partition("+")[0]
    return [f"torch=={version}" if name == "torch" else name for name in requirements]


def surroundings(folder: Path) -> dict[str, str]:
    """Environment variables of a venv: one thread, nothing of this interpreter's packages."""
    kept = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return kept | {"OMP_NUM_THREADS": "1", "PATH": f"{folder / 'bin'}{os.pathsep}{kept.get('PATH', os.defpath)}"}


def prepare(script: PeerScript, folder: Path) -> tuple[Path, str]:
    """Make the environment of a peer in `folder`, unless a run before has.

    Returns:
        Its interpreter, and what was unusual about the installation.

    Raises:
        NotHereError: it does not install.
    """
    missing = [name for name in script.needs if shutil.which(name) is None]
    if missing:
        raise NotHereError(f"needs {', '.join(missing)}, which pip does not bring")
    if not script.pip:
        return Path(sys.executable), ""
    python, done = folder / "bin" / "python", folder / "installed"
    if not done.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        run([sys.executable, "-m", "venv", "--clear", folder], folder.parent, INSTALL_S, dict(os.environ))
        done.write_text(_install(script, python), encoding="utf-8")
    return python, done.read_text(encoding="utf-8")


def _install(script: PeerScript, python: Path) -> str:
    folder, environment, pip = python.parents[1], surroundings(python.parents[1]), [python, "-m", "pip", "install"]
    wanted = pinned(script.pip)
    try:
        run([*pip, *wanted], folder, INSTALL_S, environment)
    except NotHereError as error:
        if not script.override:
            raise
        first = [name for name in wanted if name.startswith("torch==")]  # pip knows where this machine's torch is from
        run([*pip, "uv", *first], folder, INSTALL_S, environment)
        overrides = folder / "overrides.txt"
        overrides.write_text("\n".join(script.override), encoding="utf-8")
        run([folder / "bin" / "uv", "pip", "install", "--python", python, "--override", overrides, *wanted], folder,
            INSTALL_S, environment)  # fmt: skip
        return f"pip refuses ({error}); installed by uv with {', '.join(script.override)} against its wish"
    return ""
