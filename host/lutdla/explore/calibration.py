"""What a toolchain makes of our estimates: a factor for each resource, and the clock that it reaches.

    area of a core, estimated ---+
    report_utilization ----------+--> factors, the mean of measured / estimated --+
    report_timing_summary ----------> clock --------------------------------------+--> Limits of a board --> search

The mean of the ratios is the factor with the least squares of relative errors. A report of the whole design has the
core's surroundings in it: then nothing is left to them a second time (`lutdla.explore.limits.SPARE`).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from lutdla.errors import InputError
from lutdla.explore.area import Area
from lutdla.explore.limits import RESOURCES, SPARE, Limits
from lutdla.explore.memories import LUT_RAM
from lutdla.explore.vivado_reports import Timing, Utilization

VERSION = 1
"""Of the file."""

AREAS = tuple(each.name for each in fields(Area))

NEVER_NONE = ("lut", "ff")
"""What every core takes."""

_HOW = "make it with lutdla explore --calibrate"


@dataclass(frozen=True)
class Calibration:
    """A toolchain, as it was seen to differ from our estimates.

    Attributes:
        tool: name and version.
        family: of the part, as yosys names it: areas of all its parts are corrected.
        part: the clock holds for this one alone, with its package and speed grade.
        of_core: the reports were of the core alone, or of timing; otherwise surroundings are in the factors.
        factors: measured / estimated, by fields of `Area`; none: no report was of area.
        beside: amounts where nothing was estimated, so that no factor exists: they are left to the surroundings.
        clock_mhz: that the slowest report reaches; None: no report was of timing.
        reports: what all this comes from.

    Raises:
        InputError: on construction, for what no toolchain can be.
    """

    tool: str
    family: str
    part: str
    of_core: bool
    factors: dict[str, float]
    beside: dict[str, float] = field(default_factory=dict)
    clock_mhz: float | None = None
    reports: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.family not in LUT_RAM:
            raise InputError(f"family is {self.family!r}: use one of {', '.join(LUT_RAM)}")
        for what, amounts in (("factors", self.factors), ("beside", self.beside)):
            for name, amount in amounts.items():
                if name not in AREAS:
                    raise InputError(f"{what} names {name!r}: use some of {', '.join(AREAS)}")
                if not (math.isfinite(amount) and amount >= 0):
                    raise InputError(f"{what}.{name} is {amount}: it must be 0 or more")
        if self.clock_mhz is not None and not (math.isfinite(self.clock_mhz) and self.clock_mhz > 0):
            raise InputError(f"clock_mhz is {self.clock_mhz}: it must be more than 0")

    @classmethod
    def of(cls, built: Sequence[tuple[Area, Utilization]], timings: Sequence[Timing], part: str,
           family: str) -> Calibration:
        """A calibration of reports.

        Args:
            built: estimated areas of cores, and what reports say of each.
            timings: reports of timing.
            part, family: of the board that they were built for.

        Raises:
            InputError: no reports; reports of another part, of several tools, some of cores and some of whole designs;
                or a design that has not what every core has.
        """
        reports: list[Utilization | Timing] = [*(measured for _, measured in built), *timings]
        if not reports:
            raise InputError("there are no reports: name one")
        first = reports[0]
        for each in reports:
            if not _bare(part).startswith(_bare(each.device)):
                raise InputError(f"{each.path} is of device {each.device}, the board has {part}: name the board that "
                                 "it was built for")
            if each.tool != first.tool:
                raise InputError(f"{each.path} is of {each.tool}, {first.path} of {first.tool}: calibrate one at a "
                                 "time")
        kinds = {measured.of_core: measured.path for _, measured in built}
        if len(kinds) > 1:
            raise InputError(f"{kinds[True]} is of the core alone, {kinds[False]} of the whole design: calibrate with "
                             "one kind")
        factors, beside = {}, {}
        for name in AREAS if built else ():
            every = [_ratio(estimated, measured, name) for estimated, measured in built]
            ratios = [ratio for ratio in every if ratio is not None]
            factors[name] = sum(ratios) / len(ratios) if ratios else 1.0
            amount = max(getattr(measured, name) for _, measured in built)
            if not ratios and amount:
                beside[name] = float(amount)
        clock = min((each.reachable_mhz for each in timings), default=None)
        return cls(first.tool, family, part, next(iter(kinds), True), factors, beside, clock,
                   tuple(each.path for each in reports))

    def apply(self, area: Area) -> Area:
        """What the toolchain is expected to make of an estimated area: of one core, or of columns of cores."""
        return area.times(self.factors)

    def suits(self, limits: Limits) -> bool:
        """Whether a board's part is of the family whose areas are corrected."""
        return limits.family == self.family

    def reaches(self, part: str) -> bool:
        """Whether the clock holds for a part."""
        return self.clock_mhz is not None and _bare(part) == _bare(self.part)

    def apply_limits(self, limits: Limits, part: str) -> Limits:
        """A board as the search sees it with this toolchain; one of another family as it was.

        Args:
            limits: of the board.
            part: of the board, as Vivado names it.
        """
        if not self.suits(limits):
            return limits
        spare = {name: SPARE[name] if self.of_core else 0.0 for name in RESOURCES}
        for name, amount in self.beside.items():
            resource = "lut" if name == "lutram" else name
            spare[resource] += amount / max(1, limits.amounts[resource])
        clock = limits.clock_mhz if self.clock_mhz is None or not self.reaches(part) else self.clock_mhz
        return replace(limits, spare=spare, factors=dict(self.factors), clock_mhz=clock)

    # -- files ---------------------------------------------------------------------------------------------------------
    def save(self, path: Path) -> None:
        """Write it down as JSON."""
        content = {"version": VERSION, **asdict(self), "reports": list(self.reports)}
        path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Calibration:
        """Read what `save` wrote.

        Raises:
            InputError: no such file, of another version, or with a missing, unknown or impossible entry.
        """
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: no calibration ({error}): {_HOW}") from error
        if not isinstance(values, dict) or "version" not in values:
            raise InputError(f"{path}: no calibration: {_HOW}")
        if (version := values.pop("version")) != VERSION:
            raise InputError(f"{path}: version is {version!r}, this lutdla reads {VERSION}: {_HOW} once more")
        if unknown := set(values) - set(_TYPES):
            raise InputError(f"{path}: unknown entry {min(unknown)!r}, known are {', '.join(_TYPES)}")
        for name, kinds in _TYPES.items():
            if name not in values:
                raise InputError(f"{path}: entry {name!r} is missing: {_HOW} once more")
            if not isinstance(values[name], kinds) or (isinstance(values[name], bool) and kinds != (bool,)):
                raise InputError(f"{path}: {name} is {values[name]!r}: it must be {_words(kinds)}")
        try:
            _check_items(values)
            return cls(**{**values, "reports": tuple(values["reports"])})
        except (InputError, OverflowError) as error:
            raise InputError(f"{path}: {error}") from error


