"""Pass: maps over their lifetimes -> places in index memory and value memory.

Before: plans of layers, and from which layer on the images of a pass are computed together. After: the first word of
every map that is read as indices, and the first group of every map that is added as values. First fit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from lutdla.compiler.layer_plan import LayerPlan
from lutdla.compiler.misfit import Misfit
from lutdla.spec.config import CoreConfig


@dataclass(frozen=True)
class Region:
    """A map's place: layers `born`..`dies` need it; `size` for one image, `images` of them one behind the other."""

    name: str
    born: int
    dies: int
    size: int
    images: int
    start: int = 0

    @property
    def total(self) -> int:
        """Words, or groups, of all images."""
        return self.size * self.images

    def overlaps(self, other: Region) -> bool:
        """Whether both are needed at the same time."""
        return self.born <= other.dies and other.born <= self.dies

    def at(self, image: int) -> int:
        """Where the map of an image of the pass begins."""
        return self.start + (image * self.size if self.images > 1 else 0)


class Uses:
    """Who writes and who reads each map: found once, not for each map again.

    Args:
        plans: of the layers.
    """

    def __init__(self, plans: tuple[LayerPlan, ...]) -> None:
        self.writers = {plan.target.name: plan for plan in plans if plan.target is not None}
        self.indices: dict[str, list[LayerPlan]] = {}
        self.values: dict[str, list[LayerPlan]] = {}
        for plan in plans:
            for name in dict.fromkeys(plan.reads()):
                self.indices.setdefault(name, []).append(plan)
            if plan.layer.residual is not None:
                self.values.setdefault(plan.layer.residual, []).append(plan)

    def dies(self, name: str) -> int:
        """The last layer that reads a map, or adds it."""
        return max(plan.number for plan in (*self.indices.get(name, ()), *self.values.get(name, ())))


@dataclass(frozen=True)
class Places:
    """Regions by map: of the index memory in words, of the value memory in groups."""

    index: dict[str, Region]
    values: dict[str, Region]


def allocate(plans: tuple[LayerPlan, ...], input_name: str, together: int, batch: int, config: CoreConfig) -> Places:
    """Places of all maps.

    Args:
        plans: of the layers.
        input_name: of the map that frames fill; nothing else ever lies there.
        together: first layer that runs for all images of a pass at once; those before run image by image.
        batch: images of a pass.

    Raises:
        Misfit: index memory or value memory is too small.
    """
    uses = Uses(plans)
    index = [_input_region(uses, input_name, len(plans)),
             *(_region(plan.target.name, uses, together, batch) for plan in plans if plan.encode and plan.target)]
    index_places = _first_fit(index, input_name)
    _check(index_places, "index_words", config.index_words, plans)
    values, moved = [], {}
    for plan in plans:
        if not plan.store or plan.target is None:
            continue
        last_added = max(reader.number for reader in uses.values[plan.target.name])
        words = replace(_region(plan.target.name, uses, together, batch), dies=last_added)
        region = replace(words, size=plan.target.plane * config.groups_per_word)
        last = plan.layer.residual
        replaced = next((r for r in values if r.name == moved.get(last, last)), None)
        if replaced is not None and replaced.dies == plan.number and _same_place(plan, replaced, region):
            # each row of the sum replaces the row that was added
            values[values.index(replaced)] = replace(replaced, dies=region.dies)
            moved[region.name] = replaced.name
        else:
            values.append(region)
    value_places = _first_fit(values, None)
    _check(value_places, "value_rows", config.value_rows, plans)
    return Places(index_places, value_places | {name: value_places[place] for name, place in moved.items()})


def _same_place(plan: LayerPlan, before: Region, after: Region) -> bool:
    return plan.layer.pool == (1, 1) and (before.size, before.images) == (after.size, after.images)


def _input_region(uses: Uses, name: str, layers: int) -> Region:
    """The input map, which frames fill at any time."""
    reader = uses.indices[name][0]
    source = reader.source if reader.source.name == name else reader.shortcut
    assert source is not None
    return Region(name, -1, layers, source.size, 1)


def _region(name: str, uses: Uses, together: int, batch: int) -> Region:
    """The lifetime, as indices, and the size of a map that a layer writes."""
    writer = uses.writers[name]
    assert writer.target is not None
    born = writer.number
    dies = max([born, *(plan.number for plan in uses.indices.get(name, ()))])
    if uses.dies(name) < together or batch == 1:
        return Region(name, born, dies, writer.target.size, 1)
    # the layers that run image by image must not write where earlier images of the pass lie
    return Region(name, -1 if born < together else born, dies, writer.target.size, batch)


def _first_fit(regions: list[Region], first: str | None) -> dict[str, Region]:
    """The lowest place for each, in the order of sizes or lifetimes that needs least; `first` lies at 0."""
    orders = (lambda r: (-r.total, r.born), lambda r: (r.born, -r.total), lambda r: (r.born - r.dies, -r.total))
    tried = [_fit(sorted(regions, key=lambda r, order=order: (r.name != first, order(r))))  # type: ignore[misc]
             for order in orders]
    return min(tried, key=lambda places: top(places.values()))


def _fit(regions: list[Region]) -> dict[str, Region]:
    placed: dict[str, Region] = {}
    for region in regions:
        start = 0
        for other in sorted((r for r in placed.values() if r.overlaps(region)), key=lambda r: r.start):
            if start + region.total <= other.start:
                break
            start = max(start, other.start + other.total)
        placed[region.name] = replace(region, start=start)
    return placed


def top(regions: Iterable[Region]) -> int:
    """The first word, or group, behind all regions."""
    return max((region.start + region.total for region in regions), default=0)


def _check(places: dict[str, Region], memory: str, limit: int, plans: tuple[LayerPlan, ...]) -> None:
    need = top(places.values())
    if need <= limit:
        return
    busiest = max(plans, key=lambda plan: sum(r.total for r in places.values() if r.born <= plan.number <= r.dies))
    held = [f"{r.name} {r.total}" for r in places.values() if r.born <= busiest.number <= r.dies]
    raise Misfit(busiest.layer.name, memory, need, limit, f"maps held then: {', '.join(held)}")
