"""The transition system that yosys wrote, step by step, in the solver Bitwuzla.

A state is a bit vector with all registers and inputs of one clock cycle; `State.holds` and `State.value` are terms of
it, and the solver is asked for states that break one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from lutdla.errors import ToolError

INSTALL = "pip install lutdla[hdl]"

QUERY_TIMEOUT_S = 120.0
"""Most seconds that the solver may think about one question."""


def solver_package() -> Any:
    """The module `bitwuzla`.

    Raises:
        ToolError: it is not installed.
    """
    try:
        import bitwuzla
    except ImportError as error:
        raise ToolError(f"proofs need the package bitwuzla, which is not installed: {INSTALL}") from error
    return bitwuzla


@dataclass(frozen=True)
class Question:
    """A labelled statement of the rules: `number` is yosys' name for it."""

    label: str
    number: int


class System:
    """Steps of one transition system, in a solver of its own.

    Attributes:
        asserts, covers: the statements of the rules, in order.
        signals: name -> width of the module's and the rules' signals.
    """

    def __init__(self, text: str, *, timeout_s: float = QUERY_TIMEOUT_S) -> None:
        """Read what `model.smt2` wrote.

        Raises:
            ToolError: Bitwuzla is missing or does not understand the text.
        """
        self._package = solver_package()
        options = self._package.Options()
        options.set(self._package.Option.PRODUCE_MODELS, True)
        options.set(self._package.Option.TIME_LIMIT_PER, max(1, round(timeout_s * 1000)))
        self._timeout_s = timeout_s
        self._manager = self._package.TermManager()
        self._parser = self._package.Parser(self._manager, options)
        (self._top,) = re.findall(r"^; yosys-smt2-topmod (\S+)", text, re.MULTILINE)
        self.asserts = self._statements(text, "assert")
        self.covers = self._statements(text, "cover")
        self.signals = {
            name: int(width) for name, width in re.findall(r"^; yosys-smt2-wire (\S+) (\d+)", text, re.MULTILINE)
        }
        self._count = 0
        try:
            self._parser.parse(text, True, False)
        except self._package.BitwuzlaException as error:
            raise ToolError(f"Bitwuzla does not understand yosys' model of {self._top}: {error}") from error
        self._solver = self._parser.bitwuzla()

    @staticmethod
    def _statements(text: str, kind: str) -> tuple[Question, ...]:
        pattern = rf"^; yosys-smt2-{kind} (\d+) (\S+)"
        return tuple(Question(label, int(number)) for number, label in re.findall(pattern, text, re.MULTILINE))

    # -- states -----------------------------------------------------------------------------------------------------
    def new_state(self, before: str | None = None, *, first: bool = False) -> str:
        """A further state, in which the assumptions hold.

        Args:
            before: the state of the cycle before it, if there is one.
            first: it is the state in which the rules' registers have their first values.

        Returns:
            Its name.
        """
        name, top = f"cycle{self._count}", self._top
        self._count += 1
        lines = [f"(declare-const {name} |{top}_s|)", f"(assert (|{top}_u| {name}))"]
        if first:
            lines.append(f"(assert (|{top}_i| {name}))")
        if before is not None:
            lines.append(f"(assert (|{top}_t| {before} {name}))")
        self._parser.parse("\n".join(lines), True, False)
        return name

    def holds(self, question: Question, state: str) -> Any:
        """Term: the assertion holds in a state."""
        return self._parser.parse_term(f"(|{self._top}_a {question.number}| {state})")

    def reached(self, question: Question, state: str) -> Any:
        """Term: the cover statement is true in a state."""
        return self._parser.parse_term(f"(|{self._top}_c {question.number}| {state})")

    # -- questions --------------------------------------------------------------------------------------------------
    def all_of(self, terms: list[Any]) -> Any:
        """Term: all of them; one at least."""
        return terms[0] if len(terms) == 1 else self._manager.mk_term(self._package.Kind.AND, terms)

    def any_of(self, terms: list[Any]) -> Any:
        """Term: one of them; one at least."""
        return terms[0] if len(terms) == 1 else self._manager.mk_term(self._package.Kind.OR, terms)

    def no(self, term: Any) -> Any:
        """Term: not so."""
        return self._manager.mk_term(self._package.Kind.NOT, [term])

    def possible(self, *terms: Any) -> bool:
        """Whether the states made so far can be such that all terms are true.

        Raises:
            ToolError: the solver gave up: neither is known.
        """
        result = self._solver.check_sat(*terms)
        if result == self._package.Result.SAT:
            return True
        if result == self._package.Result.UNSAT:
            return False
        raise ToolError(f"Bitwuzla has no answer about {self._top} within {self._timeout_s:g} s: give it more time, or "
                        "the rules a stronger invariant")

    def is_true(self, term: Any) -> bool:
        """Whether a term is true in the states that the last `possible` found."""
        return bool(self._solver.get_value(term) == self._manager.mk_true())

    def value(self, signal: str, state: str) -> int:
        """A signal in a state that the last `possible` found."""
        found = self._solver.get_value(self._parser.parse_term(f"(|{self._top}_n {signal}| {state})"))
        text = str(found)
        return {"true": 1, "false": 0}[text] if text in ("true", "false") else int(text[2:], 2)
