"""What a running Vivado knows, and what of it stays on disk between two runs."""

import os
import pickle
from dataclasses import dataclass, field
from pathlib import Path

from tests.overlay.standin.arguments import VivadoError


@dataclass
class Run:
    name: str
    status: str = "Not started"
    progress: str = "0%"
    step: str = ""


@dataclass
class Project:
    """A project; kept beside its .xpr."""

    name: str
    folder: Path
    part: str
    board_part: str = ""
    repositories: list = field(default_factory=list)
    design: object = None
    files: list = field(default_factory=list)
    top: str = ""
    targets: bool = False
    runs: dict = field(default_factory=lambda: {name: Run(name) for name in ("synth_1", "impl_1")})

    @property
    def xpr(self):
        return self.folder / f"{self.name}.xpr"

    def save(self):
        self.xpr.write_bytes(pickle.dumps(self))


@dataclass
class Session:
    """One process."""

    version: str = field(default_factory=lambda: os.environ.get("STANDIN_VERSION", "2024.1"))
    project: Project = None
    catalogue: dict = field(default_factory=dict)
    opened_run: str = ""
    say: object = print

    def need_project(self):
        if self.project is None:
            raise VivadoError("[Common 17-53] User Exception: No open project. Please create or open a project before "
                              "executing this command.")
        return self.project

    def need_design(self):
        project = self.need_project()
        if project.design is None:
            raise VivadoError("[BD 5-104] A block design must be open to run this command. Please create/open a block "
                              "design.")
        return project.design
