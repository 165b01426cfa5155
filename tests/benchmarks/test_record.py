import json
import sys

import pytest

from benchmarks.record import ORIGIN, check_flat, main, record


def test_a_result_says_what_made_it(tmp_path):
    path = record("speed", {"images": 3, "accuracy": 0.5}, "lutdla demo", tmp_path)
    content = json.loads(path.read_text())
    assert path.name == "speed.json"
    assert (content["images"], content["accuracy"], content["command"]) == (3, 0.5, "lutdla demo")
    assert set(ORIGIN) <= set(content)
    assert "Python 3." in content["machine"]
    assert len(content["commit"].removesuffix("+changes")) == 12


def test_the_machine_is_described_without_names_of_its_own(tmp_path):
    import getpass
    import socket

    content = json.loads(record("speed", {}, "true", tmp_path).read_text())
    assert socket.gethostname() not in content["machine"]
    assert getpass.getuser() not in content["machine"].split()


@pytest.mark.parametrize(
    ("figures", "message"),
    [
        ({"Accuracy": 1.0}, "figure 'Accuracy': use lower case"),
        ({"steps": {"train": 1.0}}, "figure 'steps' is {'train': 1.0}: use a number"),
        ({"none": None}, "figure 'none' is None"),
    ],
)
def test_figures_that_are_not_flat_are_refused(figures, message):
    with pytest.raises(ValueError, match=message):
        check_flat(figures)


def test_a_failed_command_records_nothing(capfd):
    with pytest.raises(SystemExit, match="failed with status 3: nothing was recorded"):
        main(["nothing", sys.executable, "-c", "raise SystemExit(3)"])


def test_a_command_must_be_given(capsys):
    with pytest.raises(SystemExit):
        main(["demo"])
    assert "no command: for example" in capsys.readouterr().err
