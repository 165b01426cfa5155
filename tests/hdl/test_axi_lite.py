"""The slave alone, with every order of address, data and response that AXI4-Lite allows."""

import random

import pytest
from myhdl import ResetSignal

from lutdla_hdl.axi_lite import axi_lite
from lutdla_hdl.interfaces import AxiLite, bits, flag
from tests.hdl.bench import Bench


class Slave:
    """The block with registers behind it that answer the complement of their slot; `writes` it made."""

    def __init__(self):
        self.clk, self.rst, self.bus = flag(), ResetSignal(1, active=0, isasync=False), AxiLite()
        self.write, self.write_slot, self.write_data = flag(), bits(10), bits(32)
        self.read_slot, self.read_data = bits(10), bits(32)
        self.writes = []
        dut = axi_lite(self.clk, self.rst, self.bus, self.write, self.write_slot, self.write_data, self.read_slot,
                       self.read_data)  # fmt: skip
        self.bench = Bench(self.clk, dut, reset=self.rst)

    def __enter__(self):
        return self

    def __exit__(self, *arguments):
        self.bench.__exit__(*arguments)

    def cycle(self):
        """One clock; returns which of the five handshakes happened."""
        bus = self.bus
        self.bench.settle()
        self.read_data.next = 0xFFFFFFFF ^ int(self.read_slot)
        happened = {name for name in ("aw", "w", "b", "ar", "r")
                    if getattr(bus, name + "valid") and getattr(bus, name + "ready")}  # fmt: skip
        if self.write:
            self.writes.append((int(self.write_slot), int(self.write_data)))
        self.bench.step()
        return happened

    def write_access(self, address, data, wait, strobe=15):
        """One write; `wait`: cycles before address, data and response are offered."""
        bus, done = self.bus, set()
        for cycle in range(40):
            bus.awvalid.next = cycle >= wait["aw"] and "aw" not in done
            bus.wvalid.next = cycle >= wait["w"] and "w" not in done
            bus.bready.next = cycle >= wait["b"]
            bus.awaddr.next, bus.wdata.next, bus.wstrb.next = address, data, strobe
            if not bus.awvalid.next:
                bus.awaddr.next = 0xFFC  # only valid beats may be looked at
            if not bus.wvalid.next:
                bus.wdata.next = 0xDEAD
            assert not (bus.bvalid and done != {"aw", "w"}), "an answer before the whole write was taken"
            done |= self.cycle() & {"aw", "w", "b"}
            if "b" in done:
                assert int(bus.bresp) == 0
                bus.awvalid.next = bus.wvalid.next = bus.bready.next = False
                return
        raise AssertionError(f"no answer: {done}")


ORDERS = {
    "together": {"aw": 0, "w": 0, "b": 0}, "address before data": {"aw": 0, "w": 5, "b": 0},
    "data before address": {"aw": 5, "w": 0, "b": 0}, "slow bready": {"aw": 0, "w": 0, "b": 12},
    "address first, slow bready": {"aw": 0, "w": 3, "b": 20},
}  # fmt: skip


@pytest.mark.parametrize("wait", ORDERS.values(), ids=ORDERS)
def test_a_write_acts_once(wait):
    with Slave() as slave:
        for i in range(3):
            slave.write_access(0x24 + 4 * i, 100 + i, wait)
        for _ in range(3):
            slave.cycle()
        assert slave.writes == [(9, 100), (10, 101), (11, 102)]


def test_a_write_without_its_strobe_answers_and_does_nothing():
    with Slave() as slave:
        slave.write_access(0x24, 7, ORDERS["together"], strobe=0)
        slave.write_access(0x24, 7, ORDERS["together"], strobe=0b1110)
        assert slave.writes == []
        slave.write_access(0x28, 8, ORDERS["together"], strobe=0b0001)
        assert slave.writes == [(10, 8)]


def test_the_answer_stays_until_it_is_taken():
    with Slave() as slave:
        bus = slave.bus
        bus.awvalid.next = bus.wvalid.next = True
        slave.cycle()
        bus.awvalid.next = bus.wvalid.next = False
        slave.cycle()
        for _ in range(10):
            assert bus.bvalid
            slave.cycle()
        bus.bready.next = True
        assert "b" in slave.cycle()
        assert not bus.bvalid


@pytest.mark.parametrize("wait", [0, 1, 9])
def test_a_read_answers_and_waits_for_rready(wait):
    with Slave() as slave:
        bus = slave.bus
        for slot in (3, 1023, 0):
            bus.araddr.next, bus.arvalid.next, bus.rready.next = 4 * slot, True, wait == 0
            assert any("ar" in slave.cycle() for _ in range(3))
            bus.arvalid.next, bus.araddr.next = False, 0x7F0
            for _ in range(2):
                slave.cycle()
                if bus.rvalid:
                    break
            for _ in range(wait):
                assert bus.rvalid
                assert int(bus.rdata) == 0xFFFFFFFF ^ slot
                slave.cycle()
            assert int(bus.rresp) == 0
            assert int(bus.rdata) == 0xFFFFFFFF ^ slot
            bus.rready.next = True
            assert "r" in slave.cycle()
            assert not bus.rvalid
            bus.rready.next = False


def test_random_traffic_of_reads_and_writes_at_once():
    rng = random.Random(5)
    with Slave() as slave:
        bus, sent, asked, answered = slave.bus, [], [], 0
        writes = [(rng.randrange(1024), rng.getrandbits(32)) for _ in range(40)]
        reads = [rng.randrange(1024) for _ in range(40)]
        at = {"aw": 0, "w": 0, "ar": 0}
        on = dict.fromkeys(at, False)
        for _ in range(1500):
            for name, queue in (("aw", writes), ("w", writes), ("ar", reads)):
                on[name] = on[name] or (at[name] < len(queue) and rng.random() < 0.3)
                getattr(bus, name + "valid").next = on[name]
            if at["aw"] < len(writes):
                bus.awaddr.next = 4 * writes[at["aw"]][0]
            if at["w"] < len(writes):
                bus.wdata.next, bus.wstrb.next = writes[at["w"]][1], 15
            if at["ar"] < len(reads):
                bus.araddr.next = 4 * reads[at["ar"]]
            bus.bready.next, bus.rready.next = rng.random() < 0.4, rng.random() < 0.4
            value = int(bus.rdata)
            happened = slave.cycle()
            for name in at:
                if name in happened:
                    at[name], on[name] = at[name] + 1, False
            if "b" in happened:
                sent.append("b")
            if "r" in happened:
                asked.append(value)
            answered = len(sent) + len(asked)
            if answered == len(writes) + len(reads):
                break
        assert answered == len(writes) + len(reads)
        assert slave.writes == writes
        assert asked == [0xFFFFFFFF ^ slot for slot in reads]


def test_reset_forgets_half_a_write():
    with Slave() as slave:
        bus = slave.bus
        bus.awvalid.next, bus.awaddr.next = True, 0x40
        slave.cycle()
        bus.awvalid.next = False
        slave.rst.next = 0
        slave.cycle()
        slave.rst.next = 1
        slave.cycle()
        slave.write_access(0x24, 1, ORDERS["data before address"])
        assert slave.writes == [(9, 1)]
