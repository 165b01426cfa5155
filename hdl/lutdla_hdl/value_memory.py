"""The value memory: groups of int8 values that a residual connection adds later.

One write and one read each cycle; a group that is read in the cycle in which it is written comes as it was before.
Block RAM where it is deep, LUT RAM where it is shallow.
"""

from __future__ import annotations

from typing import Any

from myhdl import always_comb, block, instances

from lutdla.spec.config import CoreConfig
from lutdla_hdl.interfaces import flag, named
from lutdla_hdl.memory import ram


@block
def value_memory(
    clk: Any, valid: Any, keep: Any, waddr: Any, group: Any, raddr: Any, residual: Any, config: CoreConfig
) -> Any:
    """Args:
    valid, keep: a group is here, and it is stored at `waddr`.
    residual: the group at `raddr`, a cycle later.
    """
    write = flag()

    @always_comb
    def decide():
        write.next = valid and keep

    store = named(ram(clk, write, waddr, group, None, raddr, residual, config.value_rows), "store")
    return instances()
