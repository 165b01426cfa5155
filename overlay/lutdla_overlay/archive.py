"""From the archive that Vivado writes (.xsa) to the files that PYNQ wants: NAME.BOARD.bit and NAME.BOARD.hwh."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

from lutdla.errors import ToolError
from lutdla_overlay.block_design import NAME
from lutdla_overlay.plan import ARCHIVE, BuildPlan

LARGEST_BYTES = 256 << 20
"""No bitstream of a supported part is larger; an archive that claims more is broken."""


@dataclass(frozen=True)
class Overlay:
    """Files of a finished overlay for one board."""

    bit: Path
    hwh: Path
    about: Path


def overlay_folder(folder: Path) -> Path:
    """Where overlays of several boards lie together: PYNQ finds that of its board there."""
    return folder / f"{NAME}.bit.d"


def take_overlay(plan: BuildPlan, folder: Path) -> Overlay:
    """Take bitstream and hwh out of the archive of a finished build, into `NAME.bit.d/`.

    Beside them goes a JSON file that says what they were made of, with their SHA-256.

    Raises:
        ToolError: no archive, or not exactly one of each in it.
    """
    archive, target = folder / ARCHIVE, overlay_folder(folder)
    contents = {kind: _one(archive, kind) for kind in ("bit", "hwh")}
    target.mkdir(exist_ok=True)
    stem = f"{NAME}.{plan.board.name}"
    about = {"board": plan.board.key, "clock_mhz": plan.design.clock_mhz,
             "config": plan.design.config.to_dict(), "plan": plan.digest}
    for kind, content in contents.items():
        (target / f"{stem}.{kind}").write_bytes(content)
        about[f"{kind}_sha256"] = hashlib.sha256(content).hexdigest()
    (target / f"{stem}.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    return Overlay(target / f"{stem}.bit", target / f"{stem}.hwh", target / f"{stem}.json")


def _one(archive: Path, kind: str) -> bytes:
    try:
        with zipfile.ZipFile(archive) as opened:
            found = [entry for entry in opened.infolist() if entry.filename.endswith(f".{kind}")]
            if kind == "hwh" and len(found) > 1:  # Vivado adds one for each SmartConnect; the design's has its name
                found = [entry for entry in found if Path(entry.filename).stem == NAME]
            if len(found) != 1:
                raise ToolError(f"{archive} holds {len(found)} files .{kind}, there must be one: run the step export "
                                "again")
            if found[0].file_size > LARGEST_BYTES:
                raise ToolError(f"{archive}: {found[0].filename} has {found[0].file_size} bytes, more than "
                                f"{LARGEST_BYTES}: the archive is broken")
            return opened.read(found[0])
    except (OSError, zipfile.BadZipFile) as error:
        raise ToolError(f"{archive}: no archive of Vivado ({error}): run the step export again") from error
