"""`lutdla hdl`: Verilog of a core."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from lutdla.cli._figures import HELP, console_beside, write_figures
from lutdla.errors import ConfigError, ToolError

OUTPUT_LINES = 20
"""Lines of a failed generator that its error shows."""


def command(
    config: Annotated[Path, typer.Option("--config", help="Configuration of the core: .json or .toml.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the Verilog.")],
    timeout_s: Annotated[float, typer.Option(min=1, help="Longest time for generating, in seconds.")] = 600.0,
    json_file: Annotated[Path | None, typer.Option("--json", help=HELP)] = None,
) -> None:
    """Write the Verilog of a core."""
    if not config.is_file():
        raise ConfigError(f"{config}: no such file: write the fields of CoreConfig as .json or .toml")
    # A process of its own: MyHDL keeps global state, and is not needed by anything else here.
    arguments = [sys.executable, "-m", "lutdla_hdl", "--config", str(config), "--out", str(out)]
    try:
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=timeout_s, check=False)
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"generating Verilog for {config} did not end within {timeout_s:g} s: "
                        "give a longer --timeout-s") from error
    if done.returncode:
        tail = "\n".join(done.stderr.splitlines()[-OUTPUT_LINES:])
        raise ToolError(f"generating Verilog for {config} failed with exit status {done.returncode}; `lutdla doctor` "
                        f"shows what is missing. It said:\n{tail}")
    file = done.stdout.strip()
    console_beside(json_file, highlight=False, markup=False, soft_wrap=True).print(file)
    write_figures(json_file, {"verilog": file})
