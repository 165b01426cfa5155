"""Checks of an overlay before it is used: the right IP, a DMA that fits, and a hwh that belongs to the hardware."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lutdla.errors import DeviceError
from lutdla.spec.config import ABI_VERSION
from lutdla.spec.registers import BY_NAME, MAGIC

LEAST_LENGTH_BITS = 20
"""Least width of the DMA's length registers: a whole model must fit into one frame. IP defaults to 14, 16 KiB."""


def find_ip(ip_dict: Mapping[str, Mapping[str, Any]], kind: str, path: str) -> tuple[str, Mapping[str, Any]]:
    """Name and entry of the one IP of a kind (vendor:library:name).

    Raises:
        DeviceError: none, or several.
    """
    found = [(name, entry) for name, entry in ip_dict.items() if str(entry.get("type")).rpartition(":")[0] == kind]
    if len(found) == 1:
        return found[0]
    there = ", ".join(f"{name} ({entry.get('type')})" for name, entry in ip_dict.items()) or "no IP"
    raise DeviceError(f"{path}: {len(found)} IP of type {kind}, a lutdla overlay has exactly one; found {there}: "
                      'use an overlay built by lutdla, such as "lutdla.bit"')


def driver(overlay: Any, name: str) -> Any:
    """The pynq driver of an IP, which may lie in a hierarchy: a/b."""
    found = overlay
    for part in name.split("/"):
        found = getattr(found, part)
    return found


def check_identity(read: Callable[[int], int], core: Mapping[str, Any], path: str) -> int:
    """Check that the hardware is a core of this version and the one that the hwh describes; returns stream_bits.

    Raises:
        DeviceError: names what differs.
    """
    magic, abi, found = (int(read(BY_NAME[name].offset)) for name in ("MAGIC", "ABI", "CONFIG_HASH"))
    if magic != MAGIC:
        raise DeviceError(f"{path}: the IP at 0x{core['phys_addr']:08X} answers 0x{magic:08X}, a lutdla core answers "
                          f"0x{MAGIC:08X}: the bit file that is loaded does not belong to this hwh, download it again")
    if abi != ABI_VERSION:
        raise DeviceError(f"{path}: the overlay has ABI {abi}, this lutdla speaks ABI {ABI_VERSION}: "
                          f"{'update lutdla' if abi > ABI_VERSION else 'build the overlay again'}")
    stated = core["parameters"].get("CONFIG_HASH")
    if stated is not None and int(stated, 0) != found:
        raise DeviceError(f"{path}: the loaded core has configuration hash 0x{found:08X}, the hwh describes "
                          f"0x{int(stated, 0):08X}: the hwh is stale; copy .bit and .hwh together, and call "
                          "pynq.PL.reset() to empty pynq's cache of old hwh files")
    stream = BY_NAME["CAP_STREAM"]
    return stream.decode(int(read(stream.offset)))["STREAM_BITS"]


def check_dma_parameters(parameters: Mapping[str, str], stream_bits: int, path: str) -> int:
    """Check that the AXI DMA is one that this back end can drive; returns the width of its addresses.

    Raises:
        DeviceError: names the parameter, its value and what it must be.
    """
    needed = {"c_include_sg": 0, "c_micro_dma": 0, "c_include_mm2s": 1, "c_include_s2mm": 1,
              "c_m_axis_mm2s_tdata_width": stream_bits, "c_s_axis_s2mm_tdata_width": stream_bits}  # fmt: skip
    for name, need in needed.items():
        have = parameters.get(name)
        if have is not None and int(have) != need:
            raise DeviceError(f"{path}: the AXI DMA has {name}={have}, this core needs {need}: build the overlay again")
    length_bits = int(parameters.get("c_sg_length_width", 14))
    if length_bits < LEAST_LENGTH_BITS:
        raise DeviceError(f"{path}: the AXI DMA has c_sg_length_width={length_bits}, frames of at most "
                          f"{(1 << length_bits) - 1} bytes: build the overlay with {LEAST_LENGTH_BITS} or more")
    return int(parameters.get("c_addr_width", 32))


def alignment(parameters: Mapping[str, str], channel: str) -> int:
    """What the address of a buffer must be a multiple of, in bytes; 1 with the DMA's realignment engine.

    Args:
        parameters: of the AXI DMA, as the hwh gives them.
        channel: mm2s (to the core) or s2mm.
    """
    if int(parameters.get(f"c_include_{channel}_dre", 0)):
        return 1
    return int(parameters.get(f"c_m_axi_{channel}_data_width", 32)) // 8
