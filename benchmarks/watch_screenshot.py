"""Screenshots of the live view in JupyterLab, in a browser: `python -m benchmarks.watch_screenshot`.

Starts JupyterLab, opens a notebook, runs it as a user does, and writes docs/watch_lab.png (JupyterLab while images
stream) and docs/watch.png (the panel at the end). JupyterLab is installed into a temporary environment unless it is
there. Needs Chromium and its driver, and the Verilated core of the small network, which is built the first time.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.error import URLError

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from PIL import Image
from selenium.webdriver import ActionChains, Keys

from benchmarks.notebooks import FOLDER
from benchmarks.record import ROOT
from tests.browser import browser, picture, resize, wait_for

CELLS = (
    new_markdown_cell("# Watch it work\n\nA network on the Verilated core: `for results in network.watch(...)`."),
    new_code_cell('import numpy as np\nimport lutdla\n\nnetwork = lutdla.open("rtl").load("models/digits.tiny.lut")\n'
                  'digits = np.load("models/digits.npz")\nimages, labels = np.tile(digits["images"], (4000, 1, 1)), '
                  'np.tile(digits["labels"], 4000)'),
    new_code_cell("for results in network.watch(images, labels=labels, batch=510):\n    pass"),
)  # fmt: skip

KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}

START_S = 60
"""For JupyterLab to start."""

PANEL = "document.querySelector('.widget-vbox')"


def free_port() -> int:
    """A port that nobody uses."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def jupyterlab(folder: Path) -> str:
    """A Python that has JupyterLab and all that this one has."""
    if find_spec("jupyterlab") is not None:
        return sys.executable
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=120)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", "jupyterlab", "ipywidgets"], check=True, timeout=600)
    place = subprocess.run([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], check=True,
                           capture_output=True, text=True, timeout=60).stdout.strip()
    # The lines of this file run when Python starts; a mere path would leave out the .pth files that are there.
    ours = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
    Path(place, "lutdla-benchmark.pth").write_text(ours, encoding="utf-8")
    return str(python)


@contextmanager
def server(python: str, folder: Path) -> Iterator[str]:
    """JupyterLab on a folder; gives its address."""
    port = free_port()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                   "JUPYTER_CONFIG_DIR": str(folder / ".config"), "JUPYTER_DATA_DIR": str(folder / ".data"),
                   "JUPYTERLAB_SETTINGS_DIR": str(folder / ".settings")}
    quiet = folder / ".settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    quiet.parent.mkdir(parents=True)
    quiet.write_text('{"fetchNews": "false", "checkForUpdates": false}', encoding="utf-8")
    command = [python, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}", "--ip=127.0.0.1",
               "--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True", f"--ServerApp.root_dir={folder}"]
    process = subprocess.Popen(command, env=environment, cwd=folder, stderr=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + START_S
        while True:
            try:
                urllib.request.urlopen(f"{address}/api", timeout=5).close()
                break
            except (URLError, OSError):
                if time.monotonic() > deadline or process.poll() is not None:
                    sys.exit(f"JupyterLab did not start within {START_S} s: run `{' '.join(command)}`")
                time.sleep(0.3)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def shoot(address: str, profile: Path, out: Path) -> None:
    """Run the notebook in a browser; write the two pictures."""
    with browser(profile) as driver:
        resize(driver, 1100, 760)
        driver.get(f"{address}/lab/tree/watch.ipynb?reset")
        wait_for(driver, "document.querySelectorAll('.jp-CodeCell').length === 2")
        wait_for(driver, "document.querySelector('.jp-Notebook-ExecutionIndicator[data-status=\"idle\"]')")
        driver.find_element("css selector", ".jp-CodeCell .jp-InputArea-editor").click()
        for _ in range(2):
            ActionChains(driver).key_down(Keys.SHIFT).send_keys(Keys.ENTER).key_up(Keys.SHIFT).perform()
        wait_for(driver, f"{PANEL} && {PANEL}.innerText.includes('utilization')")
        time.sleep(3)  # some images have streamed by then
        save(picture(driver), out / "watch_lab.png")
        wait_for(driver, f"{PANEL}.innerText.includes('400,000 of 400,000')")
        save(driver.find_element("css selector", ".widget-vbox").screenshot_as_png, out / "watch.png")


def save(content: bytes, path: Path) -> None:
    """Write a PNG with few colours: a third of the size."""
    Image.open(io.BytesIO(content)).convert("RGB").quantize(128).save(path, optimize=True)
    print(f"{path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}: {path.stat().st_size:,} bytes")


def main() -> None:
    """Make the pictures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.watch_screenshot", description="Draw the live view.")
    parser.add_argument("--out", type=Path, default=ROOT / "docs", help="folder of the pictures")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        shutil.copytree(FOLDER / "models", folder / "work" / "models")
        nbformat.write(new_notebook(cells=list(CELLS), metadata=KERNEL), folder / "work" / "watch.ipynb")
        with server(jupyterlab(folder / "environment"), folder / "work") as address:
            shoot(address, folder / "profile", options.out)


if __name__ == "__main__":
    main()
