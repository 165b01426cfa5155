"""Checks of an overlay's files, made before any register is touched: on a board an access to a wrong address hangs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from lutdla.errors import DeviceError

CORE_TYPE = "lutdla:ip:lutdla_core"
LARGEST_MANIFEST = 1 << 20
"""Bytes; a real one has some 2,000."""


def check_manifest(bitfile: Path) -> None:
    """Check bit and hwh against the manifest beside them (.json, written by `lutdla build`), where there is one.

    Raises:
        DeviceError: they are not those that were built together.
    """
    manifest = bitfile.with_suffix(".json")
    if not manifest.is_file():
        return
    try:
        if manifest.stat().st_size > LARGEST_MANIFEST:
            raise ValueError(f"it has {manifest.stat().st_size} bytes")
        stated = json.loads(manifest.read_text(encoding="utf-8"))
        sums = {kind: str(stated[f"{kind}_sha256"]) for kind in ("bit", "hwh")}
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DeviceError(f"{manifest}: no manifest of an overlay ({error!r}): copy .bit, .hwh and .json of one build, "
                          "or remove the .json") from error
    for kind, expected in sums.items():
        file = bitfile.with_suffix(f".{kind}")
        if not file.is_file():
            raise DeviceError(f"{file} is missing, its manifest {manifest.name} names it: copy .bit, .hwh and .json of "
                              "one build")
        found = hashlib.sha256(file.read_bytes()).hexdigest()
        if found != expected:
            raise DeviceError(f"{file}: SHA-256 {found[:16]}..., its manifest {manifest.name} says {expected[:16]}...: "
                              "they are not of one build, copy .bit, .hwh and .json together")


def check_metadata(ip_dict: Mapping[str, Mapping[str, Any]], bitfile: Path) -> None:
    """Check that what pynq knows of the core is what the hwh beside the bit file says.

    pynq keeps the metadata of the loaded bit file, and finds them again by the bit file alone: a newer hwh beside the
    same bit file is not looked at.

    Raises:
        DeviceError: they differ.
    """
    hwh = bitfile.with_suffix(".hwh")
    if not hwh.is_file():
        return
    try:
        root = ET.parse(hwh).getroot()
    except (ET.ParseError, OSError) as error:
        raise DeviceError(f"{hwh}: no hwh ({error}): copy .bit and .hwh of one build") from error
    for name, entry in ip_dict.items():
        if str(entry.get("type")).rpartition(":")[0] != CORE_TYPE:
            continue
        stated = _core_of(root, name.rpartition("/")[2])
        known = int(entry["phys_addr"]), str(entry.get("parameters", {}).get("CONFIG_HASH"))
        if stated is not None and stated != known:
            raise DeviceError(f"{hwh}: the core is at 0x{stated[0]:08X} with configuration hash {stated[1]}, pynq has "
                              f"it at 0x{known[0]:08X} with {known[1]}: pynq's cached metadata are stale, empty them "
                              "with pynq.PL.reset() and download the overlay")


def _core_of(root: ET.Element, instance: str) -> tuple[int, str] | None:
    """Address and CONFIG_HASH of the core called `instance` in a hwh; None if it is not there."""
    bases = {int(entry.get("BASEVALUE", "0"), 0) for entry in root.iter("MEMRANGE")
             if entry.get("INSTANCE") == instance}
    for module in root.iter("MODULE"):
        if module.get("INSTANCE") == instance and len(bases) == 1:
            values = {entry.get("NAME"): entry.get("VALUE") for entry in module.iter("PARAMETER")}
            return bases.pop(), str(values.get("CONFIG_HASH"))
    return None


def stated_clock_mhz(ip_dict: Mapping[str, Mapping[str, Any]]) -> float | None:
    """The frequency of PL clock 0 that the overlay was made for, as its hwh states it; None if it does not."""
    for entry in ip_dict.values():
        parameters = entry.get("parameters", {})
        for name in ("PCW_ACT_FPGA0_PERIPHERAL_FREQMHZ", "PCW_FPGA0_PERIPHERAL_FREQMHZ",
                     "PSU__CRL_APB__PL0_REF_CTRL__ACT_FREQMHZ", "PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ"):  # fmt: skip
            if name in parameters:
                return float(parameters[name])
    return None


CLOCK_TOLERANCE = 0.01
"""A clock may be this much faster than stated: pynq rounds crystal frequencies."""


def check_clock(ip_dict: Mapping[str, Mapping[str, Any]], clock_mhz: float, path: str) -> None:
    """Check that the core's clock is not faster than the overlay was made for: results would be wrong, now and then.

    Raises:
        DeviceError: it is.
    """
    stated = stated_clock_mhz(ip_dict)
    if stated is not None and clock_mhz > stated * (1 + CLOCK_TOLERANCE):
        raise DeviceError(f"{path}: PL clock 0 runs at {clock_mhz:g} MHz, the overlay was made for {stated:g} MHz: "
                          f"download the overlay again, or set pynq.Clocks.fclk0_mhz = {stated:g}")
