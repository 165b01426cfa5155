"""Base case, induction, what is reachable, and counterexamples.

    base case   in the first `window` cycles after power-up, with any inputs and any resets, no assertion fails
    induction   where all assertions hold in any `window` successive cycles, they hold in the next one

Both together prove the assertions for all time. A `cover` statement that some run of the block reaches shows that the
assumptions do not exclude it: without, a proof could be empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lutdla_hdl.proofs.system import QUERY_TIMEOUT_S, System

Trace = tuple[dict[str, int], ...]
"""Signal -> value, cycle by cycle."""


@dataclass(frozen=True)
class Result:
    """What became of the statements of a block's rules.

    Attributes:
        proved: labels of assertions that always hold.
        failed: label of every other assertion -> why.
        trace: cycles in which the first assertions of `failed` fail; of an assertion that is only not inductive, they
            need not be reachable.
        reached, unreached: labels of cover statements.
    """

    proved: tuple[str, ...]
    failed: dict[str, str] = field(default_factory=dict)
    trace: Trace = ()
    reached: tuple[str, ...] = ()
    unreached: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Everything is proved, and nothing unreachable."""
        return not self.failed and not self.unreached


def _first_states(system: System, cycles: int) -> list[str]:
    states: list[str] = []
    for _ in range(cycles):
        states.append(system.new_state(states[-1] if states else None, first=not states))
    return states


def _trace(system: System, states: Sequence[str]) -> Trace:
    return tuple({name: system.value(name, state) for name in system.signals} for state in states)


def counterexample(text: str, label: str, cycles: int, *, timeout_s: float = QUERY_TIMEOUT_S) -> Trace | None:
    """The shortest run from power-up that breaks one assertion, None if there is none of `cycles` cycles.

    Args:
        text: of `model.smt2`.
        label: the assertion. Nothing is taken for granted of the others.
        cycles: most cycles.
        timeout_s: most seconds for one question to the solver.

    Raises:
        KeyError: there is no such assertion.
        ToolError: the solver is missing or gave up.
    """
    system = System(text, timeout_s=timeout_s)
    question = {question.label: question for question in system.asserts}[label]
    states: list[str] = []
    for _ in range(cycles):
        states.append(system.new_state(states[-1] if states else None, first=not states))
        if system.possible(system.no(system.holds(question, states[-1]))):
            return _trace(system, states)
    return None


def base_case(text: str, cycles: int, *, timeout_s: float = QUERY_TIMEOUT_S) -> tuple[dict[str, str], Trace]:
    """Assertions that fail first within `cycles` cycles from power-up, and how; none where none fails.

    Raises:
        ToolError: the solver is missing or gave up.
    """
    system = System(text, timeout_s=timeout_s)
    states: list[str] = []
    for cycle in range(cycles):
        states.append(system.new_state(states[-1] if states else None, first=not states))
        holds = {question.label: system.holds(question, states[-1]) for question in system.asserts}
        if system.possible(system.no(system.all_of(list(holds.values())))):
            failed = {label: f"fails in cycle {cycle}" for label, term in holds.items() if not system.is_true(term)}
            return failed, _trace(system, states)
    return {}, ()


def inductive(text: str, window: int, *, timeout_s: float = QUERY_TIMEOUT_S) -> tuple[tuple[str, ...], Trace]:
    """Labels of the largest set of assertions that is inductive, and how the first of the others dropped out.

    Args:
        text: of `model.smt2`.
        window: successive cycles in which the assertions are taken to hold.
        timeout_s: most seconds for one question to the solver.

    Raises:
        ToolError: the solver is missing or gave up.
    """
    system = System(text, timeout_s=timeout_s)
    states = [system.new_state()]
    for _ in range(window):
        states.append(system.new_state(states[-1]))
    kept, trace = list(system.asserts), Trace()
    now = {question: system.holds(question, states[-1]) for question in kept}
    while True:
        before = [system.holds(question, state) for state in states[:-1] for question in kept]
        # one question for each assertion: many easy ones are answered faster than a hard one
        if not any(system.possible(*before, system.no(now[question])) for question in kept):
            break
        trace = trace or _trace(system, states)
        kept = [question for question in kept if system.is_true(now[question])]
    return tuple(question.label for question in kept), trace


def reachable(text: str, cycles: int, *, timeout_s: float = QUERY_TIMEOUT_S) -> dict[str, bool]:
    """Label of each cover statement -> whether it comes true within `cycles` cycles from power-up.

    Raises:
        ToolError: the solver is missing or gave up.
    """
    system = System(text, timeout_s=timeout_s)
    states = _first_states(system, cycles)
    return {
        question.label: system.possible(system.any_of([system.reached(question, state) for state in states]))
        for question in system.covers
    }


def prove(text: str, *, window: int, cycles: int, timeout_s: float = QUERY_TIMEOUT_S) -> Result:
    """Prove all assertions, and reach all cover statements.

    Args:
        text: of `model.smt2`.
        window: of the induction, and cycles of the base case; at least 1.
        cycles: in which cover statements must come true.
        timeout_s: most seconds for one question to the solver.

    Raises:
        ToolError: the solver is missing or gave up.
        ValueError: `window` is below 1: there would be no base case.
    """
    if window < 1:
        raise ValueError(f"window is {window}: it must be 1 or more")
    failed, trace = base_case(text, window, timeout_s=timeout_s)
    if failed:
        return Result((), failed, trace)
    always, trace = inductive(text, window, timeout_s=timeout_s)
    labels = [question.label for question in System(text, timeout_s=timeout_s).asserts]
    failed = {label: f"is not inductive over {window} cycles" for label in labels if label not in always}
    covers = reachable(text, cycles, timeout_s=timeout_s)
    return Result(always, failed, trace if failed else (),
                  reached=tuple(label for label, there in covers.items() if there),
                  unreached=tuple(label for label, there in covers.items() if not there))  # fmt: skip
