"""Overlays that are not what they say: each kind makes one, and the driver must refuse it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from lutdla.backends.emulator import EmulatorModel
from lutdla.backends.protocol import CoreModel
from lutdla.backends.pynq import PynqBackend
from lutdla.emulation.device import EmulatedDevice
from lutdla.spec.config import CoreConfig
from lutdla.spec.registers import BY_NAME


class Lying(EmulatorModel):
    """A core one of whose identity registers reads something else."""

    def __init__(self, config: CoreConfig, register: str, value: int) -> None:
        super().__init__(config)
        self._registers[register] = value


Build = Callable[[Path, CoreConfig], Path]


def _edit(bitfile: Path, old: str, new: str) -> None:
    hwh = bitfile.with_suffix(".hwh")
    text = hwh.read_text(encoding="utf-8")
    if old not in text:
        raise ValueError(f"{hwh} has no {old!r}")
    hwh.write_text(text.replace(old, new), encoding="utf-8")


def _another_core(bitfile: Path, config: CoreConfig, random: Random) -> EmulatedDevice:
    lanes = config.lanes * 2
    return EmulatedDevice(lambda _: EmulatorModel(replace(config, lanes=lanes)))


def _no_core(bitfile: Path, config: CoreConfig, random: Random) -> EmulatedDevice:
    return EmulatedDevice(lambda of: Lying(of, "MAGIC", random.getrandbits(32)))


def _another_abi(bitfile: Path, config: CoreConfig, random: Random) -> EmulatedDevice:
    return EmulatedDevice(lambda of: Lying(of, "ABI", random.getrandbits(31) + (1 << 31)))


def _capability(bitfile: Path, config: CoreConfig, random: Random) -> EmulatedDevice:
    name = random.choice([name for name in BY_NAME if name.startswith("CAP_")])

    def make(of: CoreConfig) -> CoreModel:
        true = EmulatorModel(of).read_register(BY_NAME[name].offset)
        return Lying(of, name, true ^ 1 << random.randrange(BY_NAME[name].fields[-1].offset + 1))

    return EmulatedDevice(make)


def _stale_hwh(bitfile: Path, config: CoreConfig, random: Random) -> EmulatedDevice:
    _edit(bitfile, f'"0x{config.hash:08X}"', f'"0x{random.getrandbits(32):08X}"')
    return EmulatedDevice(EmulatorModel)


def _narrow_length(bitfile: Path, config: CoreConfig, random: Random) -> EmulatedDevice:
    _edit(bitfile, 'NAME="c_sg_length_width" VALUE="26"', f'NAME="c_sg_length_width" VALUE="{random.randint(8, 19)}"')
    return EmulatedDevice(EmulatorModel)


def _narrow_stream(bitfile: Path, config: CoreConfig, random: Random) -> EmulatedDevice:
    name = random.choice(("c_m_axis_mm2s_tdata_width", "c_s_axis_s2mm_tdata_width"))
    _edit(bitfile, f'NAME="{name}" VALUE="{config.stream_bits}"', f'NAME="{name}" VALUE="{random.choice((8, 16, 32))}"')
    return EmulatedDevice(EmulatorModel)


def _two_builds(bitfile: Path, config: CoreConfig, random: Random) -> EmulatedDevice:
    sums = {f"{kind}_sha256": hashlib.sha256(bitfile.with_suffix(f".{kind}").read_bytes()).hexdigest()
            for kind in ("bit", "hwh")}  # fmt: skip
    bitfile.with_suffix(".json").write_text(json.dumps(sums), encoding="utf-8")
    file = bitfile.with_suffix(random.choice((".bit", ".hwh")))
    file.write_bytes(file.read_bytes() + b" ")
    return EmulatedDevice(EmulatorModel)


def _cut_hwh(bitfile: Path, config: CoreConfig, random: Random) -> EmulatedDevice:
    hwh = bitfile.with_suffix(".hwh")
    content = hwh.read_bytes()
    hwh.write_bytes(content[: random.randrange(len(content) - 20)])
    return EmulatedDevice(EmulatorModel)


class _Caching(EmulatedDevice):
    """pynq goes on with metadata that it read before the hwh was replaced."""

    _probe_priority_ = None

    def __init__(self, moved: Callable[[], None]) -> None:
        super().__init__(EmulatorModel)
        self._moved = moved

    def get_bitfile_metadata(self, bitfile_name: str, partial: bool = False) -> Any:
        """What was read before."""
        parser = super().get_bitfile_metadata(bitfile_name, partial)
        self._moved()
        return parser


def _stale_cache(bitfile: Path, config: CoreConfig, random: Random) -> EmulatedDevice:
    return _Caching(lambda: _edit(bitfile, f'"0x{config.hash:08X}"', f'"0x{random.getrandbits(32):08X}"'))


class _Fast(EmulatedDevice):
    """The clock is not what the overlay was made for."""

    _probe_priority_ = None

    def post_download(self, *arguments: Any) -> None:
        """Something sets the clock again."""
        import pynq

        super().post_download(*arguments)
        pynq.Clocks.fclk0_mhz = 125


def _fast_clock(bitfile: Path, config: CoreConfig, random: Random) -> EmulatedDevice:
    return _Fast(EmulatorModel)


OPENINGS: dict[str, tuple[str, Callable[[Path, CoreConfig, Random], EmulatedDevice]]] = {
    "another_configuration": ("the bitstream is of another configuration than the hwh", _another_core),
    "no_core": ("the bitstream holds no lutdla core", _no_core),
    "another_abi": ("the core is of another version", _another_abi),
    "capability_flip": ("a bit flips in a capability register", _capability),
    "stale_hwh": ("the hwh is of another build than the bit file", _stale_hwh),
    "stale_metadata": ("pynq goes on with metadata of an older hwh", _stale_cache),
    "manifest_mismatch": ("bit and hwh are not those of their manifest", _two_builds),
    "hwh_cut": ("the hwh is cut short", _cut_hwh),
    "length_width": ("the DMA has narrow length registers", _narrow_length),
    "stream_width": ("the DMA has another stream width than the core", _narrow_stream),
    "clock_too_fast": ("the clock is faster than the overlay was made for", _fast_clock),
}
"""Name -> what is wrong, and what makes the device with it; the bit file and its hwh are right when it is called."""


def open_with(name: str, bitfile: Path, config: CoreConfig, random: Random) -> PynqBackend:
    """Open an overlay that has one of `OPENINGS` wrong.

    Raises:
        DeviceError: as it should.
    """
    return PynqBackend(bitfile, device=OPENINGS[name][1](bitfile, config, random), reset_timeout_s=0.1)
