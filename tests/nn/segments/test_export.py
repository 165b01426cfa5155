import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import lutdla
from lutdla.errors import CompileError, InputError
from lutdla.models.pretrained.silero_vad import SileroVAD
from lutdla.nn import Normalize, freeze
from lutdla.nn.segments import convert_parts, export_pipeline
from lutdla.spec.pipeline import Pipeline
from tests.nn.segments.models import CORE, OPTIONS, feed_forward, frozen, seeded, small_magika, small_minilm


def vad():
    return seeded(SileroVAD), torch.randn(3, 4, 576, generator=torch.Generator().manual_seed(4)) * 0.1


MODELS = {
    "feed_forward": (feed_forward, ("up", "down")), "magika": (small_magika, ("conv", "dense")),
    "minilm": (small_minilm, None), "vad": (vad, ("encoder",)),
}  # fmt: skip


@pytest.fixture(scope="module", params=MODELS)
def exported(request):
    """Converted model, its inputs and its pipeline."""
    make, parts = MODELS[request.param]
    model, inputs = make()
    converted = frozen(model, parts or model.parts(), inputs)
    return converted, inputs, export_pipeline(converted, inputs, CORE, {"name": request.param})


def arrays(inputs):
    return {name: tensor.numpy() for name, tensor in inputs.items()} if isinstance(inputs, dict) else inputs.numpy()


def call(network, inputs):
    return network(**inputs) if isinstance(inputs, dict) else network(inputs)


def test_the_pipeline_computes_what_torch_does(exported, tmp_path):
    model, inputs, pipeline = exported
    with torch.no_grad():
        want = call(model, inputs).numpy()
    path = pipeline.save(tmp_path / "model.lut")
    with lutdla.open("emulator") as accelerator:
        have = call(accelerator.load(path), arrays(inputs))
    # a value right between two steps of int8 may round differently: then its slice may have another index
    assert np.isclose(have, want, rtol=1e-5, atol=1e-5).mean() > 0.98
    assert np.abs(have - want).mean() < 0.01 * np.abs(want).mean()


def test_parts_compute_what_torch_does_bit_for_bit(exported):
    model, _, pipeline = exported
    for name, artefact in pipeline.parts.items():
        part, x = model.get_submodule(name), torch.randn(32, *artefact.input_shape)
        with torch.no_grad(), lutdla.open("emulator") as accelerator:
            if part.windows is not None:
                want = part(x).transpose(1, 2)  # of all positions of a segment
            elif len(artefact.input_shape) > len(part.input_shape):
                want = part(x.transpose(1, 2))
            else:
                want = part.network(x)
            np.testing.assert_array_equal(accelerator.load(artefact)(x.numpy()), want.reshape(32, -1).numpy())


def test_it_says_what_it_takes_and_is(exported):
    model, inputs, pipeline = exported
    named = inputs if isinstance(inputs, dict) else {pipeline.inputs[0].name: inputs}
    assert {entry.name: (entry.shape, entry.dtype) for entry in pipeline.inputs} == {
        name: (tuple(tensor.shape[1:]), str(tensor.dtype).removeprefix("torch.")) for name, tensor in named.items()}
    assert pipeline.provenance["name"] in MODELS
    weights = {f"{name}.weight" for name, module in model.named_modules() if type(module) is nn.Linear}
    assert len(weights) <= 2  # of the voice detector: its transform and decoder
    assert isinstance(pipeline, Pipeline)


def test_a_pipeline_needs_no_torch(exported, tmp_path):
    from tests.test_imports import BLOCK, run

    _, inputs, pipeline = exported
    path = pipeline.save(tmp_path / "model.lut")
    np.savez(tmp_path / "x.npz", **{entry.name: np.zeros((2, *entry.shape), entry.dtype) for entry in pipeline.inputs})
    code = f"import numpy, lutdla; print(lutdla.open('emulator').load({str(path)!r})(**numpy.load({str(tmp_path)!r} "
    done = run(BLOCK + code + "+ '/x.npz')).shape)")
    assert done.stderr == ""
    assert done.stdout.startswith("(2, ")
    assert len(inputs) > 0


