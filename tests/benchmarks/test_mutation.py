"""The list of mutants, and that the runner tells caught, survived and broken apart."""

import re
from dataclasses import replace

import pytest

from benchmarks import mutation_run
from benchmarks.mutation import all_tests, chosen, figures
from benchmarks.mutation_list import SOURCES, Mutant, load_mutants
from benchmarks.mutation_run import Outcome, Sandbox, Verdict, check_unchanged, try_mutant
from benchmarks.record import ROOT, check_flat
from lutdla.errors import ConfigError, LutdlaError

MUTANTS = load_mutants()


# -- the list ------------------------------------------------------------------------------------------------------
def test_the_list_is_long_and_leaves_no_block_out():
    assert len(MUTANTS) >= 40
    blocks = {path.stem for path in (ROOT / SOURCES).glob("*.py") if "@block" in path.read_text()}
    assert blocks - {"simulation"} <= {mutant.block for mutant in MUTANTS}


def test_a_mutant_changes_one_place_and_stays_python():
    for mutant in MUTANTS:
        text = (ROOT / SOURCES / mutant.file).read_text()
        assert text.count(mutant.find) == 1, mutant
        changed = text.replace(mutant.find, mutant.replace)
        assert changed != text, mutant
        compile(changed, mutant.file, "exec")
        assert mutant.what, mutant


def test_no_two_mutants_are_the_same():
    assert len({(mutant.file, mutant.find, mutant.replace) for mutant in MUTANTS}) == len(MUTANTS)


def test_the_tests_of_a_mutant_exist():
    for mutant in MUTANTS:
        for test in mutant.tests:
            file, _, name = test.partition("::")
            text = (ROOT / file).read_text()
            assert not name or f"def {name.partition('[')[0]}(" in text, (mutant.name, test)


ENTRY = 'name = "a"\nfile = "crc.py"\nfind = "x"\nreplace = "y"\nwhat = "z"\ntests = ["t.py"]\n'


@pytest.mark.parametrize(("text", "message"), [
    ("[[mutant", "no list of mutants"),
    ("[[mutant]]\nname = 'a'", "mutant a has name: it needs file, find, name, replace, tests, what"),
    (f"[[mutant]]\n{ENTRY}[[mutant]]\n{ENTRY}", "mutants are named twice: a"),
    (f"[[mutant]]\n{ENTRY}".replace('"y"', '"x"'), "mutant a replaces 'x' by itself: it must change something"),
    (f"[[mutant]]\n{ENTRY}".replace('["t.py"]', "[]"), "mutant a names no test"),
])  # fmt: skip
def test_a_wrong_list_is_refused(text, message, tmp_path):
    (tmp_path / "mutants.toml").write_text(text)
    with pytest.raises(ConfigError, match=re.escape(message)):
        load_mutants(tmp_path / "mutants.toml")


# -- the runner, on a project of one function ------------------------------------------------------------------------
FAKE = {
    "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\ntimeout = 60\n',
    "benchmarks/__init__.py": "",
    "benchmarks/mutation_plugin.py": (ROOT / "benchmarks" / "mutation_plugin.py").read_text(),
    "benchmarks/mutation_convert.py": "import lutdla_hdl.adder\n",
    "hdl/lutdla_hdl/__init__.py": "",
    "hdl/lutdla_hdl/adder.py": "def total(a, b):\n    return a + b\n",
    "tests/test_adder.py": (
        "import pytest\nfrom lutdla_hdl.adder import total\n\n@pytest.mark.timeout(1)\ndef test_sum():\n"
        "    assert total(2, 3) == 5\n"
    ),
    "tests/test_wrong.py": "def test_nothing():\n    assert False\n",
    "tests/test_fixture.py": (
        "import pytest\nfrom lutdla_hdl.adder import total\n\n@pytest.fixture\ndef five():\n"
        "    assert total(2, 3) == 5\n\ndef test_five(five):\n    pass\n"
    ),
}  # fmt: skip
MINUS = Mutant("minus", "adder.py", "a + b", "a - b", "it subtracts", ("tests/test_adder.py",))


