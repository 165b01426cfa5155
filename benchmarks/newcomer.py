"""Does what the README and the quick start say, to the letter: `python -m benchmarks.newcomer --json FILE`.

In a fresh clone of the last commit, in an empty home, with the system's programs and one Python and nothing else of
the environment: every command and every line of Python that the documents show (`benchmarks.newcomer_steps` says
which), in their order, each command once. A command that fails, a promised line that does not appear and a link to no
file are failures; status 1 then. It installs everything and runs all tests, for a quarter of an hour. `--short` keeps
what was downloaded and built before (the user's cache, Python packages of this environment), takes the shorter forms
that the documents name, and leaves out what is long.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.newcomer_install import install
from benchmarks.newcomer_steps import Step, doable, links, missing, once, short, steps
from benchmarks.record import ROOT

DOCUMENTS = ("README.md", "docs/quick_start.md")
"""What a newcomer reads, as far as it is there."""

PYTHON = ".venv/bin/python"
"""Runs the lines of Python: the environment that `make` makes."""

STEP_S, SHORT_STEP_S = 3000.0, 240.0
"""Deadline of a step, in seconds."""

SYSTEM_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
KEPT = ("LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
"""Environment variables that belong to the machine, beside those of pip and of proxies."""

SESSION = """\
[ ! -e {state} ] || . {state}
{command}
status=$?
{{ export -p; printf 'cd %q\\n' "$PWD"; }} >{state}
exit $status
"""
"""Runs a command as the next one in a shell: variables and folder stay."""


@dataclass(frozen=True)
class Done:
    """What became of a step: `problem` is empty when all is as promised."""

    name: str
    problem: str
    output: str = ""
    seconds: float = 0.0


class Newcomer:
    """Somebody with a fresh clone.

    Args:
        folder: an empty one, for the clone, the home and the Python.
        source: the repository that is cloned.
        quick: a short round.
    """

    def __init__(self, folder: Path, source: Path = ROOT, *, quick: bool = False) -> None:
        self.clone, self.home, self._tools = folder / "lutdla", folder / "home", folder / "bin"
        self._state, self._deadline_s, self.quick = folder / "shell", SHORT_STEP_S if quick else STEP_S, quick
        for path in (self.home, self._tools):
            path.mkdir()
        major, minor = sys.version_info[:2]
        base = getattr(sys, "_base_executable", sys.executable)
        (self._tools / f"python{major}.{minor}").symlink_to(Path(base).resolve())
        subprocess.run(["git", "clone", "-q", "--no-hardlinks", source, self.clone], check=True, timeout=300)

    def environment(self) -> dict[str, str]:
        """Nothing of ours but how this machine reaches package indexes; in a short round the cache too."""
        kept = {key: value for key, value in os.environ.items()
                if key in KEPT or key.startswith("PIP_") or key.lower().endswith("_proxy")}
        settings = Path.home() / ".config" / "pip" / "pip.conf"
        if settings.is_file():
            kept.setdefault("PIP_CONFIG_FILE", str(settings))
        if self.quick:
            kept["XDG_CACHE_HOME"] = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
        return kept | {"HOME": str(self.home), "PATH": os.pathsep.join((str(self._tools), *SYSTEM_PATH))}

    def plan(self) -> list[Step]:
        """All steps that this computer can do."""
        texts = self.texts()
        planned = once([step for name, text in texts.items() for step in steps(name, text) if doable(step)])
        return short(planned, texts) if self.quick else planned

    def texts(self) -> dict[str, str]:
        """The documents that are there."""
        return {name: (self.clone / name).read_text(encoding="utf-8") for name in DOCUMENTS
                if (self.clone / name).is_file()}

    def do(self, step: Step) -> Done:
        """Run a step and look at what it gives."""
        start = time.perf_counter()
        if step.language == "python":
            status, output = self._run([str(self.clone / PYTHON), "-c", step.code])
        else:
            status, output = self._run(["bash", "-c", SESSION.format(state=self._state, command=step.code)])
        problem = "" if status == 0 else f"status {status}"
        if not problem and (line := missing(step.promised, output)) is not None:
            problem = f"promised, and not there: {line}"
        return Done(str(step), problem, output, time.perf_counter() - start)

    def follow(self, document: str, text: str) -> Done:
        """Look for every file that a document links to."""
        here = (self.clone / document).parent
        lost = sorted({target for target in links(text) if not (here / target).exists()})
        return Done(f"{document}: links", f"not there: {', '.join(lost)}" if lost else "")

    def _run(self, command: list[str]) -> tuple[int, str]:
        with subprocess.Popen(command, cwd=self.clone, env=self.environment(), text=True, errors="replace",
                              start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as process:
            try:
                output, _ = process.communicate(timeout=self._deadline_s)
            except subprocess.TimeoutExpired:
                return 124, f"took longer than {self._deadline_s:.0f} s"
            finally:  # what it started and left
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        return process.returncode, output


def measure(folder: Path, *, quick: bool = False, wheel: Path | None = None) -> list[Done]:
    """Do everything; what goes on is shown on stderr."""
    newcomer = Newcomer(folder, quick=quick)
    if quick:
        install(newcomer.clone, wheel)
    done = [newcomer.follow(name, text) for name, text in newcomer.texts().items()]
    for step in newcomer.plan():
        done.append(newcomer.do(step))
        last = done[-1]
        sys.stderr.write(f"{'ok' if not last.problem else 'FAILED'} {last.seconds:6.1f} s  {last.name}\n")
    return done


def figures(done: list[Done]) -> dict[str, Any]:
    """How many steps there were, how many failed, and the time of all."""
    return {"steps": len(done), "failed": sum(bool(one.problem) for one in done),
            "seconds": round(sum(one.seconds for one in done), 1)}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.newcomer", description=__doc__)
    parser.add_argument("--json", type=Path, help="where the figures go")
    parser.add_argument("--short", action="store_true", help="a round of a minute: see above")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="newcomer-"))
    try:
        done = measure(folder, quick=options.short)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    found = figures(done)
    print(json.dumps(found, indent=2))
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    for one in done:
        if one.problem:
            sys.stderr.write(f"\n{one.name}\n{one.problem}\n{one.output[-3000:]}\n")
    sys.exit(1 if found["failed"] else 0)


if __name__ == "__main__":
    main()
