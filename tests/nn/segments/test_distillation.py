import pytest
import torch

from lutdla.errors import InputError
from lutdla.nn.segments import convert_parts, distil
from lutdla.nn.segments.distillation import angle, cross_entropy, divergence
from tests.nn.segments.models import OPTIONS, feed_forward, small_magika, small_minilm


def squared(result, wanted):
    return (result - wanted).square().mean()


@pytest.mark.parametrize(
    ("make", "parts", "loss"),
    [
        (feed_forward, ("up", "down"), squared), (small_magika, ("conv", "dense"), divergence),
        (small_minilm, None, angle),
    ],  # fmt: skip
)
def test_training_brings_a_converted_model_nearer_to_the_dense_one(make, parts, loss):
    dense, inputs = make()
    converted = convert_parts(dense, parts or dense.parts(), inputs, **OPTIONS)

    def error():
        with torch.no_grad():
            results = [model(**inputs) if isinstance(inputs, dict) else model(inputs) for model in (converted, dense)]
            return float(loss(*results))

    before = error()
    losses = distil(converted, dense, inputs, loss, steps=60, weight_rate=3e-3, table_rate=3e-3)
    assert len(losses) == 60
    assert error() < 0.8 * before
    assert not converted.training


def test_training_goes_on_where_it_stopped(tmp_path):
    dense, x = feed_forward()
    whole, cut = (convert_parts(dense, ["up"], x, **OPTIONS) for _ in range(2))
    losses = distil(whole, dense, x, squared, steps=12)
    path = tmp_path / "folder" / "state.pt"

    class Stopped(Exception):
        pass

    def stop(stage, done, total, loss):
        if done == 7:
            raise Stopped

    with pytest.raises(Stopped):
        distil(cut, dense, x, squared, steps=12, checkpoint=path, save_every=5, progress=stop)
    again = convert_parts(dense, ["up"], x, **OPTIONS)
    assert distil(again, dense, x, squared, steps=12, checkpoint=path, save_every=5) == losses
    for (name, have), want in zip(again.named_parameters(), whole.parameters()):
        torch.testing.assert_close(have, want, rtol=0, atol=0, msg=name)
    with pytest.raises(InputError, match=r"checkpoint of a training with .*: use the same, or another file"):
        distil(again, dense, x, squared, steps=13, checkpoint=path)


def test_it_ends_with_the_average_of_its_parameters():
    dense, x = feed_forward()
    last, averaged = (convert_parts(dense, ["up"], x, **OPTIONS) for _ in range(2))
    seen = []
    name, followed = next((n, p) for n, p in last.named_parameters() if n.endswith("weight") and p.requires_grad)
    distil(last, dense, x, squared, steps=8, averaging=0.0, progress=lambda *_: seen.append(followed.detach().clone()))
    distil(averaged, dense, x, squared, steps=8, averaging=0.5)
    torch.testing.assert_close(followed.detach(), seen[-1], rtol=0, atol=0)
    mean = seen[0]
    for value in seen[1:]:
        mean = (mean + value) / 2
    torch.testing.assert_close(dict(averaged.named_parameters())[name].detach(), mean)


def test_gradients_that_are_no_numbers_end_training():
    dense, x = feed_forward()
    converted = convert_parts(dense, ["up"], x, **OPTIONS)
    before = [parameter.detach().clone() for parameter in converted.parameters()]
    with pytest.raises(InputError, match=r"step 1: the gradient of .*\w is not finite: use lower rates, or a loss"):
        distil(converted, dense, x, lambda result, wanted: (0 * result.sum()).sqrt(), steps=3)
    for parameter, value in zip(converted.parameters(), before):
        torch.testing.assert_close(parameter.detach(), value, rtol=0, atol=0)


def test_losses_are_0_for_the_same_and_more_for_others():
    x, y = torch.randn(5, 7), torch.randn(5, 7)
    for loss in (divergence, angle):
        assert loss(x, x).abs() < 1e-6 < loss(x, y)
    half = torch.full((3, 2), 0.5)
    torch.testing.assert_close(cross_entropy(half, half), torch.tensor(2.0).log())


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"steps": 1, "batch": 0}, {"steps": 1, "save_every": 0}])
def test_empty_training_is_refused(wrong):
    dense, x = feed_forward()
    with pytest.raises(InputError, match="each must be 1 or more"):
        distil(dense, dense, x, squared, **wrong)


def test_an_average_that_never_moves_is_refused():
    dense, x = feed_forward()
    with pytest.raises(InputError, match=r"averaging is 1: it must be 0 or more and less than 1"):
        distil(dense, dense, x, squared, steps=1, averaging=1)
