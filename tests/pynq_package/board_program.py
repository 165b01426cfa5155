"""What a user does on a board, in an environment with numpy, pynq and lutdla alone; writes what it found as JSON.

python board_program.py ARCH NAME: on an emulated device of that architecture that is called NAME.
"""

import importlib.util
import json
import sys
from importlib.resources import files

import numpy as np

import lutdla

MODELS = files("lutdla_notebooks") / "models"


def run(accelerator, digits):
    """The first shipped model that fits: its name, how many digits it gets right, and its results."""
    for file in sorted(MODELS.glob("digits.*.lut")):
        if file.name == "digits.tiny.lut":  # for simulations
            continue
        try:
            results = accelerator.load(file)(digits["images"])
        except lutdla.errors.FitError:
            continue
        return file.name, int((results.argmax(axis=1) == digits["labels"]).sum()), results
    raise AssertionError("no shipped model fits")


def without_pynq(digits):
    """Results of the emulator."""
    for absent in ("torch", "myhdl", "pytest", "matplotlib", "jinja2"):
        assert importlib.util.find_spec(absent) is None, absent
    with lutdla.open("emulator") as accelerator:
        _, right, results = run(accelerator, digits)
    assert "pynq" not in sys.modules
    return right, results


def with_pynq(digits, arch, name):
    """Results of the overlay that pynq finds for the device, and the message where there is none."""
    import pynq
    from pynq.pl_server.device import Device

    from lutdla.emulation import EmulatedDevice

    Device.active_device = EmulatedDevice(arch=arch, name=name)
    driver = type(pynq.Overlay("lutdla.bit").lutdla)
    with lutdla.open("lutdla.bit") as accelerator:
        overlay = accelerator.core().backend.overlay
        model, right, results = run(accelerator, digits)
        assert overlay.lutdla.config == accelerator.config
        found = {"pynq": pynq.__version__, "bitfile": overlay.bitfile_name, "model": model, "right": right,
                 "driver": f"{driver.__module__}.{driver.__name__}", "images": overlay.lutdla.counters["IMAGES"]}

    Device.active_device = EmulatedDevice(name="Pynq-Z1")
    try:
        lutdla.open("lutdla.bit")
    except lutdla.errors.DeviceError as error:
        found["missing"] = str(error)
    return found, results


def main():
    with np.load(MODELS / "digits.npz") as file:
        digits = dict(file)
    emulator_right, emulated = without_pynq(digits)
    found, results = with_pynq(digits, *sys.argv[1:])
    found |= {"emulator_right": emulator_right, "same": bool(np.array_equal(results, emulated))}
    sys.stdout.write(json.dumps(found) + "\n")


main()
