"""Cores: the configuration that suits a part, one small TOML file each in `cores/`."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

from lutdla.errors import ConfigError
from lutdla.spec.config import CoreConfig
from lutdla.toml import tomllib

FAMILIES = {"xc7": "processing_system7", "xcup": "zynq_ultra_ps_e"}
"""Family of parts, as yosys names it -> its processing system."""

ENTRIES = {"family", "clock_mhz_assumed", "config", "ultra_ram"}
"""What a core file may hold; all but the last must be there."""


@dataclass(frozen=True)
class Core:
    """A configuration for a part.

    Attributes:
        key: name of the file.
        family: of the part: one of `FAMILIES`.
        clock_mhz_assumed: the clock that predictions rest on: an assumption until Vivado or a board has shown it.
        config: the core.
        ultra_ram: the table banks are in UltraRAM. Vivado takes it only where the Verilog asks for it, which
            `lutdla_overlay.ip.ip_files` sees to.
    """

    key: str
    family: str
    clock_mhz_assumed: float
    config: CoreConfig
    ultra_ram: bool = False

    @property
    def synthesis_options(self) -> tuple[str, ...]:
        """Further options of yosys' `synth_xilinx`."""
        return ("-uram",) if self.ultra_ram else ()


def core_names() -> tuple[str, ...]:
    """Keys of all cores."""
    folder = files("lutdla_overlay") / "cores"
    return tuple(sorted(file.name[:-5] for file in folder.iterdir() if file.name.endswith(".toml")))


def load_core(key: str) -> Core:
    """Read a core file.

    Raises:
        ConfigError: an unknown core, or a file with a missing, unknown or impossible entry.
    """
    if key not in core_names():
        raise ConfigError(f"core {key!r} is unknown: use one of {', '.join(core_names())}, or add cores/{key}.toml")
    return parse_core(key, (files("lutdla_overlay") / "cores" / f"{key}.toml").read_text())


def parse_core(key: str, text: str) -> Core:
    """A core from TOML text; `key` names it in messages. Raises like `load_core`."""
    place = f"cores/{key}.toml"
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{place}: {error}") from error
    for name in ("family", "clock_mhz_assumed", "config"):
        if name not in values:
            raise ConfigError(f"{place}: entry {name!r} is missing")
    if unknown := set(values) - ENTRIES:
        raise ConfigError(f"{place}: unknown entry {min(unknown)!r}, known are {', '.join(sorted(ENTRIES))}")
    if values["family"] not in FAMILIES:
        raise ConfigError(f"{place}: family is {values['family']!r}, use one of {', '.join(FAMILIES)}")
    if not isinstance(values["clock_mhz_assumed"], (int, float)) or not values["clock_mhz_assumed"] > 0:
        raise ConfigError(f"{place}: clock_mhz_assumed is {values['clock_mhz_assumed']!r}, it must be positive")
    ultra_ram = values.get("ultra_ram", False)
    if not isinstance(ultra_ram, bool):
        raise ConfigError(f"{place}: ultra_ram is {ultra_ram!r}, it must be true or false")
    if ultra_ram and values["family"] == "xc7":
        raise ConfigError(f"{place}: ultra_ram is true, but parts of family xc7 have no UltraRAM: leave it out")
    return Core(key, values["family"], float(values["clock_mhz_assumed"]), CoreConfig.from_dict(values["config"]),
                ultra_ram)
