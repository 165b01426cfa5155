"""The proofs and mutants of the TOML files beside this one.

    [[proof]]    rules of a block, and how they are proved: the attributes of `Proof`
    [[mutant]]   a mistake with which an assertion of a proof must fail: the attributes of `Mutant`
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, TypeVar

from lutdla.errors import ConfigError
from lutdla.toml import tomllib
from lutdla_hdl.proofs.blocks import BLOCKS, converted
from lutdla_hdl.proofs.model import labels, smt2
from lutdla_hdl.proofs.prover import Result, Trace, counterexample, prove
from lutdla_hdl.proofs.system import QUERY_TIMEOUT_S

HELPER = "inv_"
"""What the label of an assertion begins with that is only there for the induction: it says what a register means."""


def replaced_once(verilog: str, find: str, replace: str, what: str) -> str:
    """The text with `replace` where `find` stands.

    Raises:
        ConfigError: `find` is not there exactly once.
    """
    if (count := verilog.count(find)) != 1:
        raise ConfigError(f"{what}: the Verilog has {find!r} {count} times: name a text that is there once")
    return verilog.replace(find, replace)


@dataclass(frozen=True)
class Mutant:
    """A mistake that a designer could make, with which one assertion must fail.

    Attributes:
        name: the mistake in words. proof: name of the proof.
        breaks: label of the assertion that must fail.
        find, replace: a text that occurs once in the Verilog, and what stands there instead.
    """

    name: str
    proof: str
    breaks: str
    find: str
    replace: str


@dataclass(frozen=True)
class Proof:
    """Rules of a block, with how they are proved.

    Attributes:
        name: tells it apart. block: of `BLOCKS`.
        rules: file with the rules, in this package.
        window: of the induction.
        cycles: within which cover statements come true and mutants fail.
        cut: assignments taken out of the Verilog.
        mutants: what must fail.
    """

    name: str
    block: str
    rules: str
    window: int
    cycles: int
    cut: Sequence[str] = ()
    mutants: tuple[Mutant, ...] = field(default=())

    @property
    def text_of_rules(self) -> str:
        """What the file says."""
        return files("lutdla_hdl.proofs").joinpath(self.rules).read_text(encoding="utf-8")

    @property
    def assertions(self) -> tuple[str, ...]:
        """Labels of all assertions, the helpers of the induction too."""
        return tuple(label for label, kind in labels(self.text_of_rules).items() if kind == "assert")

    def model(self, mutant: Mutant | None = None) -> str:
        """SMT-LIB of the block with its rules, or of a mutant of it (`model.smt2`).

        Raises:
            ConfigError: a text to cut or to change is not there exactly once.
            ToolError: MyHDL or yosys is missing or failed.
        """
        verilog, constants = converted(self.block)
        for text in self.cut:
            verilog = replaced_once(verilog, text, "", f"proof {self.name}")
        if mutant is not None:
            verilog = replaced_once(verilog, mutant.find, mutant.replace, f"mutant {mutant.name}")
        return smt2(verilog, self.text_of_rules, constants=constants)

    def check(self, *, timeout_s: float = QUERY_TIMEOUT_S) -> Result:
        """Prove the assertions and reach the cover statements (`prover.prove`).

        Raises:
            ConfigError, ToolError: see `model`; the solver is missing or gave up.
        """
        return prove(self.model(), window=self.window, cycles=self.cycles, timeout_s=timeout_s)

    def kill(self, mutant: Mutant, *, timeout_s: float = QUERY_TIMEOUT_S) -> Trace | None:
        """How a mutant breaks its assertion, None if it does not within `cycles` (`prover.counterexample`).

        Raises:
            ConfigError, ToolError: see `model`; the solver is missing or gave up.
        """
        return counterexample(self.model(mutant), mutant.breaks, self.cycles, timeout_s=timeout_s)


def load_proofs(text: str | None = None) -> tuple[Proof, ...]:
    """The proofs of all TOML files of this package (or of `text`), with their mutants, in order.

    Raises:
        ConfigError: no TOML; a key is missing or unknown; a name is there twice; a proof, block, file or assertion that
            an entry names does not exist; or a mutant changes nothing.
    """
    if text is None:
        lists = {entry.name: entry for entry in files("lutdla_hdl.proofs").iterdir() if entry.name.endswith(".toml")}
        text = "\n".join(lists[name].read_text(encoding="utf-8") for name in sorted(lists))
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"the list of proofs is no TOML: {error}") from error
    if unknown := sorted(set(tables) - {"proof", "mutant"}):
        raise ConfigError(f"{unknown[0]} is no table of proofs: use [[proof]] and [[mutant]]")
    proofs = {proof.name: proof for proof in _made(Proof, tables.get("proof", []), {"mutants"})}
    found: dict[str, list[Mutant]] = {name: [] for name in proofs}
    for mutant in _made(Mutant, tables.get("mutant", []), set()):
        if mutant.proof not in proofs:
            raise ConfigError(f"mutant {mutant.name}: {mutant.proof!r} is no proof: use one of {', '.join(proofs)}")
        if mutant.find == mutant.replace:
            raise ConfigError(f"mutant {mutant.name} changes nothing: find and replace are the same")
        found[mutant.proof].append(mutant)
    result = tuple(dataclasses.replace(proof, mutants=tuple(found[name])) for name, proof in proofs.items())
    for proof in result:
        _check(proof)
    return result


def _check(proof: Proof) -> None:
    if proof.block not in BLOCKS:
        raise ConfigError(f"proof {proof.name}: block is {proof.block!r}: use one of {', '.join(BLOCKS)}")
    if not files("lutdla_hdl.proofs").joinpath(proof.rules).is_file():
        raise ConfigError(f"proof {proof.name}: rules is {proof.rules!r}: there is no such file beside listing.py")
    for mutant in proof.mutants:
        if mutant.breaks not in proof.assertions:
            raise ConfigError(f"mutant {mutant.name}: breaks is {mutant.breaks!r}: {proof.rules} asserts no such thing")
        if mutant.breaks.startswith(HELPER):
            raise ConfigError(f"mutant {mutant.name}: breaks is {mutant.breaks!r}, a helper of the induction: name the "
                              "property that it violates")


_Entry = TypeVar("_Entry", Proof, Mutant)


def _made(kind: type[_Entry], entries: Sequence[Mapping[str, Any]], not_here: set[str]) -> list[_Entry]:
    known = {f.name: f for f in dataclasses.fields(kind) if f.name not in not_here}
    needed = {name for name, f in known.items() if f.default is dataclasses.MISSING}
    made: list[_Entry] = []
    for number, entry in enumerate(entries):
        where = f"{kind.__name__.lower()} {entry.get('name', f'number {number}')}"
        if missing := sorted(needed - set(entry)):
            raise ConfigError(f"{where}: {missing[0]} is missing")
        if unknown := sorted(set(entry) - set(known)):
            raise ConfigError(f"{where}: {unknown[0]} is unknown: use {', '.join(known)}")
        made.append(kind(**entry))
    names = [entry.name for entry in made]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigError(f"{kind.__name__.lower()} {twice[0]} is there twice: give each a name of its own")
    return made
