"""A block's Verilog against its MyHDL simulation: what goes in is recorded, and replayed in Icarus Verilog."""

import re
import shutil
import subprocess
import warnings

from myhdl import ToVerilogWarning, always_comb, block

from lutdla_hdl.interfaces import named
from tests.hdl.bench import Bench

_BENCH = """\
module replay;
  reg clk = 0;
  reg [{width}:0] stimulus [0:{last}];
  reg [{width}:0] row;
{wires}
  integer i;
  {name} dut (.clk(clk){pins});
  initial begin
    $readmemh("stimulus.hex", stimulus);
    for (i = 0; i <= {last}; i = i + 1) begin
      row = stimulus[i];
      #1 $display("{formats}"{outputs});
      clk = 1;
      #1 clk = 0;
      #1;
    end
  end
endmodule
"""


@block
def cut(source, target):
    """`target` = `source`. A slice of a top-level port cannot be indexed in Verilog; a signal of its own can."""

    @always_comb
    def copy():
        target.next = source

    return copy


@block
def relay(source, target):
    """All signals of an interface, copied. MyHDL converts slices of a top-level interface's signals to nothing."""
    return [named(cut(getattr(source, name), getattr(target, name)), name) for name in vars(source)]


def ports(prefix, bundle):
    """Port name -> signal, for an interface that is the argument `prefix` of the top block."""
    return {f"{prefix}_{name}": signal for name, signal in vars(bundle).items()}


class RecordedBench(Bench):
    """A bench that remembers, for every rising edge, the inputs and outputs before it."""

    def __init__(self, clk, block, inputs, outputs, reset=None):
        self.inputs, self.outputs, self.rows = inputs, outputs, []
        super().__init__(clk, block, reset=reset)
        self.undefined = len(self.rows)
        """Cycles until reset is over: in Verilog, nothing is defined before."""

    def step(self, cycles=1):
        for _ in range(cycles):
            self.settle()
            # `next`: inputs set before the very first edge are not there yet
            inputs = [int(s.next) for s in self.inputs.values()]
            self.rows.append((inputs, [int(s) for s in self.outputs.values()]))
            super().step()


def assert_verilog_agrees(bench, made, folder, valid):
    """Convert `made`, replay what `bench` recorded, compare outputs.

    Args:
        bench: a `RecordedBench` that has run a block made in the same way.
        made: a fresh instance, whose top-level arguments have the names in `bench.inputs` and `bench.outputs`.
        valid: function of a row of outputs (a dict): which of them must agree there.
    """
    assert shutil.which("iverilog"), "Icarus Verilog is missing: sudo apt-get install iverilog"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ToVerilogWarning)
        made.convert(hdl="Verilog", path=str(folder), name="dut", no_myhdl_header=True, testbench=False,
                     initial_values=False)  # fmt: skip
    text = (folder / "dut.v").read_text()
    assert not re.search(r"\b00+\b", text), "MyHDL converted a slice to nothing: copy the top-level signal first"
    found = set(re.findall(r"^(?:input|output) (?:signed )?(?:\[\d+:0\] )?(\w+);", text, re.MULTILINE))
    assert set(bench.outputs) <= found, found
    at, pins, words = 0, [], [0] * len(bench.rows)
    for k, (name, signal) in enumerate(bench.inputs.items()):
        width = len(signal) or 1
        for i, (row, _) in enumerate(bench.rows):
            words[i] |= (row[k] & ((1 << width) - 1)) << at
        if name in found:
            pins.append(f", .{name}(row[{at + width - 1}:{at}])")
        at += width
    (folder / "stimulus.hex").write_text("".join(f"{word:x}\n" for word in words))
    wires = [f"  wire [{(len(s) or 1) - 1}:0] {name};" for name, s in bench.outputs.items()]
    pins += [f", .{name}({name})" for name in bench.outputs]
    (folder / "replay.v").write_text(_BENCH.format(
        width=at - 1, last=len(words) - 1, wires="\n".join(wires), name="dut", pins="".join(pins),
        formats=" ".join(["%b"] * len(bench.outputs)), outputs="".join(f", {name}" for name in bench.outputs),
    ))  # fmt: skip
    for command in (["iverilog", "-g2005", "-o", "replay", "dut.v", "replay.v"], ["vvp", "-n", "replay"]):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert len(lines) == len(bench.rows)
    compared = 0
    for i, (line, (_, row)) in enumerate(zip(lines, bench.rows)):
        expected = dict(zip(bench.outputs, row))
        seen = dict(zip(bench.outputs, line))
        for name in valid(expected) if i >= bench.undefined else ():
            width = len(bench.outputs[name]) or 1
            assert seen[name] == f"{expected[name] & ((1 << width) - 1):0{width}b}", (
                f"{name} in cycle {i}: {seen[name]}"
            )
            compared += 1
    assert compared, "nothing was compared"
