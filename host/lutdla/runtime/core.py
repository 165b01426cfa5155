"""`Core`: registers by name, and the one place where the runtime waits, always with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable

from lutdla.backends.protocol import Backend, Buffer
from lutdla.errors import CoreError, DeadlineError, DeviceError, InputError, LutdlaError
from lutdla.spec.config import ABI_VERSION, CoreConfig
from lutdla.spec.packets import ERROR_TEXT, ErrorCode
from lutdla.spec.registers import BY_NAME, COUNTERS, MAGIC, REGISTERS, config_from_registers

POLLS_PER_STATUS = 32
"""Polls of the streams between two looks at register STATUS."""

_COUNTER_OFFSETS = tuple((name, BY_NAME[name].offset) for name in COUNTERS)

_ERROR = BY_NAME["STATUS"].field("ERROR").mask

CAPABILITIES = tuple(register.name for register in REGISTERS if register.name.startswith("CAP_"))


def error_text(code: int) -> str:
    """Name and meaning of an error code."""
    if code not in set(ErrorCode):
        return f"code {code} (unknown to this lutdla)"
    return f"{ErrorCode(code).name}: {ERROR_TEXT[ErrorCode(code)]}"


class Core:
    """One core behind a back end.

    Args:
        backend: the device; not closed here.
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    # -- registers ---------------------------------------------------------------------------------------------------
    def read(self, name: str) -> int:
        """A register's word."""
        return self.backend.read_register(BY_NAME[name].offset)

    def write(self, name: str, **fields: int) -> None:
        """Write a register from its fields; fields not named are 0."""
        self.backend.write_register(BY_NAME[name].offset, BY_NAME[name].encode(**fields))

    def fields(self, name: str) -> dict[str, int]:
        """A register's fields."""
        return BY_NAME[name].decode(self.read(name))

    def counters(self) -> dict[str, int]:
        """All counters, by name."""
        read = self.backend.read_register
        return {name: read(offset) for name, offset in _COUNTER_OFFSETS}

    def identify(self) -> CoreConfig:
        """Check that the device is a core that this version drives; returns its configuration.

        Raises:
            DeviceError: wrong magic, ABI or configuration hash: names value, expected value and fix.
        """
        name = self.backend.name
        for register, expected, fix in (
            ("MAGIC", MAGIC, "this is no lutdla core: check the overlay and the address of its registers"),
            ("ABI", ABI_VERSION, "use the lutdla version the overlay was built with, or build the overlay again"),
        ):
            value = self.read(register)
            if value != expected:
                raise DeviceError(f"{name}: register {register} is {value:#010x}, expected {expected:#010x}: {fix}")
        words = {register: self.read(register) for register in CAPABILITIES}
        try:
            config = config_from_registers(words)
        except (LutdlaError, IndexError) as error:
            raise DeviceError(f"{name}: the capability registers describe no possible core ({error}): "
                              "build the overlay again") from error
        value = self.read("CONFIG_HASH")
        if value != config.hash:
            raise DeviceError(f"{name}: register CONFIG_HASH is {value:#010x}, the capability registers ({config}) "
                              f"hash to {config.hash:#010x}: build the overlay again with this lutdla")
        return config

    def describe(self) -> str:
        """State of core and streams in words: for the message of a timeout."""
        status, error, counters = self.fields("STATUS"), self.fields("ERROR"), self.counters()
        words = ", ".join([
            "a model is loaded" if status["LOADED"] else "no model is loaded",
            f"a run is in progress in program record {status['ROW']}" if status["BUSY"] else "no run is in progress",
            f"decoder state {status['DECODER']}",
        ])  # fmt: skip
        counts = ", ".join(f"{name} {value}" for name, value in counters.items())
        return (f"DMA: {self.backend.stream_status()}. Core: STATUS {self.read('STATUS'):#010x} ({words}); "
                f"ERROR {self.read('ERROR'):#010x} ({error_text(error['CODE'])}); {counts}")

    # -- waiting -----------------------------------------------------------------------------------------------------
    def exchange(self, what: str, outgoing: Buffer, incoming: Buffer | None, timeout_s: float,
                 meanwhile: Callable[[], None] | None = None) -> int:
        """Send one frame and, with `incoming`, wait for the result frame; returns the bytes received.

        Args:
            what: for messages, such as "running 12 images".
            meanwhile: work of the host, done while the device works.

        Raises:
            CoreError: the core or the DMA reported an error.
            DeadlineError: it did not end within `timeout_s`. After both, and after an interrupt by the user, the
                device is usable again.
        """
        try:
            self.backend.start(outgoing, incoming)
        except InputError:
            raise  # nothing was begun
        except BaseException:
            self.recover()
            raise
        try:
            if meanwhile is not None:
                meanwhile()
            self._wait(what, self.backend.poll, timeout_s)
            return self.backend.received() if incoming is not None else 0
        except BaseException:
            self.recover()
            raise

    def wait_loaded(self, timeout_s: float) -> None:
        """Wait until the core has committed the model that was sent.

        Raises:
            CoreError, DeadlineError: as `exchange`.
        """

        def loaded() -> bool:
            self.backend.poll()  # lets time pass
            return bool(self.fields("STATUS")["LOADED"])

        try:
            self._wait("waiting for the model to be committed", loaded, timeout_s)
        except BaseException:
            self.recover()
            raise

    def _wait(self, what: str, done: Callable[[], bool], timeout_s: float) -> None:
        deadline, polls = time.monotonic() + timeout_s, 0
        while not done():
            polls += 1
            if polls % POLLS_PER_STATUS == 0:
                self._raise_error(what)
            if time.monotonic() > deadline:
                self._raise_error(what)
                raise DeadlineError(f"{self.backend.name}: {what} did not end within {timeout_s:g} s. "
                                    f"{self.describe()}. Give a longer timeout_s if the device is only slow")
        self._raise_error(what)

    def _raise_error(self, what: str) -> None:
        if not self.read("STATUS") & _ERROR:
            return
        error = self.fields("ERROR")
        code = error["CODE"]
        magic = self.read("MAGIC")
        if magic != MAGIC:
            raise DeviceError(f"{self.backend.name}: {what}: register MAGIC is {magic:#010x}, expected {MAGIC:#010x}: "
                              "the core does not answer any more, another overlay was downloaded or its bus failed; "
                              "open it again with the overlay's path")
        name = ErrorCode(code).name if code in set(ErrorCode) else str(code)
        raise CoreError(f"{self.backend.name}: {what}: the core refused packet {error['PACKET']}: {error_text(code)}",
                        name)

    def recover(self) -> None:
        """Abandon what is going on: streams empty, error cleared. A model that was loaded whole stays loaded."""
        self.write("CONTROL", SOFT_RESET=1)
        self.backend.reset_streams()
        # Beats that were on their way while the DMA stopped are dropped too, and what they may have led to.
        self.write("CONTROL", SOFT_RESET=1, CLEAR_ERROR=1)
        self.backend.reset_streams()
