"""The metadata of an overlay, read by pynq's own parser from the hwh beside the bit file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lutdla.errors import DeviceError


def read_metadata(bitfile: str | Path, ddr_bytes: int) -> Any:
    """What pynq calls a parser.

    Args:
        ddr_bytes: size of the memory that buffers come from.

    Raises:
        DeviceError: no hwh beside the bit file.
    """
    hwh = Path(bitfile).with_suffix(".hwh")
    if not hwh.is_file():
        raise DeviceError(f"{hwh} is missing: pynq needs the hwh beside the bit file, with the same name")
    parser = parse_hwh(hwh)
    parameters = parser.ip_dict[parser.ps_name]["parameters"]
    for i, clock in parser.clock_dict.items():
        # pynqmetadata 0.2.0 finds no frequency on Zynq-7000 and pynq 4.0.0 then cannot set the clock
        if clock.get("frequency", 0.0) is None:
            clock["frequency"] = float(parameters[f"PCW_FPGA{i}_PERIPHERAL_FREQMHZ"])
    for entry in parser.ip_dict.values():
        # no interrupts are emulated, and PYNQ.remote has none; pynq would look for their lines on this computer
        entry["interrupts"] = {}
    parser.mem_dict["PSDDR"] = {"base_address": 0, "size": ddr_bytes, "type": "DDR4", "tag": "PSDDR", "idx": 0,
                                "streaming": False, "used": 1, "raw_type": 1}
    return parser


def forget_clocks() -> None:
    """Let pynq look for clocks on the next device: it keeps those of the first for ever."""
    import pynq.ps

    if hasattr(pynq.ps.Clocks, "_real_instance"):
        del pynq.ps.Clocks._real_instance


def parse_hwh(hwh: Path) -> Any:
    """What pynq's own parser finds in a hwh."""
    from pynqmetadata.frontends import Metadata

    try:
        from pynq.metadata.runtime_metadata_parser import RuntimeMetadataParser
    except ModuleNotFoundError:  # since pynq 4.0 it is part of pynqmetadata
        from pynqmetadata.views.runtime import RuntimeMetadataParser
    return RuntimeMetadataParser(Metadata(input=hwh))
