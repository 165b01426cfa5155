"""Formal proofs: the rules hold, mutants fail, and what is no proof is never taken for one."""

import builtins
import re
import subprocess
from types import SimpleNamespace

import pytest
from rich.console import Console

from benchmarks import proofs as benchmark
from lutdla.errors import ConfigError, ToolError
from lutdla_hdl.proofs import model, prover
from lutdla_hdl.proofs.blocks import BLOCKS, converted
from lutdla_hdl.proofs.listing import HELPER, load_proofs
from lutdla_hdl.proofs.model import labels, smt2, with_rules
from lutdla_hdl.proofs.prover import counterexample, inductive, prove
from lutdla_hdl.proofs.system import System

PROOFS = load_proofs()
# About a minute on one core, and in test_crc.py every step is compared with zlib's: benchmarks.proofs proves it.
SLOW = "CRC unit, 128 bits"
# A model of the decoder takes yosys seconds: of its mutants, one for each group of rules. benchmarks.proofs tries all.
DECODER_MUTANTS = (
    "a load is written whatever its CRC is",
    "a memory is a word deeper than it is",
    "writing starts at the beat behind the first",
    "a commit does not count the loads",
    "a run starts without a model",
    "packets are taken in spite of an error",
    "the decoder waits for ever behind a load",
)
MUTANTS = [(p, m) for p in PROOFS for m in p.mutants if p.name != "decoder" or m.name in DECODER_MUTANTS]

COUNTER = """\
module counter (
    clk,
    go,
    count
);
input clk;
input go;
output [3:0] count;
reg [3:0] count;
always @(posedge clk) begin
    if (go && (count != 9)) begin
        count <= count + 1;
    end
end
endmodule
"""

STARTS = "reg started = 0; always @(posedge clk) started <= 1; always @* if (!started) assume (count == 0);\n"


@pytest.mark.parametrize("proof", [p for p in PROOFS if p.name != SLOW], ids=lambda p: p.name)
def test_rules_hold_for_all_time(proof):
    result = proof.check()
    assert result.failed == {}
    assert result.unreached == ()
    assert set(result.proved) == set(proof.assertions)
    assert set(result.reached) == {name for name, kind in labels(proof.text_of_rules).items() if kind == "cover"}


@pytest.mark.parametrize(("proof", "mutant"), MUTANTS, ids=[f"{p.name}: {m.name}" for p, m in MUTANTS])
def test_a_mutant_breaks_its_property(proof, mutant):
    trace = proof.kill(mutant)
    assert trace is not None
    assert 0 < len(trace) <= proof.cycles


def test_every_block_is_proved_and_every_rules_file_has_a_mutant():
    assert {p.block for p in PROOFS} == set(BLOCKS)
    assert {p.rules for p in PROOFS if p.mutants} == {p.rules for p in PROOFS}
    assert {m.name for _, m in MUTANTS} >= set(DECODER_MUTANTS)


def test_every_rules_file_says_that_something_can_happen():
    for proof in PROOFS:
        assert "cover" in labels(proof.text_of_rules).values(), proof.rules


# -- what is proved, what is not ----------------------------------------------------------------------------------
def test_an_invariant_is_proved_and_a_false_one_is_shown():
    rules = STARTS + "always @* bound: assert (count <= 9);\nalways @* low: assert (count < 4);\n"
    text = smt2(COUNTER, rules)
    # base case of 2 cycles: `low` cannot fail yet, but it is not inductive
    result = prove(text, window=2, cycles=2)
    assert result.proved == ("bound",)
    assert result.failed == {"low": "is not inductive over 2 cycles"}
    assert not result.complete
    assert [step["count"] for step in result.trace] == [2, 3, 4]
    assert counterexample(text, "low", 4) is None
    trace = counterexample(text, "low", 9)
    assert [step["count"] for step in trace] == [0, 1, 2, 3, 4]
    assert [step["go"] for step in trace][:4] == [1, 1, 1, 1]
    assert counterexample(text, "bound", 12) is None


def test_a_failure_in_the_base_case_names_the_cycle():
    result = prove(smt2(COUNTER, STARTS + "always @* still: assert (count == 0);"), window=3, cycles=3)
    assert result.failed == {"still": "fails in cycle 1"}
    assert result.proved == ()


