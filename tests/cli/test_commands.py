"""The command line as users meet it: real files, exit statuses, one line for an error."""

import json
import os
import subprocess
import sys
import zlib
from pathlib import Path
from pkgutil import iter_modules

import numpy as np
import pytest
from typer.main import get_command
from typer.testing import CliRunner

from lutdla import cli
from lutdla.backends import BACKENDS
from lutdla.backends.emulator import EmulatorModel
from lutdla.backends.simulated import SimulatedBackend
from lutdla.cli._figures import HELP
from lutdla.compiler.assemble import assemble
from lutdla.compiler.random_network import random_network
from lutdla.errors import InputError, ToolError
from lutdla.verify import make_vectors, reference_results
from tests.strategies import TINY

NETWORK = assemble(random_network(TINY, (10, 8, 6)), TINY)
X = make_vectors(NETWORK, 20)


class WrongLane(EmulatorModel):
    """A core whose results of image 3 are off by one in channel 2."""

    def receive(self):
        frame = super().receive()
        if frame is None:
            return None
        rows = np.frombuffer(frame, "<i4").copy().reshape(-1, 8)  # two rows of four lanes
        rows[3:4, 2] += 1
        self._registers["CRC_RESULT"] = zlib.crc32(rows.tobytes())  # the core itself is wrong, not the way to the host
        return rows.tobytes()


@pytest.fixture
def model(tmp_path):
    return NETWORK.save(tmp_path / "net.lut")


@pytest.fixture
def images(tmp_path):
    np.save(tmp_path / "x.npy", X)
    return tmp_path / "x.npy"


def call(*arguments):
    runner = CliRunner(env={"COLUMNS": "200"})
    return runner.invoke(cli.application(), [str(a) for a in arguments], catch_exceptions=False)


def main(*arguments):
    return subprocess.run([sys.executable, "-m", "lutdla", *map(str, arguments)], capture_output=True, text=True,
                          timeout=120)  # fmt: skip


def test_help_names_every_command():
    shown = call("--help").output
    assert all(name in shown for name in ("run", "verify", "hdl", "doctor"))


@pytest.mark.parametrize("arguments", [["--help"], [], ["no-such-command"]])
def test_commands_that_are_only_listed_look_like_those_that_can_be_run(arguments):
    runner = CliRunner(env={"COLUMNS": "200"})
    whole, listed = (runner.invoke(cli.application(given), arguments) for given in (None, arguments))
    assert (listed.exit_code, listed.output) == (whole.exit_code, whole.output)


@pytest.mark.parametrize("before", [[], ["--"]])
def test_a_command_that_is_named_anywhere_can_be_run(before):
    done = main(*before, "run", "missing.lut")
    assert (done.returncode, "Missing option" in done.stderr) == (2, True)


def test_version():
    assert call("--version").output.strip().count(".") == 2


# -- run ---------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("backend", ["emulator", "pynq"])
def test_run_writes_the_results(model, images, tmp_path, backend):
    output = tmp_path / "new folder" / "y.npy"
    done = call("run", model, "--input", images, "--output", output, "--backend", backend)
    assert done.exit_code == 0
    np.testing.assert_array_equal(np.load(output), reference_results(NETWORK, X).astype(np.float32))
    assert f"20 images on {backend}" in done.output
    assert "lookups" in done.output


@pytest.mark.parametrize(("limit", "images_run"), [(0, 0), (7, 7), (99, 20)])
def test_run_with_a_limit(model, images, tmp_path, limit, images_run):
    call("run", model, "--input", images, "--output", tmp_path / "y.npy", "--limit", limit)
    assert np.load(tmp_path / "y.npy").shape == (images_run, 6)


