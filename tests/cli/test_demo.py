"""`lutdla demo` on few images: every step runs, figures have the promised keys, and the printed lines really run."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest

from lutdla.demo import RUN_LINES, TRAIN_LINES

LINES = (TRAIN_LINES + RUN_LINES).format(folder="lutdla-demo", seed=0)

KEYS = {
    "dense_accuracy", "lut_accuracy", "device_accuracy", "images", "mismatches", "rtl_images", "rtl_mismatches",
    "cycles_per_image", "lookups_per_cycle", "table_bytes", "seconds_total",
}  # fmt: skip


def run(folder, *arguments):
    environment = {**os.environ, "COLUMNS": "120"}
    return subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True,
                          timeout=280)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The demo with 1,000 images, in a folder of its own: (folder, output, figures)."""
    folder = tmp_path_factory.mktemp("demo")
    done = run(folder, "-m", "lutdla", "demo", "--limit", "1000", "--rtl-images", "25", "--json", "figures.json")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout, json.loads((folder / "figures.json").read_text())


def test_figures(demo):
    _, _, figures = demo
    assert figures.keys() >= KEYS
    assert (figures["images"], figures["mismatches"]) == (1000, 0)
    assert (figures["rtl_images"], figures["rtl_mismatches"]) == (25, 0)
    assert figures["device_accuracy"] == pytest.approx(figures["lut_accuracy"], abs=1e-6)
    assert 0.6 < figures["lut_accuracy"] <= 1
    assert figures["cycles_per_image"] > 98  # a frame is 98 beats
    assert 0 < figures["lookups_per_cycle"] <= 256  # 4 ports x 4 blocks x 16 lanes
    assert figures["images_per_second_predicted"] == round(figures["clock_mhz"] * 1e6 / figures["cycles_per_image"])


def test_it_prints_figures_and_the_lines_that_it_ran(demo):
    _, output, figures = demo
    for text in (f"{figures['dense_accuracy']:.2%}", f"{figures['lut_accuracy']:.2%}", "predicted", "seconds", "total"):
        assert text in output
    lines = LINES.splitlines()
    assert len(lines) == 8
    printed = [line.rstrip() for line in output.rstrip().splitlines()]
    assert printed[-len(lines) :] == lines


def test_the_printed_lines_run(tmp_path):
    # on few images: with all of them, training takes as long as all other tests of this file
    load = 'fashion = data.load("fashion-mnist")\n'
    few = ("from dataclasses import replace\nfashion = replace(fashion, train_images=fashion.train_images[:3000], "
           "train_labels=fashion.train_labels[:3000])\n")
    assert load in LINES
    done = run(tmp_path, "-c", LINES.replace(load, load + few))
    assert done.returncode == 0, done.stderr
    assert float(re.search(r"accuracy ([\d.]+)", done.stdout)[1]) > 0.7


def test_the_test_images_run_from_the_command_line(demo):
    folder, _, _ = demo
    done = run(folder, "-m", "lutdla", "run", "lutdla-demo/mlp.lut", "--input", "lutdla-demo/images.npy",
               "--output", "results.npy", "--backend", "pynq")
    assert done.returncode == 0, done.stderr
    assert np.load(folder / "results.npy").shape == (1000, 10)


def test_a_seed_is_kept_with_the_artefact(demo):
    from lutdla.spec.artefact import Artefact

    folder, _, figures = demo
    artefact = Artefact.load(folder / "lutdla-demo" / "mlp.lut")
    assert artefact.provenance["seed"] == 0
    assert artefact.provenance["lut_accuracy"] == figures["lut_accuracy"]
    assert artefact.table_bytes == figures["table_bytes"]
