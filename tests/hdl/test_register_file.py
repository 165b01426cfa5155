"""The registers behind their bus: what each one shows, and what a write does."""

import random

import pytest
from myhdl import ResetSignal

from lutdla.spec.registers import BY_NAME, COUNTERS, MEMORY_CRCS, REGISTERS, constant_registers
from lutdla_hdl.crc import START
from lutdla_hdl.decoder import LoadState
from lutdla_hdl.interfaces import AxiLite, bits, flag
from lutdla_hdl.register_file import register_file
from tests.hdl.bench import Bench
from tests.strategies import TINY


class Registers:
    """The block, and how often each action was asked for."""

    def __init__(self):
        self.clk, self.rst = flag(), ResetSignal(1, active=0, isasync=False)
        self.bus, self.load = AxiLite(), LoadState()
        self.sent_crc, self.decoder, self.busy, self.row = bits(32), bits(4), flag(), bits(3)
        self.done, self.failed, self.line = flag(), flag(), flag()
        self.events = {name: (flag(), bits(16)) for name in COUNTERS}
        self.profile_row, self.profile_cycles, self.soft_reset, self.clear_error = bits(8), bits(32), flag(), flag()
        self.actions = {"SOFT_RESET": 0, "CLEAR_ERROR": 0}
        dut = register_file(
            self.clk, self.rst, self.bus, self.load, self.sent_crc, self.decoder, self.busy, self.row, self.done,
            self.failed, self.events, self.profile_row, self.profile_cycles, self.soft_reset, self.clear_error,
            self.line, TINY,
        )  # fmt: skip
        self.bench = Bench(self.clk, dut, reset=self.rst)

    def __enter__(self):
        return self

    def __exit__(self, *arguments):
        self.bench.__exit__(*arguments)

    def cycle(self):
        self.bench.settle()
        self.actions["SOFT_RESET"] += bool(self.soft_reset)
        self.actions["CLEAR_ERROR"] += bool(self.clear_error)
        self.bench.step()

    def write(self, name, meanwhile=None, **values):
        """Write fields; `meanwhile`: a signal that is up in the cycle in which the write acts."""
        bus, register = self.bus, BY_NAME[name]
        bus.awaddr.next, bus.wdata.next, bus.wstrb.next = register.offset, register.encode(**values), 15
        bus.awvalid.next = bus.wvalid.next = bus.bready.next = True
        self.cycle()
        bus.awvalid.next = bus.wvalid.next = False
        if meanwhile is not None:
            meanwhile.next = True
        self.cycle()
        if meanwhile is not None:
            meanwhile.next = False
        assert bus.bvalid
        self.cycle()

    def read(self, name):
        bus = self.bus
        bus.araddr.next, bus.arvalid.next, bus.rready.next = BY_NAME[name].offset, True, True
        self.cycle()
        bus.arvalid.next = False
        self.cycle()
        assert bus.rvalid
        word = int(bus.rdata)
        self.cycle()
        return word

    def pulse(self, signal):
        signal.next = True
        self.cycle()
        signal.next = False


def test_every_register_shows_what_it_is_for():
    rng = random.Random(2)
    with Registers() as dut:
        for _ in range(4):
            load = {"model": dut.load.model, "error": dut.load.error, "packet": dut.load.error_packet,
                    "run": dut.load.run_crc, "sent": dut.sent_crc, "decoder": dut.decoder, "row": dut.row,
                    "cycles": dut.profile_cycles, "loaded": dut.load.loaded, "busy": dut.busy}  # fmt: skip
            load |= dict(zip(MEMORY_CRCS.values(), dut.load.crcs))
            shown = {name: rng.getrandbits(len(signal) or 1) for name, signal in load.items()}
            for name, signal in load.items():
                signal.next = shown[name]
            row = rng.randrange(128, 256)
            dut.write("PROFILE_ROW", ROW=row)
            expected = constant_registers(TINY) | {
                "CONTROL": 0, "IRQ_ENABLE": 0, "IRQ_STATUS": 0, "PROFILE_ROW": row, "PROFILE_CYCLES": shown["cycles"],
                "MODEL": shown["model"], "CRC_RUN": shown["run"] ^ START, "CRC_RESULT": shown["sent"] ^ START,
                "ERROR": BY_NAME["ERROR"].encode(CODE=shown["error"], PACKET=shown["packet"]),
                "STATUS": BY_NAME["STATUS"].encode(LOADED=shown["loaded"], BUSY=shown["busy"],
                                                   ERROR=shown["error"] != 0, DECODER=shown["decoder"],
                                                   ROW=shown["row"]),
            }  # fmt: skip
            expected |= {name: shown[name] ^ START for name in MEMORY_CRCS.values()} | dict.fromkeys(COUNTERS, 0)
            assert int(dut.profile_row) == row
            assert {register.name: dut.read(register.name) for register in REGISTERS} == expected


