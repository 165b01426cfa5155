"""`lutdla inspect` as users see it, in 100 columns."""

import json

import pytest
from typer.testing import CliRunner

from lutdla import cli
from lutdla.compiler.assemble import assemble
from lutdla.compiler.topologies import topology
from lutdla.inspection import inspect_artefact
from lutdla.inspection.terminal import bar, size
from lutdla_overlay.cores import load_core
from tests.networks import two_layers


@pytest.fixture(scope="module")
def lenet5(tmp_path_factory):
    core = load_core("xc7z010").config
    return assemble(topology("lenet5", core), core).save(tmp_path_factory.mktemp("model") / "lenet5.lut")


def call(*arguments):
    runner = CliRunner(env={"COLUMNS": "100"})
    return runner.invoke(cli.application(), ["inspect", *map(str, arguments)], catch_exceptions=False)


def test_it_draws_network_memories_and_costs(lenet5):
    shown = call(lenet5).output
    assert "conv1  convolution 5 x 5, max-pool 2 x 2 -> 14 x 14 x 16" in shown
    assert "24 images" in shown
    assert "streamed in each pass" in shown
    assert "Places of maps" not in shown
    assert all(len(line) <= 100 for line in shown.replace(str(lenet5), "").splitlines())


def test_regions_are_listed_on_request(lenet5):
    assert "streamed tables, half 1" in call(lenet5, "--regions").output


def test_json_goes_to_a_file_or_stands_alone(tmp_path):
    path = two_layers().save(tmp_path / "net.lut")
    expected = json.loads(json.dumps(inspect_artefact(two_layers()).figures()))
    assert call(path, "--json", tmp_path / "new" / "net.json").exit_code == 0
    assert json.loads((tmp_path / "new" / "net.json").read_text()) == expected
    printed = call(path, "--json", "-")
    assert json.loads(printed.stdout) == expected
    assert "Memories of the core" in printed.stderr


def test_names_are_not_read_as_markup(tmp_path):
    artefact = two_layers()
    object.__setattr__(artefact, "layers", ("input", "[red]a[/]", "[b]"))
    shown = call(artefact.save(tmp_path / "net.lut")).output
    assert "[red]a[/]  fully connected" in shown


@pytest.mark.parametrize(("count", "said"), [(0, "0 B"), (1023, "1,023 B"), (1024, "1.0 KiB"), (417_792, "408 KiB"),
                                             (3 << 40, "3,072 GiB")])  # fmt: skip
def test_sizes(count, said):
    assert size(count) == said


@pytest.mark.parametrize(("share", "filled"), [(0.0, 0), (0.001, 1), (0.5, 4), (1.0, 8), (1.5, 8)])
def test_bars(share, filled):
    assert 8 - bar(share, 8).plain.count("·") == filled
    assert len(bar(share, 8).plain) == 8
