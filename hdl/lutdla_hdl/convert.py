"""MyHDL -> Verilog, reproducibly: the same configuration always gives the same bytes.

MyHDL keeps state between conversions and orders some output by hash, so each conversion runs in a process of its own
with a fixed hash seed, writes to a temporary folder, and is moved into place only when it succeeded.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

from lutdla.errors import ToolError
from lutdla.spec.config import CoreConfig

TOP = "lutdla_core"
"""Name of the Verilog module."""

CONVERT_TIMEOUT_S = 600.0

WAIVERS = """\
`verilator_config
// MyHDL writes expressions of unequal width where Verilog's own extension is meant.
lint_off -rule WIDTH -file "*lutdla_core.v"
// Ports and fields that AXI or the record layout asks for, but that this configuration does not need:
lint_off -rule UNUSEDSIGNAL -file "*lutdla_core.v" -match "*s_axi_awprot*"
lint_off -rule UNUSEDSIGNAL -file "*lutdla_core.v" -match "*s_axi_arprot*"
// registers are whole words: only byte lane 0 is looked at, and the low address bits are not
lint_off -rule UNUSEDSIGNAL -file "*lutdla_core.v" -match "*s_axi_*addr*"
lint_off -rule UNUSEDSIGNAL -file "*lutdla_core.v" -match "*s_axi_wstrb*"
lint_off -rule UNUSEDSIGNAL -file "*lutdla_core.v" -match "*registers_write_data*"
// fields of records and windows are 16 bits, memories of this configuration need fewer
lint_off -rule UNUSEDSIGNAL -file "*lutdla_core.v" -match "*program_memory_column*_rdata*"
lint_off -rule UNUSEDSIGNAL -file "*lutdla_core.v" -match "*window_memory_column*_rdata*"
lint_off -rule UNUSEDSIGNAL -file "*lutdla_core.v" -match "*decoder_load_*"
// bits of the constants' shift byte above SHIFT_MAX, and padding of a memory word to whole beats
lint_off -rule UNUSEDSIGNAL -file "*lutdla_core.v" -match "*requantize_constants_column*_rdata*"
// the last comparison of an encoder gives an index; nobody asks for its distance
lint_off -rule UNUSEDSIGNAL -file "*lutdla_core.v" -match "*nearest_nearer*_least*"
// the lowest bit only carries the sign in
lint_off -rule UNUSEDSIGNAL -file "*lutdla_core.v" -match "*_l1_add*_wide*"
// groups of the input frame are all encoded, and known to be of it
lint_off -rule UNUSEDSIGNAL -file "*lutdla_core.v" -match "*frame_input_out_encode*"
lint_off -rule UNUSEDSIGNAL -file "*lutdla_core.v" -match "*frame_input_out_from_input*"
"""
"""Verilator's waiver file, beside the Verilog: every lint warning that is switched off, with its reason."""


def convert_here(config: CoreConfig, folder: Path) -> None:
    """Convert in this process (only `python -m lutdla_hdl` should: see the module's docstring)."""
    from myhdl import ToVerilogWarning

    from lutdla_hdl.core import lutdla_core, ports
    from lutdla_hdl.short_stack import short_stack

    header = f"lutdla core, generated. Configuration hash {config.hash:08x}: {json.dumps(config.to_dict())}"
    with warnings.catch_warnings(), short_stack():
        warnings.simplefilter("ignore", ToVerilogWarning)  # unused ports: Verilator's lint says the same, see WAIVERS
        core = lutdla_core(*ports(config), config)
        core._clear = lambda: None  # elaborates again, for a design that was converted before; here none was
        core.convert(
            hdl="Verilog", path=str(folder), name=TOP, header=f"// {header}", no_myhdl_header=True, testbench=False,
            initial_values=False,
        )  # fmt: skip
    if re.search(r"\(00\b|\[-", (folder / f"{TOP}.v").read_text()):
        raise ToolError("MyHDL converted a slice of a concatenation to nothing: give the concatenation a signal")
    (folder / f"{TOP}.vlt").write_text(WAIVERS)
    (folder / f"{TOP}.json").write_text(json.dumps(config.to_dict(), indent=2) + "\n")


def convert(config: CoreConfig, out: str | Path) -> Path:
    """Write `lutdla_core.v`, its lint waivers and its configuration to a folder.

    Returns:
        Path of the Verilog file.

    Raises:
        ToolError: the conversion failed; holds its output.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".convert-") as temporary:
        file = Path(temporary) / "config.json"
        file.write_text(json.dumps(config.to_dict()))
        command = [sys.executable, "-m", "lutdla_hdl", "--config", str(file), "--out", temporary, "--here"]
        path = os.pathsep.join(entry for entry in sys.path if entry)
        environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": path}
        try:
            done = subprocess.run(command, env=environment, capture_output=True, text=True,
                                  timeout=CONVERT_TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired as error:
            raise ToolError(f"conversion of ({config}) took longer than {CONVERT_TIMEOUT_S:.0f} s") from error
        if done.returncode:
            raise ToolError(f"conversion of ({config}) failed:\n{done.stderr[-2000:]}")
        for name in (f"{TOP}.vlt", f"{TOP}.json", f"{TOP}.v"):
            (Path(temporary) / name).replace(out / name)
    return out / f"{TOP}.v"