_TYPES: dict[str, tuple[type, ...]] = {
    "tool": (str,), "family": (str,), "part": (str,), "of_core": (bool,), "factors": (dict,), "beside": (dict,),
    "clock_mhz": (float, int, type(None)), "reports": (list,),
}  # fmt: skip
"""Entry of a file -> what JSON has for it."""

_WORDS = {str: "text", bool: "true or false", dict: "a table of numbers", float: "a number", list: "a list of texts",
          type(None): "null"}  # fmt: skip


def _words(kinds: Iterable[type]) -> str:
    return " or ".join(_WORDS[kind] for kind in kinds if kind in _WORDS)


def _check_items(values: Mapping[str, Any]) -> None:
    for what in ("factors", "beside"):
        for name, amount in values[what].items():
            if not isinstance(amount, (int, float)) or isinstance(amount, bool):
                raise InputError(f"{what}.{name} is {amount!r}: it must be a number")
    for name in values["reports"]:
        if not isinstance(name, str):
            raise InputError(f"reports has {name!r}: it must be a list of texts")


def _ratio(estimated: Area, measured: Utilization, name: str) -> float | None:
    """Measured / estimated; None: nothing was estimated."""
    expected, found = getattr(estimated, name), getattr(measured, name)
    if not found and name in NEVER_NONE:
        raise InputError(f"{measured.path}: {name} is 0, and every core takes some: name the report of a design that "
                         "has the core in it")
    return float(found / expected) if expected else None


def _bare(part: str) -> str:
    """A part's name without what only some reports have: the company's letters, dashes."""
    return re.sub(r"[^a-z0-9]", "", part.lower().removeprefix("xc"))
