"""Hostile model files, settings and streams: `python -m benchmarks.fuzz`.

Files and settings must give a result or an error of lutdla, in bounded time and memory, and run or open nothing else;
the Verilated core and its emulator must agree on every stream, and work as before after a reset. The exit status
is 1 when one did not.
"""

from __future__ import annotations

import argparse
import json
import logging
import resource
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.progress import track

from benchmarks.fuzz_files import FileFuzzer
from benchmarks.fuzz_settings import SettingsFuzzer
from benchmarks.fuzz_streams import StreamFuzzer

ROOM_BYTES = 2 << 30
"""Address space beyond what the process has at its start: a file that takes more is a crash."""


def limit_memory() -> None:
    """Let allocations beyond `ROOM_BYTES` fail."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    most = pages * resource.getpagesize() + ROOM_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def main() -> None:
    """Make, use, compare, write the figures."""
    started = time.monotonic()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz", description=__doc__)
    parser.add_argument("--files", type=int, default=100_000, help="model files")
    parser.add_argument("--streams", type=int, default=5_000, help="streams")
    parser.add_argument("--configs", type=int, default=20_000, help="fields of a core")
    parser.add_argument("--recipes", type=int, default=5_000, help="recipes of a training")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for the files that crash")
    parser.add_argument("--json", type=Path, help="where the figures go")
    options = parser.parse_args()
    logging.getLogger("lutdla").setLevel(logging.CRITICAL)  # each retry is a warning

    streams = StreamFuzzer(options.seed)
    for _ in track(range(options.streams), "streams"):
        streams.one()
    limit_memory()
    with tempfile.TemporaryDirectory(prefix="lutdla-fuzz-") as folder:
        kept = options.keep or Path(folder)
        kept.mkdir(parents=True, exist_ok=True)
        settings = SettingsFuzzer(kept, options.seed)
        for _ in track(range(options.configs), "cores"):
            settings.one_config()
        of_configs = len(settings.crashes)
        for _ in track(range(options.recipes), "recipes"):
            settings.one_recipe()
        files = FileFuzzer(kept, options.seed)
        for _ in track(range(options.files), "files"):
            files.make_one()
    found = {
        "cases": files.cases + streams.cases + settings.configs + settings.recipes,
        "crashes": len(files.crashes) + len(streams.differences) + len(settings.crashes),
        "configs": settings.configs, "config_crashes": of_configs,
        "recipes": settings.recipes, "recipe_crashes": len(settings.crashes) - of_configs,
        "files": files.cases, "files_read": files.read, "files_run": files.run, "file_crashes": len(files.crashes),
        "streams": streams.cases, "stream_differences": len(streams.differences), "error_codes": len(streams.errors),
        **{f"files_{change}": count for change, count in sorted(files.by_change.items())},
        "file_peak_mib": round(files.peak_mib, 1), "seconds": round(time.monotonic() - started, 1),
    }  # fmt: skip
    console = Console(highlight=False)
    console.print_json(json.dumps(found))
    for text in (*files.crashes, *settings.crashes, *streams.differences):
        console.print(text, style="red", markup=False)
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    sys.exit(bool(found["crashes"]))


if __name__ == "__main__":
    main()