def test_counters_add_what_their_events_carry_until_they_are_cleared():
    rng, total = random.Random(3), dict.fromkeys(COUNTERS, 0)
    with Registers() as dut:
        for _ in range(30):
            for name, (event, amount) in dut.events.items():
                event.next, amount.next = rng.random() < 0.5, rng.getrandbits(16)
                total[name] += event.next * amount.next
            dut.cycle()
        for event, _ in dut.events.values():
            event.next = False
        assert {name: dut.read(name) for name in COUNTERS} == total
        dut.write("CONTROL", SOFT_RESET=1, CLEAR_ERROR=1)
        assert {name: dut.read(name) for name in COUNTERS} == total
        dut.write("CONTROL", CLEAR_COUNTERS=1)
        assert {name: dut.read(name) for name in COUNTERS} == dict.fromkeys(COUNTERS, 0)


def test_an_action_is_asked_for_once():
    with Registers() as dut:
        dut.write("CONTROL", CLEAR_COUNTERS=1)
        dut.write("IRQ_ENABLE", DONE=1, ERROR=1)
        assert dut.actions == {"SOFT_RESET": 0, "CLEAR_ERROR": 0}
        dut.write("CONTROL", SOFT_RESET=1)
        assert dut.actions == {"SOFT_RESET": 1, "CLEAR_ERROR": 0}
        dut.write("CONTROL", CLEAR_ERROR=1)
        assert dut.actions == {"SOFT_RESET": 1, "CLEAR_ERROR": 1}


@pytest.mark.parametrize(("name", "other"), [("DONE", "ERROR"), ("ERROR", "DONE")])
def test_a_cause_raises_the_line_while_it_is_enabled_and_pending(name, other):
    with Registers() as dut:
        causes = {"DONE": dut.done, "ERROR": dut.failed}
        dut.pulse(causes[name])
        assert BY_NAME["IRQ_STATUS"].decode(dut.read("IRQ_STATUS")) == {name: 1, other: 0}
        assert not dut.line
        dut.write("IRQ_ENABLE", **{other: 1})
        assert not dut.line
        dut.write("IRQ_ENABLE", **{name: 1})
        assert dut.line
        dut.pulse(causes[other])
        dut.write("IRQ_STATUS", **{other: 1})  # clears only what is written
        assert BY_NAME["IRQ_STATUS"].decode(dut.read("IRQ_STATUS")) == {name: 1, other: 0}
        assert dut.line
        dut.write("IRQ_STATUS", meanwhile=causes[name], **{name: 1})
        assert dut.line, "a cause that comes while it is cleared must not be lost"
        dut.write("IRQ_STATUS", **{name: 1})
        assert not dut.line
        assert dut.read("IRQ_STATUS") == 0


def test_a_reset_forgets_settings_causes_and_counters():
    with Registers() as dut:
        dut.write("IRQ_ENABLE", DONE=1)
        dut.write("PROFILE_ROW", ROW=9)
        dut.events["CYCLES"][1].next = 5
        dut.pulse(dut.events["CYCLES"][0])
        dut.pulse(dut.done)
        assert dut.line
        dut.rst.next = 0
        dut.cycle()
        dut.rst.next = 1
        dut.cycle()
        assert not dut.line
        assert [dut.read(name) for name in ("IRQ_ENABLE", "IRQ_STATUS", "PROFILE_ROW", "CYCLES")] == [0] * 4
