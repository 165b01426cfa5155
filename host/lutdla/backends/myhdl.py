"""The MyHDL simulation of the core as a model: slow (about a thousand cycles a second), nothing to build."""

from __future__ import annotations

from pathlib import Path

from lutdla.errors import InputError, ToolError
from lutdla.spec.config import CoreConfig

STEP_CYCLES = 50
"""Cycles between two polls."""


class MyhdlModel:
    """Implements `lutdla.backends.protocol.CoreModel` over `lutdla_hdl.simulation`.

    Args:
        config: the core.
        stall: probability (0..1) that a stream pauses in a cycle.
        seed: of the stalls.
        trace: file (.vcd) that gets the waveforms of all signals; complete when the model is closed.

    Raises:
        InputError: the trace is no .vcd file.
        ToolError: myhdl is not installed, or another MyHDL simulation is open.
    """

    cycle_exact = True

    def __init__(self, config: CoreConfig, stall: float = 0.0, seed: int = 0,
                 trace: str | Path | None = None) -> None:
        if trace is not None and Path(trace).suffix != ".vcd":
            raise InputError(f"trace is {trace}: waveforms go into a file that ends in .vcd")
        try:
            from lutdla_hdl.simulation import CoreSimulation
        except ModuleNotFoundError as error:
            raise ToolError("back end myhdl needs the package myhdl: pip install lutdla[hdl]") from error
        self.config = config
        self.simulation = CoreSimulation(config, stall, seed, None if trace is None else Path(trace))
        self.read_register = self.simulation.read_register
        self.write_register = self.simulation.write_register
        self.send = self.simulation.send
        self.sent = self.simulation.sent
        self.receive = self.simulation.receive
        self.interrupt = self.simulation.interrupt
        self.reset_streams = self.simulation.reset_streams
        self.close = self.simulation.close

    def step(self) -> None:
        """Run `STEP_CYCLES` clock cycles."""
        self.simulation.step(STEP_CYCLES)
