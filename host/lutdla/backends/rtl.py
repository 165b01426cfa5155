"""The Verilated core as a model: cycle-exact, counters as in hardware. Built once for each configuration and cached."""

from __future__ import annotations

import ctypes

from lutdla.backends.verilate import build
from lutdla.errors import ToolError
from lutdla.spec.config import CoreConfig

STEP_CYCLES = 20_000
"""Most cycles between two polls, unless said otherwise; a result frame ends them earlier."""

REGISTER_CYCLES = 100
"""Cycles after which a register access that has not been answered is a fault of the core."""


def _library(path: str) -> ctypes.CDLL:
    library = ctypes.CDLL(path)
    handle, word, size = ctypes.c_void_p, ctypes.c_uint32, ctypes.c_size_t
    for name, result, arguments in (
        ("new", handle, [ctypes.c_double, ctypes.c_uint64]), ("free", None, [handle]),
        ("write", ctypes.c_int, [handle, word, word, ctypes.c_int]),
        ("read", ctypes.c_int, [handle, word, ctypes.POINTER(word), ctypes.c_int]),
        ("send", None, [handle, ctypes.c_char_p, size]), ("unsent", size, [handle]),
        ("step", None, [handle, ctypes.c_int]), ("frame_size", size, [handle]),
        ("take_frame", None, [handle, ctypes.c_char_p]), ("irq", ctypes.c_int, [handle]),
        ("cycles", ctypes.c_uint64, [handle]), ("restart", None, [handle]),
    ):  # fmt: skip
        function = getattr(library, f"lutdla_{name}")
        function.restype, function.argtypes = result, arguments
    return library


class RtlModel:
    """Implements `lutdla.backends.protocol.CoreModel` over the Verilated Verilog.

    Args:
        config: the core; built on first use (tens of seconds), then taken from the cache.
        stall: probability (0..1) that a stream pauses in a cycle, both directions.
        seed: of the stalls.
        step_cycles: most clock cycles that one `step` runs.

    Raises:
        ToolError: a tool is missing or failed.
    """

    cycle_exact = True

    def __init__(self, config: CoreConfig, stall: float = 0.0, seed: int = 0, step_cycles: int = STEP_CYCLES) -> None:
        self.config, self._step_cycles = config, step_cycles
        self._library = _library(str(build(config)))
        self._handle: int | None = self._library.lutdla_new(stall, seed)

    def _core(self) -> int:
        if self._handle is None:
            raise ToolError("this RTL model is closed: open it again")
        return self._handle

    @property
    def cycles(self) -> int:
        """Clock cycles since reset."""
        return int(self._library.lutdla_cycles(self._core()))

    def read_register(self, offset: int) -> int:
        """One register, over AXI4-Lite."""
        value = ctypes.c_uint32()
        if self._library.lutdla_read(self._core(), offset, ctypes.byref(value), REGISTER_CYCLES):
            raise ToolError(f"the core did not answer a read of register 0x{offset:02x} in {REGISTER_CYCLES} cycles")
        return value.value

    def write_register(self, offset: int, value: int) -> None:
        """One register, over AXI4-Lite."""
        if self._library.lutdla_write(self._core(), offset, value & 0xFFFFFFFF, REGISTER_CYCLES):
            raise ToolError(f"the core did not answer a write of register 0x{offset:02x} in {REGISTER_CYCLES} cycles")

    def send(self, frame: bytes) -> None:
        """Queue a frame of whole beats."""
        self._library.lutdla_send(self._core(), frame, len(frame))

    def sent(self) -> bool:
        """Whether all queued beats were taken."""
        return self.unsent == 0

    @property
    def unsent(self) -> int:
        """Queued bytes that the core has not taken."""
        return int(self._library.lutdla_unsent(self._core()))

    def receive(self) -> bytes | None:
        """The next whole frame of results, if there is one."""
        size = int(self._library.lutdla_frame_size(self._core()))
        if not size:
            return None
        data = ctypes.create_string_buffer(size)
        self._library.lutdla_take_frame(self._core(), data)
        return data.raw

    def step(self) -> None:
        """Run up to `step_cycles` clock cycles."""
        self._library.lutdla_step(self._core(), self._step_cycles)

    def interrupt(self) -> bool:
        """Level of the interrupt line."""
        return bool(self._library.lutdla_irq(self._core()))

    def reset_streams(self) -> None:
        """Forget queued beats and half-received frames."""
        self._library.lutdla_restart(self._core())

    def close(self) -> None:
        """Free the model; may be called twice."""
        if self._handle is not None:
            self._library.lutdla_free(self._handle)
            self._handle = None
