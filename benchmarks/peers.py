"""Other ways from a network to hardware, beside lutdla in the same run: `python -m benchmarks.peers`.

What a user of each peer writes is in benchmarks/peer_scripts. Each runs in an environment of its own that pip makes
here, each time in a new process and an empty folder, on one thread, in turns with the others. A peer that does not
install or run is a row that says so. Absolute times depend on the machine; ratios are to torch's dense network in the
same turn.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import peer_timer
from benchmarks.peer_environment import NotHereError, prepare, run, surroundings
from benchmarks.peer_script import FOLDER, PeerScript, read

PEERS = {
    "torch": "torch_mlp", "lutdla": "lutdla_mlp", "lutdla_rtl": "lutdla_rtl_mlp", "hls4ml": "hls4ml_mlp",
    "finn": "finn_mlp", "dwn2rtl": "dwn2rtl_mlp", "cocotbpynq": "cocotbpynq_sample",
}  # fmt: skip
"""Name in the figures -> script."""

TURNS = 3
REPEATS = 3
"""Simulations timed in each turn."""
SCRIPT_S = 300.0
"""Deadline of one run of a script with its repeats, in seconds."""
RUNS, NOT_INSTALLED, NOT_RUN = "runs", "does not install here", "does not run here"


def once(script: PeerScript, python: Path, folder: Path) -> dict[str, Any]:
    """Time a script in a new process and the empty folder `folder`.

    Raises:
        NotHereError: it failed, or took longer than its deadline.
    """
    folder.mkdir(parents=True)
    target, environment = folder / "figures.json", surroundings(python.parents[1])
    if not script.pip:  # this interpreter's packages, and nothing that an earlier run has built
        environment = os.environ | {"OMP_NUM_THREADS": "1", "LUTDLA_CACHE": str(folder / "cache")}
    run([python, peer_timer.__file__, script.path, script.package, str(REPEATS), target], folder, SCRIPT_S, environment)
    found: dict[str, Any] = json.loads(target.read_text(encoding="utf-8"))
    return found


def about(name: str, script: PeerScript) -> dict[str, Any]:
    """What a script says of itself, as flat figures."""
    found = {"network": script.network, "verified": script.verified, "lines": script.lines,
             "steps": len(script.steps), "steps_are": "; ".join(script.steps), "note": script.note}  # fmt: skip
    return {f"{name}_{key}": value for key, value in found.items()}


def summary(turns: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Medians over turns, and of the ratios to torch within a turn; peer -> figures of each turn."""
    found: dict[str, Any] = {}
    for name, measured in turns.items():
        found[f"{name}_version"] = measured[0]["version"]
        for key, places in (("seconds_to_first_output", 2), ("images_per_s", 1)):
            values = [figures[key] for figures in measured if key in figures]
            if values:
                found[f"{name}_{key}"] = round(statistics.median(values), places)
                ratios = [figures[key] / other[key] for figures, other in zip(measured, turns.get("torch", []))]
                if ratios:
                    found[f"{name}_{key}_to_torch"] = float(f"{statistics.median(ratios):.3g}")
    return found


def measure(names: list[str], environments: Path) -> dict[str, Any]:
    """Install, time in turns, and sum up."""
    scripts = {name: read(FOLDER / f"{PEERS[name]}.py") for name in names}
    figures: dict[str, Any] = {"turns": TURNS, "repeats": REPEATS}
    pythons: dict[str, Path] = {}
    for name, script in scripts.items():
        print(f"{name}: environment", file=sys.stderr)
        figures |= about(name, script)
        try:
            pythons[name], unusual = prepare(script, environments / name)
            figures |= {f"{name}_status": RUNS, f"{name}_installation": unusual}
        except NotHereError as error:
            figures |= {f"{name}_status": NOT_INSTALLED, f"{name}_reason": str(error)}
    turns: dict[str, list[dict[str, Any]]] = {name: [] for name in pythons}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(TURNS):
            for name in list(turns):
                print(f"{name}: turn {turn + 1} of {TURNS}", file=sys.stderr)
                try:
                    turns[name].append(once(scripts[name], pythons[name], Path(folder) / name / str(turn)))
                except NotHereError as error:
                    figures |= {f"{name}_status": NOT_RUN, f"{name}_reason": str(error)}
                    del turns[name]
    return figures | summary(turns)


def main() -> None:
    """Measure, show, write the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PEERS, default=list(PEERS), help="these peers")
    parser.add_argument("--environments", type=Path, help="keeps the peers' environments here, for another run")
    parser.add_argument("--json", type=Path, help="where the figures go")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(options.only, (options.environments or Path(folder)).resolve())
    print(json.dumps(figures, indent=2))
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
