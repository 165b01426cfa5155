"""`PipelineProfile`: what the newest call of a pipeline cost, on the device and on the host."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace

from lutdla.runtime.profile import Profile


@dataclass
class PipelineProfile:
    """Counters of one call.

    Attributes:
        parts: name -> counters of all its runs together; `records` are those of the newest.
        loads: name -> how often it was loaded into the core.
        seconds: "lookup" -> wall-clock time of loading and running parts, "all" -> of all steps.
    """

    parts: dict[str, Profile] = field(default_factory=dict)
    loads: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def cycles(self) -> int:
        """Clock cycles in which a run was in progress, of all parts; loading is not in them."""
        return sum(part.cycles for part in self.parts.values())

    @property
    def lookups(self) -> int:
        """Table rows read and added by all parts."""
        return sum(part.lookups for part in self.parts.values())

    @property
    def host_seconds(self) -> float:
        """Wall-clock time of the host's own steps."""
        return self.seconds.get("all", 0.0) - self.seconds.get("lookup", 0.0)

    def add(self, name: str, profile: Profile) -> None:
        """Count a run of a part."""
        before = self.parts.get(name)
        if before is not None:
            sums = {entry.name: getattr(before, entry.name) + getattr(profile, entry.name) for entry in fields(Profile)
                    if entry.type == "int"}
            profile = replace(profile, **sums)
        self.parts[name] = profile

    def count_load(self, name: str) -> None:
        """Count that a part was loaded."""
        self.loads[name] = self.loads.get(name, 0) + 1

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """Add the time that passes inside to `seconds`."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[what] = self.seconds.get(what, 0.0) + time.perf_counter() - begin

    def rows(self) -> list[tuple[str, str]]:
        """Name and value of everything worth showing."""
        shown = []
        for name, part in self.parts.items():
            cycles = f"{part.cycles:,} cycles" if part.cycle_exact else "cycles not counted"
            shown.append((f"part {name}", f"{part.images:,} rows, {self.loads.get(name, 0)} loads, {cycles}"))
        if any(part.cycle_exact for part in self.parts.values()):
            shown.append(("cycles of all parts", f"{self.cycles:,}"))
        return [*shown, ("host's own steps", f"{self.host_seconds:.3f} s"),
                ("loading and running parts", f"{self.seconds.get('lookup', 0.0):.3f} s")]

    def __str__(self) -> str:
        width = max(len(name) for name, _ in self.rows())
        return "\n".join(f"{name:<{width}}  {value}" for name, value in self.rows())
