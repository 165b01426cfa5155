"""What Verilator says of the core in its wrapper."""

import os
import subprocess

from lutdla.backends.verilate import verilator


def verilator_says(waivers, *sources):
    """Lines of `verilator -Wall`; none where there is nothing to say."""
    tool, environment = verilator()
    options = ["--lint-only", "-Wall", "-Wno-fatal", "--no-timing", "--top-module", "lutdla_ip"]
    done = subprocess.run([tool, *options, waivers, *sources], env=os.environ | environment, capture_output=True,
                          text=True, timeout=280, check=False)  # fmt: skip
    said = [line for line in (done.stdout + done.stderr).splitlines() if not line.startswith("- ")]
    return said or ["it failed"] * (done.returncode != 0)
