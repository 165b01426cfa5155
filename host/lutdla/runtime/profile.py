"""`Profile`: what the newest call of a network cost on the device."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Profile:
    """Counters of one call.

    Attributes:
        images: images run.
        lookups: table rows read and added; each is `lanes` lookups.
        lanes: entries of a table row.
        v: values that one lookup stands for.
        cycle_exact: whether the cycles are the hardware's; False: all cycles are 0.
        cycles: clock cycles in which a run was in progress.
        stall_input, stall_output, stall_encoder: cycles lost waiting for data, for the receiver, for the encoder.
        layers: (name, cycles in the newest image) of each program record.
    """

    images: int = 0
    lookups: int = 0
    lanes: int = 1
    v: int = 1
    cycle_exact: bool = False
    cycles: int = 0
    stall_input: int = 0
    stall_output: int = 0
    stall_encoder: int = 0
    layers: tuple[tuple[str, int], ...] = ()

    @property
    def cycles_per_image(self) -> float:
        """Mean clock cycles of an image; 0 without cycles."""
        return self.cycles / self.images if self.images else 0.0

    @property
    def lookups_per_cycle(self) -> float:
        """Table entries added in a cycle, on average; each replaces `v` multiplications. 0 without cycles."""
        return self.lookups * self.lanes / self.cycles if self.cycles else 0.0

    def images_per_second(self, clock_mhz: float) -> float:
        """Images in a second at a clock, if nothing but the core takes time; 0 without cycles."""
        return clock_mhz * 1e6 / self.cycles_per_image if self.cycles else 0.0

    def rows(self) -> list[tuple[str, str]]:
        """Name and value of everything worth showing."""
        shown = [("images", f"{self.images:,}"), ("lookups", f"{self.lookups * self.lanes:,}")]
        if not self.cycle_exact:
            return [*shown, ("cycles", "not counted by this back end")]
        shown += [
            ("cycles", f"{self.cycles:,}"), ("cycles per image", f"{self.cycles_per_image:,.1f}"),
            ("lookups per cycle", f"{self.lookups_per_cycle:.2f}"),
            ("multiplications replaced per cycle", f"{self.lookups_per_cycle * self.v:.2f}"),
            ("stalled on input", f"{self.stall_input:,}"), ("stalled on output", f"{self.stall_output:,}"),
            ("stalled on encoder", f"{self.stall_encoder:,}"),
        ]  # fmt: skip
        return shown + [(f"layer {name}", f"{cycles:,} cycles") for name, cycles in self.layers]

    def __str__(self) -> str:
        width = max(len(name) for name, _ in self.rows())
        return "\n".join(f"{name:<{width}}  {value}" for name, value in self.rows())
