"""Dask clusters of real processes, on this computer."""

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from distributed import Client

ROOT = Path(__file__).parents[2]
WORKER = "import sys; from distributed.cli.dask_worker import main; main()"


@contextmanager
def _process(command):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    process = subprocess.Popen([sys.executable, "-W", "ignore", *command], env=environment, cwd=ROOT,
                               stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait(60)


@contextmanager
def scheduler(folder):
    """A scheduler; yields its process, with its `address`."""
    file = folder / "scheduler.json"
    command = ["-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
               "--scheduler-file", str(file)]
    with _process(command) as process:
        deadline = time.monotonic() + 60
        while True:
            try:
                process.address = json.loads(file.read_text())["address"]
                break
            except (OSError, ValueError):  # not yet, or not yet in full
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield process


@contextmanager
def worker(address, folder, threads=1, before=""):
    """A worker that has no nanny, so that a kill is a kill; `before` is Python that it runs first."""
    command = ["-c", before + "\n" + WORKER, address, "--host", "127.0.0.1", "--no-nanny", "--no-dashboard",
               "--nthreads", str(threads), "--local-directory", str(folder)]
    with _process(command) as process:
        yield process


def wait_for(address, workers):
    """Until the scheduler knows so many workers, and none that is gone."""
    with Client(address, timeout=60, set_as_default=False) as client:
        deadline = time.monotonic() + 60
        while len(client.nthreads()) != workers:
            assert time.monotonic() < deadline
            time.sleep(0.02)
