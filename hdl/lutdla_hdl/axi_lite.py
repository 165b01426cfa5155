"""AXI4-Lite slave: turns bus transfers into one write strobe and one registered read.

Address and data of a write may come in any order. One write and one read at a time; responses are always OKAY.
Latency: a write acts 1 cycle after both of its parts were taken, a read answers 2 cycles after its address.
"""

from __future__ import annotations

from typing import Any

from myhdl import always_comb, always_seq, block, instances

from lutdla_hdl.interfaces import AxiLite, bits, flag


@block
def axi_lite(
    clk: Any, rst: Any, s_axi: AxiLite, write: Any, write_slot: Any, write_data: Any, read_slot: Any, read_data: Any
) -> Any:
    """Args:
    write, write_slot, write_data: a register write (pulse), its address / 4, its data; byte lane 0 must be enabled.
    read_slot, read_data: address / 4 of a read, and what the register there holds (combinational answer).
    """
    n = len(write_slot)
    have_address, have_data, wanted, answering = flag(), flag(), flag(), flag()
    strobe, written, answer = flag(), flag(), bits(32)
    awaddr, awvalid, awready = s_axi.awaddr, s_axi.awvalid, s_axi.awready
    wdata, wstrb, wvalid, wready = s_axi.wdata, s_axi.wstrb, s_axi.wvalid, s_axi.wready
    bresp, bvalid, bready = s_axi.bresp, s_axi.bvalid, s_axi.bready
    araddr, arvalid, arready = s_axi.araddr, s_axi.arvalid, s_axi.arready
    rdata, rresp, rvalid, rready = s_axi.rdata, s_axi.rresp, s_axi.rvalid, s_axi.rready
    stop = 2 + n

    @always_comb
    def wires():
        awready.next = not have_address and not written
        wready.next = not have_data and not written
        bvalid.next = written
        bresp.next = 0
        arready.next = not wanted and not answering
        rvalid.next = answering
        rdata.next = answer
        rresp.next = 0
        write.next = have_address and have_data and strobe

    @always_seq(clk.posedge, reset=rst)
    def take_write():
        if awvalid and not have_address and not written:
            have_address.next = True
            write_slot.next = awaddr[stop:2]
        if wvalid and not have_data and not written:
            have_data.next = True
            write_data.next = wdata
            strobe.next = wstrb[0]
        if have_address and have_data:
            have_address.next = False
            have_data.next = False
            written.next = True
        if written and bready:
            written.next = False

    @always_seq(clk.posedge, reset=rst)
    def take_read():
        if arvalid and not wanted and not answering:
            wanted.next = True
            read_slot.next = araddr[stop:2]
        if wanted:
            wanted.next = False
            answering.next = True
            answer.next = read_data
        if answering and rready:
            answering.next = False

    return instances()
