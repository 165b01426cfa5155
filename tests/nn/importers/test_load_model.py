"""What `load_model` takes, and what it says of the rest."""

import onnx
import pytest
import torch
from torch import nn

from lutdla.errors import InputError
from lutdla.nn import load_model
from tests.nn.importers.exports import onnx_of


def small():
    return nn.Sequential(nn.Flatten(), nn.Linear(12, 4), nn.ReLU(), nn.Linear(4, 3)).eval()


def test_objects_and_files_are_models(tmp_path):
    model, x = small(), torch.randn(2, 3, 4)
    program = torch.export.export(model, (x,))
    torch.export.save(program, tmp_path / "small.pt2")
    assert load_model(model) is model
    for source in (program, tmp_path / "small.pt2", str(tmp_path / "small.pt2")):
        torch.testing.assert_close(load_model(source)(x), model(x))
    made = onnx.shape_inference.infer_shapes(onnx_of([("Flatten", ["x"], "y", {})]))
    onnx.save(made, tmp_path / "flat.onnx")
    for source in (made, tmp_path / "flat.onnx"):
        assert load_model(source)(torch.zeros(2, 3, 8, 8)).shape == (2, 192)


def test_training_an_import_leaves_the_program_alone():
    program = torch.export.export(small(), (torch.randn(2, 12),))
    imported = load_model(program)
    before = program.state_dict["1.weight"].clone()
    with torch.no_grad():
        imported.get_submodule("1").weight.add_(1)
    assert torch.equal(program.state_dict["1.weight"], before)
    assert all(parameter.requires_grad for parameter in imported.parameters())
    assert not imported.training


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (3, "cannot load a model from int: give a path to .pt2, .onnx, .pt, an ExportedProgram, an onnx.ModelProto or"),
        ("net.pth", "net.pth: models are .pt2, .onnx, .pt files: write one with torch.export.save, torch.onnx.export"),
        ("missing.onnx", "missing.onnx: there is no such file"),
    ],
)
def test_what_is_no_model_is_refused(source, message):
    with pytest.raises(InputError, match=message):
        load_model(source)


@pytest.mark.parametrize(("suffix", "message"), [(".pt2", "holds no model that torch.export.load reads"),
                                                 (".onnx", "holds no valid ONNX model")])
def test_a_broken_file_is_refused(suffix, message, tmp_path):
    path = tmp_path / f"broken{suffix}"
    path.write_bytes(b"not a model")
    with pytest.raises(InputError, match=rf"broken{suffix}: it {message} \("):
        load_model(path)