class Plain(nn.Module):
    """A part and whatever else, for one node at a time."""

    def __init__(self, after, **modules):
        super().__init__()
        self.part, self.after = nn.Linear(6, 6), after
        for name, module in modules.items():
            self.add_module(name, module)

    def forward(self, x):
        return self.after(self, self.part(x))


X = torch.randn(16, 4, 6, generator=torch.Generator().manual_seed(5))

HOST = {
    "arithmetic": lambda m, y: 2 * (y - 0.5) / (y.abs() + 1) + (-y).square() * y.exp().clamp(max=3) - 1,
    "reduced": lambda m, y: y.mean(1) + y.sum(dim=1, keepdim=True).squeeze(1) + y.amax(1) + torch.amin(y, 1),
    "shapes": lambda m, y: y.view(y.size(0), 24).reshape(y.shape[0], 4, 6).permute(0, 2, 1).flatten(1),
    "split": lambda m, y: torch.cat([y.chunk(2, dim=2)[1], torch.split(y, 4, 2)[1], y.split([1, 5], -1)[0]], dim=2),
    "unbound": lambda m, y: y.unbind(1)[2] * y.unbind(-1)[0][:, :1],
    "indexed": lambda m, y: y[:, 1:3, None, ...][..., 0] * y[:, -1].unsqueeze(1)[:, :, :1],
    "masked": lambda m, y: torch.where(y != 0, y, -y).masked_fill((y * 0 + 1).bool(), 2.5).float(),
    "activated": lambda m, y: F.silu(y) + torch.tanh(y) + y.sigmoid() + F.relu(y) + F.gelu(y, approximate="tanh"),
    "normed": lambda m, y: F.softmax(F.normalize(m.norm(y), dim=-1), dim=-1),
    "dense": lambda m, y: m.conv(m.dense(y).transpose(1, 2)),
    "weights": lambda m, y: y @ m.dense.weight.t() + m.dense.bias[:6] * 2,
    "modules": lambda m, y: m.several(y),
    "raised": lambda m, y: y ** 2 + torch.pow(y.abs(), 0.5),
}  # fmt: skip


def plain(after):
    several = nn.Sequential(nn.ReLU(), nn.Dropout(), nn.Identity(), nn.Sigmoid(), nn.Tanh(), nn.SiLU(), nn.GELU(),
                            Normalize(0.1, 2.0), nn.Softmax(-1), nn.Flatten(), nn.Unflatten(1, (4, 6)))  # fmt: skip
    return seeded(lambda: Plain(after, norm=nn.LayerNorm(6), dense=nn.Linear(6, 6), several=several,
                                conv=nn.Conv1d(6, 5, 3, stride=2, padding=1)))


def test_positions_together_and_alone_give_the_same(exported):
    model, inputs, together = exported
    alone = export_pipeline(model, inputs, CORE, sequences=False)
    results, rows = [], []
    for pipeline in (together, alone):
        with lutdla.open("emulator") as accelerator:
            net = accelerator.load(pipeline)
            results.append(call(net, arrays(inputs)))
            rows.append(sum(part.images for part in net.profile.parts.values()))
    np.testing.assert_allclose(results[0], results[1], rtol=1e-6, atol=1e-6)
    assert all(part.output_pixels == 1 for part in alone.parts.values())
    assert rows[0] < rows[1] or together.provenance["name"] == "vad"


class Twice(nn.Module):
    """One part on sequences of two lengths, and on single rows."""

    def __init__(self):
        super().__init__()
        self.part = nn.Linear(6, 6)

    def forward(self, x):
        many = self.part(x).sum(1) + self.part(x[:, 1:3]).sum(1) + self.part(torch.cat([x, -x], 1)).sum(1)
        return many + self.part(x[:, 0]) + self.part(x.flatten(1)[:, :6])


