"""dwn2rtl: a weightless network as Verilog, simulated against its software model.

package = "dwn2rtl"
pip = ["dwn2rtl", "torch"]
needs = ["iverilog"]
network = "no MLP: 784 pixels in 3 bits, one layer of 300 six-input tables, 10 classes (the size its README shows)"
verified = "classes of all its test vectors, Verilog against its software model"
steps = ["pip install dwn2rtl", "install a Verilog simulator", "build the model and its thermometer", "save",
         "write the Verilog", "simulate and compare"]
note = '''its layers come from torch-dwn, which builds a CUDA extension: random tables of the same form stand for
them; images/s is its `verify` in Icarus Verilog, which compiles the Verilog every time'''
"""

import dwn2rtl
import torch


class LUTLayer(torch.nn.Module):
    """Tables of 2**n bits, each of n bits of the input."""

    def __init__(self, bits: int, tables: int, n: int = 6) -> None:
        super().__init__()
        self.luts = torch.nn.Parameter(torch.rand(tables, 2**n) * 2 - 1)
        self.mapping = torch.nn.Parameter(torch.randint(0, bits, (tables, n)).int(), requires_grad=False)


class GroupSum(torch.nn.Module):
    """Adds up the bits of each class."""

    def __init__(self, k: int) -> None:
        super().__init__()
        self.k = k


torch.manual_seed(0)
thermometer = {"thresholds": torch.rand(784, 3).sort(dim=1).values}
model = torch.nn.Sequential(LUTLayer(784 * 3, 300), GroupSum(10))
dwn2rtl.save(model, thermometer, "model.dwn")
dwn2rtl.build("model.dwn", "rtl", input_bits=8)
report = dwn2rtl.verify("rtl")
if not report.ok:
    raise SystemExit("\n".join(report.lines()))


# -- for the benchmark: what is timed ----------------------------------------------------------------------------------
def simulate() -> int:
    """Simulate the whole design on its test vectors; returns how many."""
    return dwn2rtl.verify("rtl", levels=("top",)).levels[0].vectors