def test_what_is_true_but_not_inductive_is_not_proved():
    # 12 is never reached, but from 11, which an induction starts from, it would be
    text = smt2(COUNTER, STARTS + "always @* never: assert (count != 12);")
    assert counterexample(text, "never", 16) is None
    assert inductive(text, 1)[0] == ()


def test_a_cover_that_is_never_true_is_told():
    covers = "always @* begin far: cover (count == 12); near: cover (count == 2); end"
    rules = f"{STARTS}always @* bound: assert (count <= 9);\n{covers}"
    result = prove(smt2(COUNTER, rules), window=1, cycles=12)
    assert result.proved == ("bound",)
    assert result.unreached == ("far",)
    assert result.reached == ("near",)
    assert not result.complete


def test_a_proof_without_a_base_case_is_refused():
    with pytest.raises(ValueError, match="window is 0: it must be 1 or more"):
        prove("", window=0, cycles=1)


# -- tools that are missing, fail or give up ------------------------------------------------------------------------
@pytest.fixture
def text():
    return smt2(COUNTER, STARTS + "always @* bound: assert (count <= 9);")


def test_a_missing_solver_says_what_to_install(text, monkeypatch):
    real = builtins.__import__

    def without(name, *arguments):
        if name == "bitwuzla":
            raise ImportError(name)
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ToolError, match=r"package bitwuzla, which is not installed: pip install lutdla\[hdl\]"):
        prove(text, window=1, cycles=1)


def test_a_missing_yosys_says_what_to_install(monkeypatch):
    monkeypatch.setattr(model.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ToolError, match=r"package pyosys, which is not installed: pip install lutdla\[hdl\]"):
        smt2(COUNTER, "")


def test_a_solver_that_gives_up_is_an_error_not_a_proof():
    # factors of a product of two primes: more than a millisecond
    rules = ("(* anyconst *) reg [23:0] a, b;\n"
             "always @* prime: assert (a < 2 || b < 2 || {24'd0, a} * b != 48'd281474207383549);\n")  # fmt: skip
    with pytest.raises(ToolError, match=r"no answer about counter within 0.001 s: give it more time, or the rules"):
        prove(smt2(COUNTER, rules), window=1, cycles=1, timeout_s=0.001)


def test_an_unknown_verdict_is_an_error_not_a_proof(text, monkeypatch):
    system = System(text)
    unknown = SimpleNamespace(check_sat=lambda *terms: system._package.Result.UNKNOWN)
    monkeypatch.setattr(system, "_solver", unknown)
    with pytest.raises(ToolError, match="Bitwuzla has no answer"):
        system.possible()


def test_yosys_that_does_not_end_is_an_error():
    with pytest.raises(ToolError, match=r"yosys took longer than 0.01 s for counter"):
        smt2(COUNTER, "", timeout_s=0.01)


def test_rules_that_yosys_refuses_are_an_error():
    with pytest.raises(ToolError, match=r"(?s)yosys failed on counter with its rules:.*syntax error"):
        smt2(COUNTER, "always @* begin x: assert (count +); end")


def test_an_assertion_that_yosys_drops_is_an_error(monkeypatch):
    real = subprocess.run

    def losing(*arguments, cwd, **options):
        done = real(*arguments, cwd=cwd, **options)
        path = cwd / "design.smt2"
        path.write_text(re.sub("; yosys-smt2-assert .*\n", "", path.read_text()))
        return done

    monkeypatch.setattr(model.subprocess, "run", losing)
    with pytest.raises(ToolError, match="other statements than its rules: bound differs"):
        smt2(COUNTER, STARTS + "always @* bound: assert (count <= 9);")


def test_a_text_that_is_no_model_is_an_error(text):
    with pytest.raises(ToolError, match="Bitwuzla does not understand yosys' model of counter"):
        System(text + "\n(nonsense)")


# -- rules, lists ----------------------------------------------------------------------------------------------------
def test_statements_need_labels():
    assert labels("a: assert (x); // b: assert (y)\nc: cover (z);") == {"a": "assert", "c": "cover"}
    with pytest.raises(ToolError, match="1 statements have no label: write `name: assert"):
        labels("assert (x); a: assert (y);")
    with pytest.raises(ToolError, match="label a is there twice"):
        labels("a: assert (x); a: cover (y);")