@pytest.fixture
def project(tmp_path):
    root = tmp_path / "project"
    for name, text in FAKE.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.mark.parametrize(("changes", "verdict", "by"), [
    ({}, Verdict.CAUGHT, "test_adder::test_sum"),
    ({"replace": "b + a"}, Verdict.SURVIVED, "no test"),
    ({"replace": "a +"}, Verdict.BROKEN, "SyntaxError: invalid syntax"),
    ({"find": "(a, b)", "replace": "(a)"}, Verdict.BROKEN, "test_adder::test_sum: TypeError"),
    ({"find": "total", "replace": "sum_of"}, Verdict.BROKEN, "1 error in"),
    ({"tests": ("tests/test_fixture.py",)}, Verdict.BROKEN, "1 error in"),
    ({"find": "    return", "replace": "    while True:\n        pass\n    return"}, Verdict.CAUGHT,
     "test_adder::test_sum"),
], ids=["caught", "survived", "cannot be built", "crashes", "cannot be imported", "fixture", "deadline of a test"])
def test_caught_survived_and_broken_are_told_apart(changes, verdict, by, project):
    outcome = try_mutant(replace(MINUS, **changes), project)
    assert outcome.verdict is verdict, outcome
    assert by in outcome.by
    assert outcome.seconds > 0
    assert (project / "hdl/lutdla_hdl/adder.py").read_text() == FAKE["hdl/lutdla_hdl/adder.py"]


def test_what_never_ends_is_not_called_caught(project, monkeypatch):
    monkeypatch.setattr(mutation_run, "LIMIT_S", 1)
    (project / "benchmarks/mutation_convert.py").write_text("while True:\n    pass\n")
    outcome = try_mutant(MINUS, project)
    assert (outcome.verdict, outcome.by) == (Verdict.BROKEN, "benchmarks.mutation_convert took longer than 1 s")


def test_a_text_that_is_not_there_is_named(project):
    with pytest.raises(ConfigError, match=r"mutant minus: adder\.py has 'a \* b' 0 times: it must be there once"):
        try_mutant(replace(MINUS, find="a * b"), project)
    with pytest.raises(ConfigError, match=r"mutant minus: .*none\.py is no file"):
        try_mutant(replace(MINUS, file="none.py"), project)


def test_the_sources_must_pass_before_they_are_changed(project):
    check_unchanged(["tests/test_adder.py"], project)
    with pytest.raises(LutdlaError, match=r"do not pass their tests \(test_wrong::test_nothing\): mend them"):
        check_unchanged(["tests/test_adder.py", "tests/test_wrong.py"], project)


def test_other_sources_than_the_changed_ones_are_never_tested(project, tmp_path):
    (tmp_path / "sandbox").mkdir()
    sandbox = Sandbox(tmp_path / "sandbox", project)
    sandbox._environment["PYTHONPATH"] = str(project / "hdl")
    verdict, by = sandbox.test(["tests/test_adder.py"])
    assert verdict is Verdict.BROKEN
    assert by.startswith(f"ERROR: lutdla_hdl comes from {project}")


def test_a_mutant_of_the_real_sources_is_caught():
    (mutant,) = chosen(MUTANTS, ["flag_a_cycle_early"])
    outcome = try_mutant(mutant)
    assert (outcome.verdict, outcome.by.partition("[")[0]) == (
        Verdict.CAUGHT, "test_delay::test_flags_come_out_late_and_reset_clears_them",
    )  # fmt: skip


# -- the figures -----------------------------------------------------------------------------------------------------
def test_figures_are_counted():
    outcomes = [Outcome(mutant, verdict, "", 1.0) for mutant, verdict in
                zip(MUTANTS, (Verdict.CAUGHT, Verdict.CAUGHT, Verdict.SURVIVED, Verdict.BROKEN))]
    found = figures(outcomes, 12.34)
    check_flat(found)
    assert found == {"mutants": 4, "caught": 2, "survived": 1, "broken": 1, "seconds": 12.3,
                     "blocks": len({mutant.block for mutant in MUTANTS[:4]}), "test_files": len(all_tests(MUTANTS[:4]))}


def test_a_name_that_no_mutant_has_is_refused():
    with pytest.raises(SystemExit, match="no mutant is named nothing"):
        chosen(MUTANTS, ["nothing"])
    assert chosen(MUTANTS, []) == list(MUTANTS)
