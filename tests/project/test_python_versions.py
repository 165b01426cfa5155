"""Nothing asks for a newer Python than the oldest that lutdla is for: 3.10, which images of PYNQ boards have."""

import subprocess
import sys
from pathlib import Path

from benchmarks.record import ROOT

OLDEST = "3.10"
SOURCES = ("host", "hdl", "overlay", "notebooks", "setup.py", "noxfile.py")


def newer(*paths):
    """What of some files needs a newer Python, line by line."""
    program = Path(sys.executable).with_name("vermin")
    command = [program, f"-t={OLDEST}-", "--no-tips", "--violations", *paths]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200)
    return done.stdout + done.stderr if done.returncode else ""


def test_all_sources_run_on_the_oldest_python():
    assert f'python_requires=">={OLDEST}"' in (ROOT / "setup.py").read_text()
    assert newer(*(ROOT / source for source in SOURCES)) == ""


def test_a_newer_module_is_noticed(tmp_path):
    (tmp_path / "new.py").write_text("def read(text):\n    import tomllib\n\n    return tomllib.loads(text)\n")
    assert "'tomllib' module requires" in newer(tmp_path)
