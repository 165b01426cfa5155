"""`LutdlaCore`: what `overlay.lutdla` is in a notebook. pynq imports this module for every overlay (entry point
pynq.lib), so it does nothing more than bind the class: an exception here would break overlays of others too."""

from __future__ import annotations

from typing import Any

from pynq.overlay import DefaultIP

from lutdla.backends.pynq_overlay import check_identity
from lutdla.spec.config import CoreConfig
from lutdla.spec.packets import ERROR_TEXT, ErrorCode
from lutdla.spec.registers import BY_NAME, COUNTERS, REGISTERS, config_from_registers


class LutdlaCore(DefaultIP):  # type: ignore[misc]  # pynq has no types
    """The accelerator's registers, for looking at. `lutdla.open` runs networks on it.

    `register_map` shows every register and field by name. Making this object reads nothing: every property reads the
    hardware when it is asked for.
    """

    bindto = ["lutdla:ip:lutdla_core:1.0"]  # noqa: RUF012  # pynq looks for a list

    def __init__(self, description: dict[str, Any]) -> None:
        super().__init__(description)
        self._description = description

    def _word(self, name: str) -> int:
        return int(self.read(BY_NAME[name].offset))

    def check(self) -> None:
        """Check that this is a core that this version of lutdla drives, and the one that the hwh describes.

        Raises:
            DeviceError: names what differs.
        """
        check_identity(self.read, self._description, str(self.device.bitfile_name))

    @property
    def identity(self) -> dict[str, int]:
        """MAGIC, ABI, CONFIG_HASH, and MODEL: the network that is loaded. Raises like `check`."""
        self.check()
        return {name: self._word(name) for name in ("MAGIC", "ABI", "CONFIG_HASH", "MODEL")}

    @property
    def config(self) -> CoreConfig:
        """The core's configuration, from its capability registers. Raises like `check`."""
        self.check()
        return config_from_registers({r.name: self._word(r.name) for r in REGISTERS if r.name.startswith("CAP_")})

    @property
    def status(self) -> dict[str, int]:
        """Fields of STATUS."""
        return BY_NAME["STATUS"].decode(self._word("STATUS"))

    @property
    def error(self) -> str:
        """The first error since it was cleared, in words."""
        error = BY_NAME["ERROR"].decode(self._word("ERROR"))
        if error["CODE"] not in set(ErrorCode):
            return f"code {error['CODE']} (unknown to this lutdla)"
        code = ErrorCode(error["CODE"])
        return f"{code.name}: {ERROR_TEXT[code]}" + (f" (packet {error['PACKET']})" if code else "")

    @property
    def counters(self) -> dict[str, int]:
        """All counters by name."""
        return {name: self._word(name) for name in COUNTERS}
