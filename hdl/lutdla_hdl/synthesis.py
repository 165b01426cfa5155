"""Area of the core by yosys: `synth_xilinx` on the converted Verilog, counted cell by cell.

These are yosys' estimates, not Vivado's. pyosys keeps state in the process, so each synthesis runs in its own.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from lutdla.errors import ToolError
from lutdla_hdl.convert import TOP

SYNTHESIS_TIMEOUT_S = 1800.0

FAMILIES = ("xc7", "xcup")
"""7-series and UltraScale+, as `synth_xilinx -family` names them."""

_SCRIPT = """\
import json, sys
import pyosys.libyosys as ys
design = ys.Design()
for command in json.loads(sys.argv[1]):
    ys.run_pass(command, design)
"""

_KEEP_DIFFERENCES = "setattr -set keep 1 w:*_difference"
"""For l2, (x - centroid) squared. yosys 0.70 would move the subtraction into a DSP48E1's pre-adder, which reaches only
one of the multiplier's two operands, and leave the other one 0: a netlist that computes something else. Kept, the
difference is a register in front of the DSP, as the DSP48E1 needs it."""


def pyosys_share() -> Path:
    """Folder with yosys' cell libraries and models (`xilinx/cells_sim.v`).

    Raises:
        ToolError: pyosys is not installed.
    """
    spec = importlib.util.find_spec("pyosys")
    if spec is None or spec.origin is None:
        raise ToolError("synthesis needs the package pyosys, which is not installed: pip install lutdla[hdl]")
    return Path(spec.origin).parent / "share"


def synthesize(
    verilog: str | Path,
    *,
    top: str = TOP,
    family: str = "xc7",
    options: tuple[str, ...] = (),
    netlist: str | Path | None = None,
    timeout_s: float = SYNTHESIS_TIMEOUT_S,
) -> dict[str, int]:
    """Synthesize a converted core, or another design, flattened, without I/O and clock buffers (it is a part of one).

    Args:
        verilog: its Verilog.
        top: its module.
        family: one of `FAMILIES`.
        options: further options of `synth_xilinx`, for example `-nobram`.
        netlist: where to write the netlist as Verilog.
        timeout_s: most seconds it may take.

    Returns:
        Cell type -> number of cells, for example {"LUT6": ..., "RAMB36E1": ...}.

    Raises:
        ToolError: pyosys is missing or failed, or there was no end to it.
    """
    pyosys_share()
    if family not in FAMILIES:
        raise ToolError(f"family is {family!r}: use one of {', '.join(FAMILIES)}")
    synth = " ".join(["synth_xilinx", "-family", family, "-top", top, "-flatten", "-noiopad", "-noclkbuf", *options])
    with tempfile.TemporaryDirectory(prefix="lutdla-synthesis-") as temporary:
        statistics = Path(temporary) / "statistics.json"
        commands = [f"read_verilog {Path(verilog).absolute()}", f"{synth} -run :map_dsp", _KEEP_DIFFERENCES,
                    f"{synth} -run map_dsp:", f"tee -q -o {statistics} stat -json"]  # fmt: skip
        if netlist is not None:
            commands.append(f"write_verilog -noattr {Path(netlist).absolute()}")
        try:
            done = subprocess.run([sys.executable, "-c", _SCRIPT, json.dumps(commands)], cwd=temporary,
                                  capture_output=True, text=True, timeout=timeout_s, check=False)  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise ToolError(f"synthesis of {verilog} took longer than {timeout_s:g} s") from error
        if done.returncode or not statistics.exists():
            raise ToolError(f"synthesis of {verilog} failed:\n{(done.stdout + done.stderr)[-2000:]}")
        cells = json.loads(statistics.read_text())["design"]["num_cells_by_type"]
    return {name: int(count) for name, count in cells.items()}
