import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lutdla.errors import CompileError, InputError
from lutdla.models.pretrained.silero_vad import SileroVAD
from lutdla.nn import convert
from lutdla.nn.lut_layer import lut_layers
from lutdla.nn.segments import convert_parts, parts_of
from tests.nn.segments.models import OPTIONS, feed_forward, seeded, small_magika, small_minilm


@pytest.fixture(scope="module")
def dense():
    return feed_forward()


@pytest.fixture(scope="module")
def converted(dense):
    return convert_parts(dense[0], ["up", "down"], dense[1], **OPTIONS)


def test_parts_are_replaced_and_the_dense_model_is_not_touched(dense, converted):
    assert list(parts_of(converted)) == ["up", "down"]
    assert list(lut_layers(converted)) == ["up.network.layer", "down.network.layer"]
    assert isinstance(dense[0].up, nn.Linear)
    assert not parts_of(dense[0])


def test_leading_axes_do_not_matter(converted):
    x = torch.randn(3, 4, 8)
    up = converted.up
    assert up(x).shape == (3, 4, 24)
    torch.testing.assert_close(up(x).reshape(12, 24), up(x.reshape(12, 8)), rtol=0, atol=0)
    torch.testing.assert_close(up(x)[1, 2], up(x[1, 2][None])[0], rtol=0, atol=0)
    with pytest.raises(InputError, match=r"LUTPart got shape \(3, 7\): it was converted for \(\.\.\., 8\)"):
        up(torch.zeros(3, 7))
    with pytest.raises(InputError, match=r"LUTPart got shape \(8,\)"):
        up(torch.zeros(8))


def test_a_part_is_what_convert_makes_of_its_inputs(dense):
    model, x = dense
    normed = model.norm(x).detach().reshape(-1, 8)
    found = convert_parts(model, ["up"], x, rows=10**6, **OPTIONS).up
    alone = convert(nn.Sequential(model.up), normed, **OPTIONS)
    assert found.quantizer.affine == alone.quantize_input.affine
    error = F.mse_loss(found(normed), model.up(normed)) / model.up(normed).square().mean()
    assert error < 0.4  # one bit of normal noise: 0.25 at best


def test_the_model_stays_close_to_the_dense_one(dense, converted):
    model, x = dense
    want, have = model(x), converted(x)
    assert have.shape == want.shape
    assert F.mse_loss(have, want) < 0.02 * want.square().mean()


def test_gradients_reach_the_layers_before_a_part(dense, converted):
    _, x = dense
    converted.zero_grad()
    inputs = x[:8].clone().requires_grad_()
    converted(inputs).square().sum().backward()
    for name, parameter in [("input", inputs), *converted.named_parameters()]:
        assert parameter.grad is not None, name
        if "correction" not in name:
            assert parameter.grad.abs().sum() > 0, name
    converted.zero_grad()


def test_the_gradient_of_the_input_is_that_of_a_straight_line(dense):
    """Inside the range, a fine codebook's part has the slope of the dense layer, on average."""
    layer = seeded(lambda: nn.Sequential(nn.Linear(1, 1, bias=False)))
    x = torch.linspace(-1, 1, 512)[:, None]
    part = convert_parts(layer, ["0"], x, v=1, c=64, iterations=10)
    inputs = x[::4].clone().requires_grad_()
    part(inputs).sum().backward()
    assert torch.sign(inputs.grad.mean()) == torch.sign(layer[0].weight.item() * torch.ones(()))
    outside = torch.full((1, 1), 5.0, requires_grad=True)
    part(outside).sum().backward()
    assert outside.grad.item() == 0


def test_a_convolution_of_sequences_runs_position_by_position():
    model, content = small_magika()
    converted = convert_parts(model, ["conv", "dense"], content, **OPTIONS)
    part = converted.conv
    assert (part.input_shape, part.shape, part.windows.kernel) == ((16, 5), (24,), 5)
    x = torch.randn(2, 16, 16)
    assert part(x).shape == model.conv(x).shape == (2, 24, 12)
    torch.testing.assert_close(part(x)[1, :, 3], part(x[1:, :, 3:8])[0, :, 0], rtol=0, atol=0)
    assert converted(content).shape == (24, 9)


def test_a_padded_convolution_with_a_stride_keeps_its_geometry():
    model = seeded(lambda: nn.Sequential(nn.Conv1d(8, 6, 3, stride=2, padding=1)))
    x = torch.randn(32, 8, 9)
    part = convert_parts(model, ["0"], x, **OPTIONS)
    assert part(x).shape == model(x).shape == (32, 6, 5)
    assert F.mse_loss(part(x), model(x)) < 0.5 * model(x).square().mean()


