"""`Profile`: what the newest call of a network cost on the device."""

from __future__ import annotations

from dataclasses import dataclass, field

from lutdla.spec.config import CoreConfig

STALLS = ("input", "output", "encoder", "tables", "drain")
"""Causes of stalls that the core counts."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Counters of one call.

    Attributes:
        config: the core.
        cycle_exact: whether the cycles are the hardware's; False: all cycles are 0.
        images: images run, those that filled up the last pass included.
        lookups: table rows read and added; each is `lanes` lookups.
        padding: lookups that added 0 for zero padding instead, counted alike.
        cycles: clock cycles in which a run was in progress.
        stall_input, stall_tables, stall_drain: cycles a record waited for its input frame, for its table piece, for
            earlier rows to arrive.
        stall_output: cycles a result waited for the receiver, or the loop nest for results to leave.
        stall_encoder: cycles the loop nest waited for rows to be encoded.
        records: (name, cycles in the newest pass) of each program record; a layer may take several.
        host_s: wall-clock seconds of Python: checks, quantizing, packing, unpacking.
        exchange_s: wall-clock seconds between starting the DMA and its end: transfers, and the core's work.
    """

    config: CoreConfig = field(default_factory=CoreConfig)
    cycle_exact: bool = False
    images: int = 0
    lookups: int = 0
    padding: int = 0
    cycles: int = 0
    stall_input: int = 0
    stall_output: int = 0
    stall_encoder: int = 0
    stall_tables: int = 0
    stall_drain: int = 0
    records: tuple[tuple[str, int], ...] = ()
    host_s: float = 0.0
    exchange_s: float = 0.0

    @property
    def cycles_per_image(self) -> float:
        """Mean clock cycles of an image; 0 without cycles."""
        return self.cycles / self.images if self.images else 0.0

    @property
    def lookups_per_cycle(self) -> float:
        """Table entries added in a cycle, on average; each replaces `v` multiplications. 0 without cycles."""
        return self.lookups * self.config.lanes / self.cycles if self.cycles else 0.0

    @property
    def utilization(self) -> float:
        """Share (0..1) of all banks and cycles that did a lookup of the network, zero padding included; 0 without
        cycles."""
        return (self.lookups + self.padding) / (self.cycles * self.config.banks) if self.cycles else 0.0

    @property
    def utilization_without_padding(self) -> float:
        """Share (0..1) of all banks and cycles that read a table row; 0 without cycles."""
        return self.lookups / (self.cycles * self.config.banks) if self.cycles else 0.0

    def layers(self) -> tuple[tuple[str, int], ...]:
        """(name, cycles in the newest pass) of each layer: its records together, in the order of their first."""
        cycles: dict[str, int] = {}
        for name, count in self.records:
            cycles[name] = cycles.get(name, 0) + count
        return tuple(cycles.items())

    def images_per_second(self, clock_mhz: float) -> float:
        """Images in a second at a clock, if nothing but the core takes time; 0 without cycles."""
        return clock_mhz * 1e6 / self.cycles_per_image if self.cycles else 0.0

    def transfer_s(self, clock_mhz: float) -> float:
        """Seconds of the exchanges in which the core was not at work, at its clock: transfers that were not hidden,
        and how long their end took to be seen. Of a board; a model takes its own time for the cycles."""
        return max(0.0, self.exchange_s - self.cycles / (clock_mhz * 1e6))

    def rows(self) -> list[tuple[str, str]]:
        """Name and value of everything worth showing."""
        lanes = self.config.lanes
        shown = [("images", f"{self.images:,}"), ("lookups", f"{self.lookups * lanes:,}"),
                 ("lookups of zero padding", f"{self.padding * lanes:,}")]
        times = [("Python", f"{self.host_s * 1e3:,.2f} ms"), ("exchange", f"{self.exchange_s * 1e3:,.2f} ms")]
        if not self.cycle_exact:
            return [*shown, ("cycles", "not counted by this back end"), *times]
        shown += [
            ("cycles", f"{self.cycles:,}"), ("cycles per image", f"{self.cycles_per_image:,.1f}"),
            ("lookups per cycle", f"{self.lookups_per_cycle:.2f}"),
            ("multiplications replaced per cycle", f"{self.lookups_per_cycle * self.config.v:.2f}"),
            ("utilization", f"{self.utilization:.1%}"),
            ("utilization without padding", f"{self.utilization_without_padding:.1%}"),
            *((f"stalled on {cause}", f"{getattr(self, f'stall_{cause}'):,}") for cause in STALLS),
        ]  # fmt: skip
        return [*shown, *((f"layer {name}", f"{cycles:,} cycles") for name, cycles in self.layers()), *times]

    def __str__(self) -> str:
        width = max(len(name) for name, _ in self.rows())
        return "\n".join(f"{name:<{width}}  {value}" for name, value in self.rows())
