import json
import sys
import time
from pathlib import Path

import pytest

from benchmarks import peer_timer, peers
from benchmarks.peer_environment import NotHereError, pinned, prepare, reason, run
from benchmarks.peer_script import FOLDER, PeerScript, count_lines, read
from benchmarks.record import check_flat

CONFLICT = """\
Collecting brevitas
ERROR: Cannot install finn-plus and torch==2.13.0 because these package versions have conflicting dependencies.

The conflict is caused by:
    torch 2.13.0 depends on setuptools>=77.0.3
    brevitas 0.13.0 depends on setuptools<70.0

To fix this you could try to:
1. loosen the range of package versions you've specified
ERROR: ResolutionImpossible: for help visit https://pip.pypa.io/en/latest/topics
"""
SOURCE = '''\
"""A title.

package = "pip"
network = "none"
verified = "nothing"
steps = ["run"]
{header}"""

import sys  # counted

# not counted

def f(x):
    """Not
    counted."""
    return (x,
            x)


{body}
# -- for the benchmark: what is timed ---
def simulate():
    return 7
'''


def script(path: Path, header: str = "", body: str = "") -> PeerScript:
    path.write_text(SOURCE.format(header=header, body=body))
    return read(path)


def test_every_script_says_what_it_does():
    scripts = {name: read(FOLDER / f"{stem}.py") for name, stem in peers.PEERS.items()}
    assert {path.stem for path in FOLDER.glob("*.py")} == set(peers.PEERS.values())
    assert all(one.network and one.verified and one.steps and one.lines > 5 for one in scripts.values())
    assert not scripts["torch"].pip  # it is what the others are compared with: the one that runs here
    for name, one in scripts.items():
        check_flat(peers.about(name, one))


def test_lines_are_those_with_code_that_a_user_writes(tmp_path):
    assert script(tmp_path / "a.py").lines == 4
    assert count_lines("x = 1\n\n# no\ny = '''two\nlines'''\n") == 3


def test_a_script_without_its_header_is_refused(tmp_path):
    (tmp_path / "a.py").write_text('"""Only a title."""\n')
    with pytest.raises(ValueError, match=r"a\.py: its docstring must be a title, an empty line and TOML"):
        read(tmp_path / "a.py")


def test_reasons_are_short_and_name_no_paths():
    assert reason(CONFLICT) == "torch 2.13.0 depends on setuptools>=77.0.3; brevitas 0.13.0 depends on setuptools<70.0"
    assert reason("a\nERROR: No matching distribution found for x\nWARNING: old\n") == (
        "No matching distribution found for x")
    assert reason("Traceback\nModuleNotFoundError: No module named 'a' in /home/me/venv/b.py\n") == (
        "ModuleNotFoundError: No module named 'a' in b.py")
    assert len(reason("x" * 1000)) == 240
    assert reason("") == ""


def test_peers_get_the_torch_that_runs_here():
    assert pinned(["hls4ml", "torch"])[0] == "hls4ml"
    assert pinned(["torch"])[0].startswith("torch==2.")
    assert "+" not in pinned(["torch"])[0]


def test_a_run_has_a_deadline_that_ends_what_it_started(tmp_path):
    late = tmp_path / "late"
    command = f"(sleep 2; touch {late}) & sleep 60"
    begin = time.monotonic()
    with pytest.raises(NotHereError, match="sh took longer than 1 s"):
        run(["sh", "-c", command], tmp_path, 1, {"PATH": "/usr/bin:/bin"})
    assert time.monotonic() - begin < 30
    time.sleep(2)
    assert not late.exists()


def test_a_program_that_is_missing_is_named(tmp_path):
    with pytest.raises(NotHereError, match="needs no-such-compiler, which pip does not bring"):
        prepare(script(tmp_path / "a.py", 'needs = ["no-such-compiler"]\n'), tmp_path)


def test_a_script_is_timed_in_its_environment(tmp_path):
    figures = peers.once(script(tmp_path / "a.py"), Path(sys.executable), tmp_path / "run")
    assert figures["images_per_s"] > 0
    assert 0 <= figures["seconds_to_first_output"] < 60
    assert figures["version"]


def test_a_script_without_a_simulation_has_no_rate(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\n")
    assert set(peer_timer.timed(tmp_path / "a.py", 1)) == {"seconds_to_first_output"}


def test_peers_that_fail_are_rows(tmp_path, monkeypatch):
    script(tmp_path / "good.py")
    script(tmp_path / "failing.py", body='raise SystemExit("the outputs differ")')
    script(tmp_path / "absent.py", 'pip = ["x"]\n')
    monkeypatch.setattr(peers, "FOLDER", tmp_path)
    monkeypatch.setattr(peers, "PEERS", {name: name for name in ("good", "failing", "absent")})
    monkeypatch.setattr(peers, "TURNS", 1)

    def refuse(one, folder):
        if one.pip:
            raise NotHereError("No matching distribution found for x")
        return prepare(one, folder)

    monkeypatch.setattr(peers, "prepare", refuse)
    figures = peers.measure(["good", "failing", "absent"], tmp_path / "environments")
    check_flat(json.loads(json.dumps(figures)))
    assert figures["good_status"] == peers.RUNS
    assert figures["good_images_per_s"] > 0
    assert (figures["failing_status"], figures["failing_reason"]) == (peers.NOT_RUN, "the outputs differ")
    assert (figures["absent_status"], figures["absent_reason"]) == (
        peers.NOT_INSTALLED, "No matching distribution found for x")


def test_medians_and_ratios_to_torch_of_the_same_turn():
    def turns(*rates):
        return [{"version": "1", "seconds_to_first_output": 2.0, "images_per_s": rate} for rate in rates]

    figures = peers.summary({"torch": turns(100.0, 200.0, 400.0), "lutdla": turns(10.0, 40.0, 20.0)})
    assert figures["lutdla_images_per_s"] == 20.0
    assert figures["lutdla_images_per_s_to_torch"] == 0.1
    assert figures["torch_images_per_s_to_torch"] == 1.0
    assert peers.summary({"finn": turns(1.0)})["finn_version"] == "1"