def test_rules_go_into_one_module():
    with pytest.raises(ToolError, match="the Verilog has 2 modules"):
        with_rules(COUNTER + COUNTER, "")


def test_an_unknown_block_is_named():
    with pytest.raises(ConfigError, match=r"block is 'x': use one of axi_lite, "):
        converted("x")


PROOF = """\
[[proof]]
name = "a"
block = "fifo"
rules = "fifo.sv"
window = 1
cycles = 2
"""
MUTANT = """\
[[mutant]]
name = "m"
proof = "a"
breaks = "level_counts"
find = "x"
replace = "y"
"""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("[[proof]]", "[proof"), "the list of proofs is no TOML: "),
        (("[[mutant]]", "[[wrong]]"), "wrong is no table of proofs: use"),
        (("window = 1\n", ""), "proof a: window is missing"),
        (("window = 1\n", "window = 1\ndepth = 2\n"), "proof a: depth is unknown: use name, block"),
        (('block = "fifo"', 'block = "x"'), "proof a: block is 'x': use one of axi_lite"),
        (('rules = "fifo.sv"', 'rules = "x.sv"'), "proof a: rules is 'x.sv': there is no such file"),
        (('proof = "a"', 'proof = "b"'), "mutant m: 'b' is no proof: use one of a"),
        (('breaks = "level_counts"', 'breaks = "x"'), "mutant m: breaks is 'x': fifo.sv asserts no such thing"),
        (('breaks = "level_counts"', 'breaks = "inv_followed_is_stored"'), "a helper of the induction: name the"),
        (('replace = "y"', 'replace = "x"'), "mutant m changes nothing"),
        ((MUTANT, MUTANT + MUTANT), "mutant m is there twice"),
    ],
)
def test_a_wrong_list_says_what_is_wrong(change, message):
    good = PROOF + MUTANT
    assert load_proofs(good)[0].mutants[0].name == "m"
    assert good.count(change[0]) == 1
    with pytest.raises(ConfigError, match=re.escape(message)):
        load_proofs(good.replace(*change))


def test_a_mutant_must_find_its_text_once():
    (proof,) = load_proofs(PROOF + MUTANT)
    with pytest.raises(ConfigError, match=r"mutant m: the Verilog has 'x' [0-9]+ times: name a text that is"):
        proof.model(proof.mutants[0])


# -- the command -----------------------------------------------------------------------------------------------------
def test_figures_count_what_was_proved():
    (proof,) = benchmark.chosen(PROOFS, ["row FIFO"])
    outcomes = benchmark.measure([proof], Console(quiet=True))
    found = benchmark.figures(outcomes)
    helpers = sum(label.startswith(HELPER) for label in proof.assertions)
    assert found["properties"] == found["proved"] == len(proof.assertions) - helpers > 0
    assert found["helpers"] == found["helpers_proved"] == helpers > 0
    assert found["mutants"] == found["mutants_killed"] == len(proof.mutants) > 0
    assert found["covers"] == found["covers_reached"] > 0
    assert benchmark.complaints(outcomes) == []


def test_what_does_not_hold_is_told():
    (proof,) = benchmark.chosen(PROOFS, ["row FIFO"])
    trace = ({"level": 1, "level_counts_EN": 1},)
    result = prover.Result((), {"level_counts": "fails in cycle 3"}, trace, unreached=("full",))
    outcomes = [benchmark.Outcome(proof, result, survived=list(proof.mutants[:1]))]
    assert benchmark.complaints(outcomes) == [
        "row FIFO: level_counts fails in cycle 3", "row FIFO: full is not reached within 12 cycles",
        "row FIFO: mutant 'a push beside a pop is counted twice' survives level_counts",
    ]  # fmt: skip
    assert benchmark.figures(outcomes)["proved"] == 0
    console = Console(record=True, width=120)
    console.print(benchmark.table_of_trace(result.trace, "row FIFO"))
    assert re.search(r"level +│ +1", console.export_text())


def test_an_unknown_proof_is_named():
    with pytest.raises(SystemExit, match="no proof is named x: use axi_lite, "):
        benchmark.chosen(PROOFS, ["x"])
