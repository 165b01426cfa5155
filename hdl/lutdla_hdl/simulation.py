"""The core in MyHDL's own simulator: registers by AXI4-Lite, frames by AXI4-Stream, with random stalls.

MyHDL keeps its simulator state in globals, so only one `CoreSimulation` can be open at a time.
"""

from __future__ import annotations

import random
from collections import deque
from pathlib import Path
from typing import Any

from myhdl import Simulation, _block, _simulator, always, block, delay, instance, instances, traceSignals

from lutdla.errors import ToolError
from lutdla.spec.config import CoreConfig
from lutdla_hdl.core import lutdla_core, ports
from lutdla_hdl.interfaces import AxiLite, AxiStream
from lutdla_hdl.short_stack import short_stack

REGISTER_CYCLES = 100
"""Cycles after which a register access that has not been answered is a fault of the core."""


class StreamDriver:
    """Queue of beats for s_axis; a beat waits with probability `stall`."""

    def __init__(self, stall: float, seed: int) -> None:
        self.beats: deque[tuple[int, bool]] = deque()
        self.stall, self.random = stall, random.Random(seed)

    def paused(self) -> bool:
        """Whether to hold back in this cycle."""
        return self.stall > 0 and self.random.random() < self.stall


class StreamMonitor(StreamDriver):
    """Beats taken from m_axis, and the whole frames they made."""

    def __init__(self, stall: float, seed: int) -> None:
        super().__init__(stall, seed)
        self.partial = bytearray()
        self.frames: deque[bytes] = deque()


class RegisterPort:
    """The register access under way, and its answer."""

    def __init__(self) -> None:
        self.write: tuple[int, int] | None = None
        self.read: int | None = None
        self.answer: int | None = None


@block
def stream_source(clk: Any, s_axis: AxiStream, driver: StreamDriver) -> Any:
    """Offers the driver's beats; tvalid stays until the beat is taken."""

    @always(clk.posedge)
    def drive():
        free = not s_axis.tvalid or s_axis.tready
        if s_axis.tvalid and s_axis.tready:
            driver.beats.popleft()
        if free:
            if driver.beats and not driver.paused():
                s_axis.tdata.next, s_axis.tlast.next = driver.beats[0]
                s_axis.tvalid.next = True
            else:
                s_axis.tvalid.next = False

    return drive


@block
def stream_sink(clk: Any, m_axis: AxiStream, monitor: StreamMonitor) -> Any:
    """Takes beats when not paused."""
    size = len(m_axis.tdata) // 8

    @always(clk.posedge)
    def take():
        if m_axis.tvalid and m_axis.tready:
            monitor.partial += int(m_axis.tdata).to_bytes(size, "little")
            if m_axis.tlast:
                monitor.frames.append(bytes(monitor.partial))
                monitor.partial.clear()
        m_axis.tready.next = not monitor.paused()

    return take


@block
def register_master(clk: Any, s_axi: AxiLite, port: RegisterPort) -> Any:
    """Carries out the access in `port`."""

    @instance
    def master():
        while True:
            yield clk.posedge
            if port.write is not None:
                s_axi.awaddr.next, s_axi.wdata.next = port.write
                s_axi.wstrb.next = 15
                s_axi.awvalid.next = s_axi.wvalid.next = s_axi.bready.next = True
                while True:
                    yield clk.posedge
                    if s_axi.awvalid and s_axi.awready:
                        s_axi.awvalid.next = False
                    if s_axi.wvalid and s_axi.wready:
                        s_axi.wvalid.next = False
                    if s_axi.bvalid:
                        s_axi.bready.next = False
                        port.write = None
                        break
            elif port.read is not None:
                s_axi.araddr.next = port.read
                s_axi.arvalid.next = s_axi.rready.next = True
                while True:
                    yield clk.posedge
                    if s_axi.arvalid and s_axi.arready:
                        s_axi.arvalid.next = False
                    if s_axi.rvalid:
                        s_axi.rready.next = False
                        port.answer, port.read = int(s_axi.rdata), None
                        break

    return master


