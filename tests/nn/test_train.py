import torch
from torch import nn

from lutdla.nn import accuracy, predict, train_dense
from tests.nn.small import dense, examples


def test_a_dense_network_learns_real_images():
    _, _, images, labels = examples()
    assert accuracy(dense(), images, labels) > 0.75
    assert not dense().training


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
