"""Running Vivado: where it is, one step of a build, and what a failure means."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from lutdla.errors import ConfigError, ToolError
from lutdla.toml import tomllib
from lutdla_overlay.plan import BuildPlan, Step

STEP_TIMEOUT_S = 6 * 3600.0
"""Longest time for a step, unless the user says another."""

WATCH_S = 0.2
"""Time between looks at a running step."""

_PROBLEM = re.compile(r"^(ERROR|CRITICAL WARNING): .*", re.MULTILINE)


@dataclass(frozen=True)
class Outcome:
    """How a step ended: `ran` is False when it was done already; warnings are Vivado's critical ones."""

    step: str
    ran: bool
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()


def find_vivado(path: str | None = None) -> Path | None:
    """The program `vivado`.

    Args:
        path: the program, or a folder where Vivado is installed; None: looked for in `XILINX_VIVADO` and `PATH`.

    Returns:
        Its path, None when there is none.

    Raises:
        ConfigError: `path` is given and there is no Vivado.
    """
    if path is not None:
        for candidate in (Path(path), Path(path) / "bin" / "vivado"):
            if candidate.is_file() and os.access(candidate, os.X_OK):
                return candidate.absolute()
        raise ConfigError(f"{path}: no Vivado there: name the program, or the folder that holds bin/vivado")
    if home := os.environ.get("XILINX_VIVADO"):
        candidate = Path(home) / "bin" / "vivado"
        if candidate.is_file():
            return candidate
    found = shutil.which("vivado")
    return Path(found) if found else None


def command(vivado: Path | str, step: Step) -> list[str]:
    """The command line of a step; it is run in the build's folder."""
    return [str(vivado), "-mode", "batch", "-nojournal", "-notrace", "-log", f"logs/{step.name}.log", "-source",
            step.script]  # fmt: skip


def is_done(step: Step, folder: Path) -> bool:
    """Whether a step, as it is planned, ended well and what it made is still there."""
    stamp = folder / "done" / step.name
    if not stamp.is_file() or stamp.read_text(encoding="utf-8").strip() != step.digest:
        return False
    return all((folder / output).is_file() for output in step.outputs)


def is_finished(plan: BuildPlan, folder: Path) -> bool:
    """Whether the build is complete: the last step's digest covers all others, wherever they were run."""
    return is_done(plan.steps[-1], folder)


def run_step(step: Step, folder: Path, vivado: Path, *, timeout_s: float = STEP_TIMEOUT_S,
             jobs: int = 2, watch: Callable[[str], None] = lambda line: None) -> Outcome:
    """Run a step, unless it is done.

    Args:
        step: of a plan that has been written to `folder`.
        folder: of the build.
        vivado: the program.
        timeout_s: longest time; then Vivado and all that it started are ended.
        jobs: runs that Vivado may do at once.
        watch: gets the newest line of the log, again and again.

    Raises:
        ToolError: the step failed: its first error, what it means, and the log.
    """
    if is_done(step, folder):
        return Outcome(step.name, ran=False)
    for output in step.outputs:  # what an earlier run left must not look like this run's
        (folder / output).unlink(missing_ok=True)
    (folder / "logs").mkdir(exist_ok=True)
    log = folder / "logs" / f"{step.name}.log"
    log.unlink(missing_ok=True)
    begin = time.monotonic()
    status = _run(command(vivado, step), folder, log, timeout_s, watch, {"LUTDLA_JOBS": str(jobs)})
    if status is None:
        raise ToolError(f"{step.name}: Vivado did not end within {timeout_s:g} s: give a longer --timeout-s. The last "
                        f"line of its log was: {_last_line(log) or '(none)'}\nThe log is {log}")
    text = _read(log)
    if status != 0 or not is_done(step, folder):
        raise ToolError(f"{step.name}: {explain(text, status)}\nThe log is {log}")
    problems = tuple(match.group() for match in _PROBLEM.finditer(text) if match.group(1) == "CRITICAL WARNING")
    return Outcome(step.name, True, time.monotonic() - begin, problems)


def explain(log: str, status: int) -> str:
    """The first error of a log, or the first critical warning if there is none, and a hint where one is known."""
    problems = [match.group() for match in _PROBLEM.finditer(log)]
    errors = [line for line in problems if line.startswith("ERROR")]
    first = (errors or problems or [f"Vivado ended with exit status {status} and named no error"])[0]
    for line in (first, *errors):
        for pattern, hint in _hints():
            if re.search(pattern, line):
                return f"{first}\n{hint}"
    return first


def _hints() -> list[tuple[str, str]]:
    """What to do about errors of Vivado: pattern and hint."""
    values = tomllib.loads((files("lutdla_overlay") / "hints.toml").read_text(encoding="utf-8"))
    return [(entry["pattern"], entry["text"]) for entry in values["hint"]]


def _run(arguments: list[str], folder: Path, log: Path, timeout_s: float, watch: Callable[[str], None],
         extra: dict[str, str]) -> int | None:
    """Exit status, None when the time was over. Vivado starts further processes: the whole group is ended."""
    with (log.parent / f"{log.stem}.out").open("wb") as output:
        process = subprocess.Popen(arguments, cwd=folder, stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.STDOUT, env={**os.environ, **extra}, start_new_session=True)
    deadline = time.monotonic() + timeout_s
    try:
        while process.poll() is None:
            if time.monotonic() > deadline:
                return None
            watch(_last_line(log))
            time.sleep(WATCH_S)
    finally:
        if process.poll() is None:
            _end_group(process)
    return process.returncode


def _end_group(process: subprocess.Popen[bytes]) -> None:
    import signal

    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
            process.wait(timeout=10)
            return
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:
            return


def _read(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""


def _last_line(log: Path) -> str:
    """The newest line of a log, which may be long."""
    if not log.is_file():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 2000))
        return file.read().decode("utf-8", errors="replace").rstrip().rpartition("\n")[2]