def test_an_error_is_one_clean_line_and_status_2(model, images, tmp_path):
    output = ("--output", tmp_path / "y.npy")
    np.save(tmp_path / "wide.npy", np.zeros((2, 11)))
    np.save(tmp_path / "objects.npy", np.array([{}]))
    (tmp_path / "text.npy").write_text("no array")
    for arguments, message in (
        (("run", tmp_path / "none.lut", "--input", images, *output), "none.lut: no such file"),
        (("run", model, "--input", tmp_path / "none.npy", *output), "none.npy: no .npy file of numbers"),
        (("run", model, "--input", tmp_path / "text.npy", *output), "text.npy: no .npy file of numbers"),
        (("run", model, "--input", tmp_path / "objects.npy", *output), "objects.npy: no .npy file of numbers"),
        (("run", model, "--input", tmp_path / "wide.npy", *output), "input has shape (2, 11)"),
        (("run", model, "--input", images, *output, "--backend", "fpga"), "unknown target 'fpga'"),
        (("run", model, "--input", images, "--output", tmp_path), "is a folder: name a file"),
        (("run", model, "--input", images, "--output", model / "y.npy"), "cannot write there"),
        (("verify", images, "--vectors", "3"), "damaged or not an artefact"),
    ):
        done = main(*arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("error: ")
        assert message in done.stderr
        assert done.stderr.count("\n") == 1
    assert not (tmp_path / "y.npy").exists()


# -- verify ----------------------------------------------------------------------------------------------------
def test_verify_writes_the_figures(model, tmp_path):
    figures = tmp_path / "results" / "verify.json"
    done = call("verify", model, "--vectors", 25, "--json", figures, "--backend", "emulator", "--backend", "pynq")
    assert done.exit_code == 0
    assert json.loads(figures.read_text()) == {"vectors": 25, "mismatches_emulator": 0, "mismatches_pynq": 0}
    assert done.output.count("equal in every bit") == 2


def test_verify_shows_the_first_difference(model, tmp_path, monkeypatch):
    monkeypatch.setitem(BACKENDS, "rtl", lambda config: SimulatedBackend("rtl", WrongLane(config)))
    figures = tmp_path / "verify.json"
    done = call("verify", model, "--vectors", 25, "--json", figures, "--backend", "emulator", "--backend", "rtl")
    assert done.exit_code == 1
    assert json.loads(figures.read_text()) == {"vectors": 25, "mismatches_emulator": 0, "mismatches_rtl": 1}
    expected = reference_results(NETWORK, make_vectors(NETWORK, 25))[3, 2]
    assert f"image 3, channel 2: reference {expected}, rtl {expected + 1}" in done.output


def test_verify_fails_when_a_back_end_is_missing(model, tmp_path, monkeypatch):
    def missing(config):
        raise ToolError("no simulator: pip install 'lutdla[hdl]'")

    monkeypatch.setitem(BACKENDS, "rtl", missing)
    figures = tmp_path / "verify.json"
    done = call("verify", model, "--vectors", 2, "--json", figures, "--backend", "rtl", "--backend", "emulator")
    assert done.exit_code == 2
    assert "could not be run: no simulator: pip install 'lutdla[hdl]'" in done.output
    assert json.loads(figures.read_text()) == {"vectors": 2, "mismatches_emulator": 0}


def test_verify_runs_every_back_end_by_default(model, monkeypatch):
    ran = []
    for name in BACKENDS:
        monkeypatch.setitem(BACKENDS, name, lambda config, name=name: (
            ran.append(name), SimulatedBackend(name, EmulatorModel(config)))[1])  # fmt: skip
    assert call("verify", model, "--vectors", 2).exit_code == 0
    assert ran == ["emulator", "rtl", "myhdl", "pynq"]


# -- hdl -------------------------------------------------------------------------------------------------------
def test_hdl_needs_a_configuration(tmp_path):
    done = main("hdl", "--config", tmp_path / "none.toml", "--out", tmp_path)
    assert done.returncode == 2
    assert "none.toml: no such file: write the fields of CoreConfig as .json or .toml" in done.stderr


def test_hdl_passes_on_what_the_generator_says(tmp_path):
    (tmp_path / "core.json").write_text('{"banks": 3}')
    done = main("hdl", "--config", tmp_path / "core.json", "--out", tmp_path / "verilog")
    assert done.returncode == 2
    assert "unknown configuration field 'banks'" in done.stderr
    assert "Traceback" not in done.stderr


def test_hdl_writes_verilog(tmp_path):
    (tmp_path / "core.json").write_text(json.dumps(TINY.to_dict()))
    done = main("hdl", "--config", tmp_path / "core.json", "--out", tmp_path / "verilog", "--json", "-")
    assert done.returncode == 0, done.stderr
    (file,) = (tmp_path / "verilog").glob("*.v")
    assert json.loads(done.stdout) == {"verilog": str(file)}
    assert done.stderr == f"{file}\n"




@pytest.mark.parametrize(("error", "said"), [
    (InputError("v is 3: use 4"), "error: v is 3: use 4\n"),
    (KeyError("inside"), ("error: KeyError: 'inside': not foreseen, `lutdla --debug ...` shows where it arose: please "
                          "report that\n")),
])  # fmt: skip
def test_an_error_is_one_line_and_status_2(monkeypatch, capsys, error, said):
    def fail(arguments):
        raise error

    monkeypatch.setattr(cli, "application", fail)
    monkeypatch.setattr(sys, "argv", ["lutdla", "fit", "--debug"])  # an option of the command, not ours
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == cli.EXIT_ERROR
    assert capsys.readouterr().err == said


def test_debug_shows_where_an_error_arose(monkeypatch):
    def fail(arguments):
        raise InputError("v is 3")

    monkeypatch.setattr(cli, "application", fail)
    monkeypatch.setattr(sys, "argv", ["lutdla", "--debug", "fit"])
    with pytest.raises(InputError):
        cli.main()


def test_help_says_what_statuses_mean():
    shown = CliRunner(env={"COLUMNS": "200"}).invoke(cli.application(["--help"]), ["--help"]).output
    assert "2 an error" in shown
    assert "--debug" in shown


def test_a_shell_completes_commands_and_their_options():
    def completed(*words):
        environment = os.environ | {"_LUTDLA_COMPLETE": "complete_bash", "COMP_WORDS": " ".join(words),
                                    "COMP_CWORD": str(len(words) - 1)}  # fmt: skip
        program = Path(sys.executable).with_name("lutdla")
        done = subprocess.run([program], env=environment, capture_output=True, text=True, timeout=60)
        return done.stdout.split()

    assert completed("lutdla", "fi") == ["fit"]
    assert completed("lutdla", "fit", "--bo") == ["--board"]


@pytest.mark.parametrize("arguments", [("doctor",), ("data",), ("verify", "MODEL", "--vectors", "2", "--backend",
                                                                "emulator")], ids=lambda given: given[0])  # fmt: skip
def test_figures_go_to_standard_output_alone(model, arguments):
    given = [model if word == "MODEL" else word for word in arguments]
    done = CliRunner().invoke(cli.application(), [*map(str, given), "--json", "-"], catch_exceptions=False)
    assert done.exit_code == 0
    assert json.loads(done.stdout)
    assert done.stderr


@pytest.mark.parametrize("command", [one.name for one in iter_modules(cli.__path__) if not one.name.startswith("_")])
def test_every_command_has_figures(command):
    options = {name: one.help for one in get_command(cli.application()).commands[command].params for name in one.opts}
    assert options["--json"] == HELP


def test_run_writes_what_it_cost(model, images, tmp_path):
    done = main("run", model, "--input", images, "--output", tmp_path / "y.npy", "--json", tmp_path / "cost.json")
    assert done.returncode == 0, done.stderr
    cost = json.loads((tmp_path / "cost.json").read_text())
    assert (cost["images"], cost["profile"]["images"]) == (20, 20)
    assert cost["profile"]["host_s"] > 0
