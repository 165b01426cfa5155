"""A build is a value: `BuildPlan`, all files and steps of an overlay, rendered before anything runs."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from lutdla.errors import ConfigError
from lutdla.spec.config import CoreConfig
from lutdla_overlay.block_design import NAME, block_design
from lutdla_overlay.boards import Board, load_board
from lutdla_overlay.design import Design
from lutdla_overlay.hwh import hwh
from lutdla_overlay.ip import ip_files
from lutdla_overlay.picture import picture
from lutdla_overlay.tcl import STEPS, render_all, render_common, render_step, script_name

PLAN_FILE = "plan.json"
PREDICTED = f"predicted/{NAME}.hwh"
ARCHIVE = f"{NAME}.xsa"
"""What the last step makes: bitstream and hardware hand-off."""

OUTPUTS = {
    "project": (f"project/{NAME}.xpr",), "synthesis": ("reports/synthesis_utilization.rpt",),
    "implementation": ("reports/utilization.rpt", "reports/timing.rpt"), "export": (ARCHIVE,),
}  # fmt: skip
"""Step -> files without which it has to run again."""


@dataclass(frozen=True)
class Step:
    """A run of Vivado: the script, and the digest that it leaves behind in `done/NAME` when it ended well.

    The digest covers everything that the step is made of, so that it changes with each of it.
    """

    name: str
    script: str
    digest: str

    @property
    def outputs(self) -> tuple[str, ...]:
        """Files without which it has to run again."""
        return OUTPUTS[self.name]


@dataclass(frozen=True)
class BuildPlan:
    """Everything a build is made of.

    Attributes:
        design: the block design.
        files: path in the build's folder -> text.
        steps: in order.
    """

    design: Design
    files: dict[str, str]
    steps: tuple[Step, ...]

    @property
    def board(self) -> Board:
        """Where the overlay runs."""
        return self.design.board

    @property
    def digest(self) -> str:
        """SHA-256 of all files."""
        return _digest(self.files)

    def write(self, folder: Path) -> list[str]:
        """Write the files; those of an older plan that are no part of this one go.

        Returns:
            Paths that were written or removed; none when the same plan was there.

        Raises:
            ConfigError: the folder holds something else.
        """
        if folder.exists() and not folder.is_dir():
            raise ConfigError(f"{folder}: is a file: name a folder for the build")
        changed = []
        for path in _files_of_older_plan(folder) - set(self.files):
            (folder / path).unlink(missing_ok=True)
            changed.append(path)
        for path, text in {**self.files, PLAN_FILE: self.describe()}.items():
            file = folder / path
            if file.is_file() and file.read_text(encoding="utf-8") == text:
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            changed.append(path)
        return sorted(changed)

    def describe(self) -> str:
        """The plan as JSON: board, core, clock, digests of steps, names of files."""
        return json.dumps({
            "board": self.board.key, "device": self.board.name, "clock_mhz": self.design.clock_mhz,
            "config": self.design.config.to_dict(), "digest": self.digest,
            "steps": {step.name: step.digest for step in self.steps}, "files": sorted(self.files),
        }, indent=2) + "\n"  # fmt: skip


def make_plan(config: CoreConfig, board: Board, clock_mhz: float, verilog: str, *,
              ultra_ram: bool = False) -> BuildPlan:
    """Plan the overlay of a core on a board; the same arguments give the same plan.

    Args:
        config: the core.
        board: where it runs.
        clock_mhz: most that the clock may be.
        verilog: the converted core (`lutdla_hdl.convert`).
        ultra_ram: whether tables go to UltraRAM.

    Raises:
        ConfigError: what this board cannot have.
        ToolError: jinja2 is missing.
    """
    return plan_design(block_design(config, board, clock_mhz), verilog, ultra_ram=ultra_ram)


def plan_design(design: Design, verilog: str, *, ultra_ram: bool = False) -> BuildPlan:
    """Plan a block design, whatever it is. Raises like `make_plan`."""
    common = {f"ip/{path}": text for path, text in ip_files(design.config, verilog, ultra_ram=ultra_ram).items()}
    common["tcl/common.tcl"] = render_common()
    files, steps, before = dict(common), [], _digest(common)
    for name in STEPS:
        before = _digest({"before": before, "script": render_step(name, design, "")})
        script = f"tcl/{script_name(name)}"
        files[script] = render_step(name, design, before)
        steps.append(Step(name, script, before))
    files["tcl/all.tcl"] = render_all()
    files[PREDICTED] = hwh(design)
    files["logs/README.txt"] = "Vivado's logs come here.\n"  # the folder has to be there when Vivado starts
    files[f"predicted/{NAME}.svg"] = picture(design)
    return BuildPlan(design, files, tuple(steps))


def planned_design(folder: Path) -> Design:
    """The block design of the plan that is in a build's folder.

    Raises:
        ConfigError: there is no plan, or not one of this version.
    """
    try:
        values = json.loads((folder / PLAN_FILE).read_text(encoding="utf-8"))
        board, config, clock_mhz = values["board"], values["config"], float(values["clock_mhz"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{folder / PLAN_FILE}: no plan ({error}): name the folder of a build") from error
    return block_design(CoreConfig.from_dict(config), load_board(board), clock_mhz)


def _digest(files: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:32]


def _files_of_older_plan(folder: Path) -> set[str]:
    try:
        listed = json.loads((folder / PLAN_FILE).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError):
        return set()
    # only what a plan can have made: a list from elsewhere must not reach out of the folder
    folders = ("ip", "tcl", "predicted", "logs")
    return {path for path in listed
            if isinstance(path, str) and path.split("/")[0] in folders and ".." not in path.split("/")}
