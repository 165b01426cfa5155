import pytest
import torch
from torch import nn

from lutdla.nn import accuracy, predict, train_dense
from lutdla.nn.train import run_epochs
from tests.nn.small import dense, examples


def test_a_dense_network_learns_real_images():
    _, _, images, labels = examples()
    assert accuracy(dense(), images, labels) > 0.75
    assert not dense().training


def test_rates_fall_to_zero_along_a_cosine():
    weight, rates = nn.Parameter(torch.zeros(1)), []
    optimizer = torch.optim.SGD([weight], lr=0.8)
    run_epochs(lambda at: weight.sum() * len(at), 100, optimizer, epochs=2, batch=25, seed=0, stage="x",
               progress=lambda *_: rates.append(optimizer.param_groups[0]["lr"]))
    assert len(rates) == 8
    assert rates[0] == pytest.approx(0.8)
    assert rates[4] == pytest.approx(0.4)
    assert rates[-1] < 0.05
    assert rates == sorted(rates, reverse=True)


def test_an_epoch_sees_every_example_once():
    seen, weight = [], nn.Parameter(torch.zeros(1))

    def loss_of(at):
        seen.extend(at.tolist())
        return weight.sum()

    run_epochs(loss_of, 40, torch.optim.SGD([weight], lr=0.1), epochs=2, batch=10, seed=3, stage="x")
    assert sorted(seen[:40]) == sorted(seen[40:]) == list(range(40))
    assert seen[:40] != seen[40:]


def test_training_leaves_the_global_random_state_alone():
    model, images = nn.Sequential(nn.Flatten(), nn.Dropout(), nn.Linear(4, 2)), torch.rand(8, 2, 2)
    torch.manual_seed(5)
    want = torch.rand(1)
    torch.manual_seed(5)
    train_dense(model, images, torch.zeros(8, dtype=torch.int64), epochs=1, batch=4)
    assert torch.equal(torch.rand(1), want)


def test_evaluation_is_batched_and_keeps_the_mode():
    model = nn.Sequential(nn.Flatten(), nn.Dropout(0.9), nn.Linear(784, 10)).train()
    images = examples()[2].float()
    assert torch.equal(predict(model, images, batch=7), predict(model, images, batch=1000))
    assert model.training
