"""Converted parts as steps of a pipeline: what is cut out of their input, and the artefacts that they need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from torch import nn

from lutdla.compiler.assemble import assemble
from lutdla.compiler.export import network_for
from lutdla.errors import CompileError
from lutdla.nn.segments.emit import Emitter, Ref
from lutdla.nn.segments.part import LUTPart, Windows
from lutdla.nn.segments.widen import Segments, can_widen, compile_sequence
from lutdla.spec.artefact import Artefact
from lutdla.spec.config import CoreConfig
from lutdla.spec.pipeline import LOOKUP


@dataclass
class PartCompiler:
    """Compiles parts as they are met.

    Attributes:
        model: that has them.
        config: the core, or one for each part.
        options: of the compiler.
        sequences: whether parts may take many positions at once.
        artefacts: made so far, by name; a part that takes sequences of several lengths has several.
    """

    model: nn.Module
    config: CoreConfig | Mapping[str, CoreConfig]
    options: Mapping[str, Any]
    sequences: bool = True
    artefacts: dict[str, Artefact] = field(default_factory=dict)
    _cuts: dict[str, Segments | None] = field(default_factory=dict)

    def position_by_position(self) -> PartCompiler:
        """The same, but without sequences."""
        return replace(self, sequences=False)

    def compile(self, name: str, positions: int, windows: Windows) -> tuple[str, Segments | None]:
        """The artefact's name for a part, and how a sequence of so many positions is cut; None: into positions.

        Raises:
            CompileError: it is not frozen, or does not fit the core.
        """
        part = self.model.get_submodule(name)
        assert isinstance(part, LUTPart)
        core = self.config[name] if isinstance(self.config, Mapping) else self.config
        try:
            network = network_for(part.network, core)
            wide = self.sequences and positions > 1 and can_widen(network)
            key = next(key for key in (name, f"{name} of {positions}" if wide else f"{name} alone")
                       if key not in self._cuts or self._serves(key, positions if wide else None))
            if key not in self._cuts:
                about = {"part": name}
                if wide:
                    self.artefacts[key], self._cuts[key] = compile_sequence(
                        network, core, positions, windows.kernel, windows.stride, about, dict(self.options))
                else:
                    self.artefacts[key], self._cuts[key] = assemble(network, core, about, **self.options), None
        except CompileError as error:
            raise CompileError(f"part {name}: {error}") from error
        return key, self._cuts[key]

    def _serves(self, key: str, positions: int | None) -> bool:
        """Whether an artefact is for sequences of this length; None: for single positions."""
        cut = self._cuts[key]
        if cut is None or positions is None:
            return cut is None and positions is None
        return (cut.count - 1) * cut.positions < positions <= cut.count * cut.positions


def lookup(emit: Emitter, part: LUTPart, name: str, x: Ref, parts: PartCompiler) -> str:
    """Write the steps of a part; returns the name of its result."""
    windows = part.windows or Windows(1)
    is_sequence = part.windows is not None or (x.example.ndim == 3 and len(part.input_shape) == len(part.shape) == 1)
    positions = 1
    if is_sequence:
        length = x.example.shape[2] + 2 * windows.padding if part.windows else x.example.shape[1]
        positions = (length - windows.kernel) // windows.stride + 1
    key, cut = parts.compile(name, positions, windows)
    if cut is None and part.windows is None:
        return emit.step(LOOKUP, x, part=key, shape=list(part.shape))
    first, last = emit.name, emit.name
    if part.windows is None:
        first = emit.step("transpose", x, name=f"{last}.channels", first=1, second=2)
    given: Any = x if first == last else first
    if cut is None:
        cut = Segments(1, positions, windows.kernel, windows.stride)
        shape = list(part.shape)
    else:
        shape = [cut.positions, *part.shape]
        given = emit.step("pad", given, name=f"{last}.padded", widths=[
            windows.padding, windows.padding + max(0, cut.length - length)])
        windows = Windows(windows.kernel, windows.stride)
    pieces = emit.step("conv_windows", given, name=f"{last}.windows", kernel=cut.size, stride=cut.step,
                       padding=windows.padding)
    looked = emit.step(LOOKUP, pieces, name=f"{last}.looked", part=key, shape=shape)
    if len(shape) > len(part.shape):
        flat = emit.step("flatten", looked, name=f"{last}.positions", start=1, end=2)
        looked = emit.step("getitem", flat, name=f"{last}.all", index=[[None, None, None], [None, positions, None]])
    if part.windows is None:
        return looked
    return emit.step("transpose", looked, name=last, first=1, second=2)
