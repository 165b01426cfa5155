"""Runs inside the simulator (see test_cocotb.py): the core behind cocotbext-axi's master, source and sink."""

import json
import os
import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiStreamBus, AxiStreamSink, AxiStreamSource

from lutdla.reference import Reference
from lutdla.spec.config import CoreConfig
from lutdla.spec.packets import ErrorCode, load_packets, memory_crcs, packet, run_packets, unpack_results
from lutdla.spec.registers import BY_NAME, MEMORY_CRCS, constant_registers
from tests.hdl.cores import telling_network

CONFIG = CoreConfig.from_dict(json.loads(os.environ["LUTDLA_CONFIG"]))
IMAGE, VALUES, EXPECTED = telling_network(CONFIG, (7, 6, 5), 3)
GROUPS = IMAGE.program.input_groups
MODEL = 0x1234ABCD


def pauses(seed, probability):
    """An endless random pause pattern."""
    rng = random.Random(seed)
    while True:
        yield rng.random() < probability


class Testbench:
    """Clock, reset, and the AXI ends; every channel pauses at random."""

    def __init__(self, dut, pause):
        self.dut = dut
        reset = {"reset": dut.aresetn, "reset_active_level": False}
        self.registers = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), dut.aclk, **reset)
        lanes = {"byte_lanes": CONFIG.stream_bytes}
        self.source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis"), dut.aclk, **reset, **lanes)
        self.sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), dut.aclk, **reset, **lanes)
        write, read = self.registers.write_if, self.registers.read_if
        for i, channel in enumerate((self.source, self.sink, write.aw_channel, write.w_channel, write.b_channel,
                                     read.ar_channel, read.r_channel)):  # fmt: skip
            channel.set_pause_generator(pauses(i, pause))

    async def start(self):
        """Clock and reset."""
        Clock(self.dut.aclk, 10, "ns").start()
        self.dut.aresetn.value = 0
        await ClockCycles(self.dut.aclk, 5)
        self.dut.aresetn.value = 1
        await RisingEdge(self.dut.aclk)

    async def read(self, name):
        return int.from_bytes((await self.registers.read(BY_NAME[name].offset, 4)).data, "little")

    async def fields(self, name):
        return BY_NAME[name].decode(await self.read(name))

    async def write(self, name, **values):
        word = BY_NAME[name].encode(**values)
        await self.registers.write(BY_NAME[name].offset, word.to_bytes(4, "little"))

    async def send(self, frame):
        await self.source.send(frame)
        await self.source.wait()

    async def load(self):
        await self.send(b"".join(load_packets(IMAGE, CONFIG, MODEL)))
        while not (await self.fields("STATUS"))["LOADED"]:
            assert await self.read("ERROR") == 0


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def load_and_run(dut):
    """Results, registers by name and the interrupt, with pauses on every channel."""
    bench = Testbench(dut, float(os.environ["LUTDLA_PAUSE"]))
    await bench.start()
    for name, value in constant_registers(CONFIG).items():
        assert await bench.read(name) == value, name
    await bench.write("IRQ_ENABLE", DONE=1, ERROR=1)
    await bench.load()
    assert await bench.read("MODEL") == MODEL
    for memory, crc in memory_crcs(IMAGE, CONFIG).items():
        assert await bench.read(MEMORY_CRCS[memory]) == crc, memory
    assert not dut.irq.value

    reference = Reference(CONFIG, IMAGE)
    reference.run(VALUES)
    for run in (1, 2):
        await bench.send(run_packets(VALUES, IMAGE, CONFIG))
        frame = await bench.sink.recv()
        assert unpack_results(frame.tdata, len(VALUES), CONFIG).tolist() == EXPECTED.tolist()
        assert bench.sink.empty()
        while (await bench.fields("STATUS"))["BUSY"]:
            pass
        assert await bench.read("IMAGES") == run * len(VALUES)
        assert await bench.read("LOOKUPS") == run * reference.lookups
    assert dut.irq.value
    assert await bench.fields("IRQ_STATUS") == {"DONE": 1, "ERROR": 0}
    await bench.write("IRQ_STATUS", DONE=1)
    assert not dut.irq.value


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def refuse_and_recover(dut):
    """A bad packet raises the interrupt and changes nothing; an abandoned run leaves a core that works."""
    bench = Testbench(dut, 0.2)
    await bench.start()
    await bench.write("IRQ_ENABLE", ERROR=1)
    await bench.load()
    await bench.send(packet(CONFIG, 77))
    while not dut.irq.value:
        await RisingEdge(dut.aclk)
    assert (await bench.fields("ERROR"))["CODE"] == ErrorCode.KIND
    await bench.write("CONTROL", CLEAR_ERROR=1)
    await bench.write("IRQ_STATUS", ERROR=1)
    assert not dut.irq.value

    await bench.send(run_packets(VALUES, IMAGE, CONFIG)[: -2 * CONFIG.stream_bytes])  # the last image lacks a beat
    while not dut.irq.value:
        await RisingEdge(dut.aclk)
    assert (await bench.fields("ERROR"))["CODE"] == ErrorCode.TRUNCATED
    assert (await bench.fields("STATUS"))["BUSY"] == 1
    bench.sink.pause = True
    await bench.write("CONTROL", SOFT_RESET=1, CLEAR_ERROR=1)
    assert (await bench.fields("STATUS"))["BUSY"] == 0
    assert (await bench.fields("STATUS"))["LOADED"] == 1


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def hard_reset_forgets_the_model(dut):
    """After aresetn the core is empty, and loads again."""
    bench = Testbench(dut, 0.0)
    await bench.start()
    await bench.load()
    dut.aresetn.value = 0
    await ClockCycles(dut.aclk, 3)
    dut.aresetn.value = 1
    await RisingEdge(dut.aclk)
    assert (await bench.fields("STATUS"))["LOADED"] == 0
    assert await bench.read("MODEL") == 0
    await bench.send(run_packets(VALUES, IMAGE, CONFIG))
    assert (await bench.fields("ERROR"))["CODE"] == ErrorCode.NOT_LOADED
    await bench.write("CONTROL", CLEAR_ERROR=1)
    await bench.load()
    await bench.send(run_packets(VALUES, IMAGE, CONFIG))
    frame = await bench.sink.recv()
    assert unpack_results(frame.tdata, len(VALUES), CONFIG).tolist() == EXPECTED.tolist()