@block
def testbench(
    signals: tuple[Any, ...], driver: StreamDriver, monitor: StreamMonitor, port: RegisterPort, config: CoreConfig
) -> Any:
    """Core, clock, and what stands at its ports."""
    clk, aresetn, s_axi, s_axis, m_axis, irq = signals
    core = lutdla_core(clk, aresetn, s_axi, s_axis, m_axis, irq, config)
    source = stream_source(clk, s_axis, driver)
    sink = stream_sink(clk, m_axis, monitor)
    master = register_master(clk, s_axi, port)

    @always(delay(1))
    def clock():
        clk.next = not clk

    @instance
    def reset():
        aresetn.next = 0
        for _ in range(4):
            yield clk.posedge
        aresetn.next = 1

    return instances()


class CoreSimulation:
    """A running simulation.

    Args:
        config: the core.
        stall: probability (0..1) that a stream pauses in a cycle, both directions.
        seed: of the stalls.
        trace: file (.vcd) that gets all signals; two nanoseconds in it are a clock cycle.
    """

    _open: CoreSimulation | None = None

    def __init__(self, config: CoreConfig, stall: float = 0.0, seed: int = 0,
                 trace: Path | None = None) -> None:
        if CoreSimulation._open is not None:
            raise ToolError("a MyHDL simulation is already open and MyHDL can run only one: close it first")
        self.config = config
        self._driver, self._monitor = StreamDriver(stall, seed), StreamMonitor(stall, seed + 1)
        self._port = RegisterPort()
        known = len(_simulator._signals)
        self._signals = ports(config)
        forget_names()
        with short_stack():
            bench = testbench(self._signals, self._driver, self._monitor, self._port, config)
        if trace is not None:
            traceSignals.directory, traceSignals.filename = str(trace.parent), trace.stem
            traceSignals.tracebackup = traceSignals.tracelists = False
            traceSignals(bench)
        self._simulation = Simulation(bench)
        self._made = slice(known, len(_simulator._signals))
        CoreSimulation._open = self
        self.cycles = 0
        self.step(6)

    def step(self, cycles: int = 1) -> None:
        """Run the clock."""
        self._simulation.run(2 * cycles, quiet=1)
        self.cycles += cycles

    def _until(self, done: Any, what: str) -> None:
        for _ in range(REGISTER_CYCLES):
            if done():
                return
            self.step()
        raise ToolError(f"the core did not answer {what} within {REGISTER_CYCLES} cycles")

    def read_register(self, offset: int) -> int:
        """One register, over AXI4-Lite."""
        self._port.read, self._port.answer = offset, None
        self._until(lambda: self._port.answer is not None, f"a read of register 0x{offset:02x}")
        return int(self._port.answer or 0)

    def write_register(self, offset: int, value: int) -> None:
        """One register, over AXI4-Lite."""
        self._port.write = (offset, value & 0xFFFFFFFF)
        self._until(lambda: self._port.write is None, f"a write of register 0x{offset:02x}")

    def send(self, frame: bytes) -> None:
        """Queue a frame of whole beats."""
        size = self.config.stream_bytes
        beats = [int.from_bytes(frame[i : i + size], "little") for i in range(0, len(frame), size)]
        self._driver.beats.extend((beat, i == len(beats) - 1) for i, beat in enumerate(beats))

    def sent(self) -> bool:
        """Whether all queued beats were taken."""
        return not self._driver.beats

    def receive(self) -> bytes | None:
        """The next whole frame of results, if there is one."""
        return self._monitor.frames.popleft() if self._monitor.frames else None

    def interrupt(self) -> bool:
        """Level of the interrupt line."""
        return bool(self._signals[5])

    def reset_streams(self) -> None:
        """Forget queued beats and half-received frames. A beat on offer is withdrawn, as a DMA reset does."""
        self._driver.beats.clear()
        s_axis = self._signals[3]
        s_axis.tvalid._val = False
        s_axis.tvalid._next = False
        self._monitor.partial.clear()
        self._monitor.frames.clear()

    def close(self) -> None:
        """End the simulation; may be called twice."""
        if CoreSimulation._open is self:
            self._simulation.quit()
            forget_signals(self._made)
            CoreSimulation._open = None


def forget_names() -> None:
    """Let MyHDL number blocks from 0 again: else a block's name in waveforms depends on all that was made before."""
    _block._name_set.clear()
    for made in _simulator._blocks:
        made.calls = 0


def forget_signals(made: slice = slice(None)) -> None:
    """Take signals, all of them or those made in some order, off MyHDL's list.

    MyHDL lists every signal for ever, and adds shadow signals of designs that are gone to each new simulation: without
    this, a process that simulates often needs more memory and more time for each.
    """
    del _simulator._signals[made]