def test_a_part_may_be_used_for_several_lengths():
    model = frozen(seeded(Twice), ["part"], X)
    pipeline = export_pipeline(model, X, CORE)
    assert list(pipeline.parts) == ["part", "part of 8", "part alone"]
    with torch.no_grad(), lutdla.open("emulator") as accelerator:
        np.testing.assert_allclose(accelerator.load(pipeline)(X.numpy()), model(X).numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("case", HOST)
def test_the_rest_of_a_model_runs_on_the_host(case):
    model = frozen(plain(HOST[case]), ["part"], X)
    pipeline = export_pipeline(model, X[:1], CORE)
    with torch.no_grad(), lutdla.open("emulator") as accelerator:
        np.testing.assert_allclose(accelerator.load(pipeline)(X.numpy()), model(X).numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("after", "message"),
    [
        (lambda m, y: torch.cumsum(y, 1), r"operation cumsum \(cumsum\), after layer part \(LUTPart\): the host"),
        (lambda m, y: m.other(y), r"layer other \(RReLU\), after layer part \(LUTPart\): .*make it a part with"),
        (lambda m, y: y.mean(0, keepdim=True) + y, r"it reduces dimensions \[0\], the batch among them"),
        (lambda m, y: y.mean(), "the batch among them"),
        (lambda m, y: y.squeeze(), "it drops all axes of length 1"),
        (lambda m, y: y**3, "it raises to 3: use torch.square"),
        (lambda m, y: y * y.shape[0], "it takes the batch size: only tensors and numbers"),
        (lambda m, y: y.reshape(y.shape[0], -1), "its shape has the batch size and -1"),
        (lambda m, y: torch.cat([y, y]), "it joins along the batch"),
        (lambda m, y: F.normalize(y, p=1.0), "it has p=1.0: use p=2"),
        (lambda m, y: torch.add(y, y, alpha=2), "it has alpha=2"),
        (lambda m, y: y.double(), r"operation double"),
        (lambda m, y: y.to(torch.float16), "it casts to torch.float16"),
        (lambda m, y: m.lstm(y)[0], "it has num_layers=2: use num_layers=1"),
        (lambda m, y: (y, y), "the model's output is not one tensor"),
        (lambda m, y: y if y.sum() > 0 else -y, "Plain cannot be traced"),
    ],
)
def test_what_the_host_cannot_do_is_refused_by_name(after, message):
    lstm = nn.LSTM(6, 6, num_layers=2, batch_first=True)
    model = seeded(lambda: Plain(lambda m, y: y, other=nn.RReLU(), lstm=lstm))
    converted = frozen(model, ["part"], X)
    converted.after = after
    with pytest.raises(CompileError, match=message):
        export_pipeline(converted, X, CORE)


def test_what_is_not_converted_frozen_or_for_the_core_is_refused():
    model = plain(HOST["raised"])
    with pytest.raises(CompileError, match=r"model Plain has no converted parts: use lutdla.nn.segments.convert_parts"):
        export_pipeline(model, X, CORE)
    converted = convert_parts(model, ["part"], X, **OPTIONS)
    with pytest.raises(CompileError, match="part part: layer layer: is not frozen"):
        export_pipeline(converted, X, CORE)
    freeze(converted)
    with pytest.raises(InputError, match=r"config has no core for part part: it has other"):
        export_pipeline(converted, X, {"other": CORE})
    assert export_pipeline(converted, X, {"part": CORE}).parts["part"].config == CORE
    with pytest.raises(InputError, match="example has z: the model takes x"):
        export_pipeline(converted, {"z": X}, CORE)
    with pytest.raises(InputError, match="example has no x: the model takes it"):
        export_pipeline(converted, (), CORE)
    with pytest.raises(InputError, match="the model does not run with the example"):
        export_pipeline(converted, X[:, :, :3], CORE)
    with pytest.raises(InputError, match=r"example x has shape \(0, 4, 6\)"):
        export_pipeline(converted, X[:0], CORE)


def test_a_model_keeps_its_mode():
    converted = frozen(plain(HOST["raised"]), ["part"], X)
    converted.train()
    export_pipeline(converted, X, CORE)
    assert converted.training