def test_a_stack_of_convolutions_is_one_part():
    model = seeded(SileroVAD)
    x = torch.randn(4, 3, 576) * 0.1
    converted = convert_parts(model, ["encoder"], x, **OPTIONS)
    assert len(lut_layers(converted)) == 4
    assert converted.encoder.input_shape == (129, 4)
    assert converted(x).shape == (4, 3)


def test_all_layers_of_a_transformer():
    model, inputs = small_minilm()
    converted = convert_parts(model, model.parts(), inputs, per_part={"layers.0.feed_forward": {"c": 32}}, **OPTIONS)
    assert set(parts_of(converted)) == set(model.parts())
    assert {layer.c for name, layer in lut_layers(converted).items() if name.startswith("layers.0.feed")} == {32}
    vectors = converted(**inputs)
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(24))
    assert F.cosine_similarity(vectors, model(**inputs)).mean() > 0.7


def test_clipping_leaves_outliers_out_of_the_range(dense):
    model, x = dense
    x = x.clone()
    x[0, 0, 0] = 400.0
    bare = nn.Sequential(model.up)
    whole, clipped = (convert_parts(bare, ["0"], x, clip=clip, **OPTIONS)[0] for clip in (0.0, 0.01))
    assert whole.quantizer.affine.scale > 1
    assert clipped.quantizer.affine.scale < 0.1


def test_a_sample_has_about_as_many_rows_as_asked_for(dense, monkeypatch):
    model, x = dense
    seen = []
    monkeypatch.setattr("lutdla.nn.segments.conversion.convert",
                        lambda module, rows, **options: seen.append(rows.shape) or convert(module, rows, **options))
    convert_parts(model, ["up"], x, rows=40, batch=16, **OPTIONS)
    assert seen == [(40, 8)]


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.idle, self.pair, self.line = nn.Linear(4, 4), nn.Bilinear(4, 4, 4), nn.Linear(4, 4)

    def forward(self, x):
        return self.pair(x, self.line(x))


@pytest.mark.parametrize(
    ("parts", "options", "message"),
    [
        ([], {}, "parts are empty"),
        (["nothing"], {}, "part 'nothing': the model has no such module; it has idle, line"),
        ([""], {}, "to convert a whole model use lutdla.nn.convert"),
        (["line", "line"], {}, "parts line and line: one is in the other, or it is named twice"),
        (["pair"], {}, r"part pair: Bilinear holds no nn.Linear, nn.Conv1d or nn.Conv2d"),
        (["idle"], {}, "part idle does not run when the model does"),
        (["line"], {"clip": 0.5}, r"part line: clip is 0.5: it must be 0..0.1"),
        (["line"], {"per_part": {"idle": {"c": 8}}}, "per_part names 'idle', which is no part: parts are line"),
        (["line"], {"first": "space_to_depth"}, "part line: first is 'space_to_depth'"),
    ],
)
def test_what_cannot_be_a_part_is_named(parts, options, message):
    with pytest.raises(InputError, match=message):
        convert_parts(seeded(Twice), parts, torch.randn(16, 4), **options)


def test_what_the_core_does_not_run_is_refused_by_part_and_layer():
    model = nn.Sequential(nn.Sequential(nn.Conv1d(4, 4, 3), nn.ReLU()), nn.Flatten())
    with pytest.raises(CompileError, match=r"part 0: layer 0: a ReLU or clamp follows the last layer"):
        convert_parts(model, ["0"], torch.randn(16, 4, 3))
    with pytest.raises(InputError, match=r"part 0\.0: nn\.Conv1d has padding='same'"):
        convert_parts(nn.Sequential(nn.Sequential(nn.Conv1d(4, 4, 3, padding="same"))), ["0.0"], torch.randn(16, 4, 9))


@pytest.mark.parametrize(
    ("inputs", "message"),
    [(torch.zeros(0, 4), r"inputs hold \[0\] examples"), ((torch.zeros(2, 4), torch.zeros(3, 4)), r"hold \[2, 3\]"),
     ({}, r"inputs hold \[\] examples")],
)  # fmt: skip
def test_inputs_that_do_not_belong_together_are_refused(inputs, message):
    with pytest.raises(InputError, match=message):
        convert_parts(seeded(Twice), ["line"], inputs)
