"""AXI handshake rules, proved on the converted Verilog by yosys' SAT solver (pyosys, in a process of its own).

m_axis: unbounded, by induction. s_axi: bounded, every behaviour of the first `DEPTH` cycles after reset.
"""

import json
import subprocess
import sys

import pytest
from myhdl import ResetSignal, ToVerilogWarning

from lutdla_hdl.axi_lite import axi_lite
from lutdla_hdl.frame_output import frame_output
from lutdla_hdl.interfaces import AxiLite, AxiStream, Rows, bits, flag
from tests.strategies import TINY

DEPTH = 24

STREAM_RULES = """
module rules(input clk, input rst, input enable, input rows_valid, input [95:0] rows_data,
             input rows_closing, input tready);
    wire pop, tvalid, tlast; wire [63:0] tdata;
    frame_output dut(.clk(clk), .rst(rst), .enable(enable), .pop(pop),
        .rows_valid(rows_valid), .rows_data(rows_data), .rows_closing(rows_closing), .m_axis_tdata(tdata),
        .m_axis_tvalid(tvalid), .m_axis_tready(tready), .m_axis_tlast(tlast));
    reg past = 0, was_running = 0, was_valid = 0, was_ready = 0, was_last = 0; reg [63:0] was_data = 0;
    always @(posedge clk) begin
        past <= 1; was_running <= rst; was_valid <= tvalid; was_ready <= tready; was_last <= tlast; was_data <= tdata;
    end
    // a beat that is offered stays, unchanged, until it is taken
    always @* if (past && was_running && was_valid && !was_ready)
        assert(tvalid && tdata == was_data && tlast == was_last);
endmodule
"""

REGISTER_RULES = """
module rules(input clk, input rst, input [11:0] awaddr, input awvalid, input [31:0] wdata, input [3:0] wstrb,
             input wvalid, input bready, input [11:0] araddr, input arvalid, input rready, input [31:0] read_data);
    wire awready, wready, bvalid, arready, rvalid, write; wire [31:0] rdata, write_data; wire [1:0] bresp, rresp;
    wire [9:0] write_slot, read_slot;
    axi_lite dut(.clk(clk), .rst(rst), .s_axi_awaddr(awaddr), .s_axi_awvalid(awvalid), .s_axi_awready(awready),
        .s_axi_wdata(wdata), .s_axi_wstrb(wstrb), .s_axi_wvalid(wvalid), .s_axi_wready(wready), .s_axi_bresp(bresp),
        .s_axi_bvalid(bvalid), .s_axi_bready(bready), .s_axi_araddr(araddr), .s_axi_arvalid(arvalid),
        .s_axi_arready(arready), .s_axi_rdata(rdata), .s_axi_rresp(rresp), .s_axi_rvalid(rvalid),
        .s_axi_rready(rready), .write(write), .write_slot(write_slot), .write_data(write_data),
        .read_slot(read_slot), .read_data(read_data));
    reg past = 0, was_running = 0, was_bvalid = 0, was_bready = 0, was_rvalid = 0, was_rready = 0;
    reg [31:0] was_rdata = 0; reg [2:0] addresses = 0, words = 0, reads = 0;
    always @(posedge clk) begin
        past <= 1; was_running <= rst; was_bvalid <= bvalid; was_bready <= bready; was_rvalid <= rvalid;
        was_rready <= rready; was_rdata <= rdata;
        if (!rst) begin addresses <= 0; words <= 0; reads <= 0; end
        else begin
            addresses <= addresses + (awvalid && awready) - (bvalid && bready);
            words <= words + (wvalid && wready) - (bvalid && bready);
            reads <= reads + (arvalid && arready) - (rvalid && rready);
        end
    end
    always @* if (past && was_running) begin
        if (was_bvalid && !was_bready) assert(bvalid);                          // a response stays until it is taken
        if (was_rvalid && !was_rready) assert(rvalid && rdata == was_rdata);
        assert(addresses <= 1 && words <= 1 && reads <= 1);                     // one request at a time
        if (bvalid) assert(addresses == 1 && words == 1);                       // no response without its request
        if (rvalid) assert(reads == 1);
    end
endmodule
"""


def verilog(instance, name, folder):
    """Convert a block; returns its text."""
    instance.convert(hdl="Verilog", path=str(folder), name=name, testbench=False, no_myhdl_header=True)
    return (folder / f"{name}.v").read_text()


def proved(design, rules, folder, *options):
    """Whether the rules hold; anything but a proof or a counterexample fails the test."""
    (folder / "dut.v").write_text(design)
    (folder / "rules.sv").write_text(rules)
    commands = [
        "read_verilog dut.v", "read_verilog -sv -formal rules.sv", "prep -top rules -flatten", "async2sync",
        "chformal -lower", "opt -full",
        " ".join(["sat -tempinduct -prove-asserts -seq 1 -set-at 1 rst 0", *options]),
    ]  # fmt: skip
    script = ("import json, sys, pyosys.libyosys as ys\nd = ys.Design()\n"
              "for c in json.loads(sys.argv[1]): ys.run_pass(c, d)\n")
    done = subprocess.run([sys.executable, "-c", script, json.dumps(commands)], cwd=folder, capture_output=True,
                          text=True, timeout=250)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    endings = ("Induction step proven: SUCCESS!", f"base case for {DEPTH} steps: SUCCESS!", "for base case: FAIL!")
    verdict = [ending in done.stdout for ending in endings]
    assert sum(verdict) == 1, done.stdout[-2000:]
    return not verdict[2]


@pytest.fixture
def stream(tmp_path):
    rst = ResetSignal(0, active=0, isasync=False)
    block = frame_output(flag(), rst, Rows(TINY), flag(), flag(), AxiStream(64), TINY)
    with pytest.warns(ToVerilogWarning, match="Port is not used: rows_"):
        return verilog(block, "frame_output", tmp_path)


@pytest.fixture
def registers(tmp_path):
    rst = ResetSignal(0, active=0, isasync=False)
    block = axi_lite(flag(), rst, AxiLite(), flag(), bits(10), bits(32), bits(10), bits(32))
    with pytest.warns(ToVerilogWarning, match="Port is not used: s_axi_a[wr]prot"):
        return verilog(block, "axi_lite", tmp_path)


def test_results_stay_until_they_are_taken(stream, tmp_path):
    assert proved(stream, STREAM_RULES, tmp_path, "-maxsteps 20")


def test_the_stream_proof_finds_a_beat_that_does_not_wait(stream, tmp_path):
    wrong = stream.replace("m_axis_tready)", "1'b1)")
    assert wrong != stream
    assert not proved(wrong, STREAM_RULES, tmp_path, "-maxsteps 20")


def test_register_answers_follow_the_rules(registers, tmp_path):
    assert proved(registers, REGISTER_RULES, tmp_path, f"-tempinduct-baseonly -maxsteps {DEPTH}")


def test_the_register_proof_finds_an_answer_that_does_not_wait(registers, tmp_path):
    wrong = registers.replace("(answering && s_axi_rready)", "answering")
    assert wrong != registers
    assert not proved(wrong, REGISTER_RULES, tmp_path, f"-tempinduct-baseonly -maxsteps {DEPTH}")
