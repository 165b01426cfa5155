import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from lutdla.errors import InputError
from lutdla.nn.boost import Examples, Loader, Share
from lutdla.nn.boost.batches import source_of

IMAGES, LABELS = torch.arange(40.0).view(40, 1), torch.arange(40)


def labels(batches):
    return [batch.targets.tolist() for batch in batches]


def flat(lists):
    return [item for some in lists for item in some]


def test_an_epoch_sees_every_example_once_in_another_order():
    source = Examples(IMAGES, LABELS)
    source.begin(3)
    first, second = (flat(labels(source.epoch(10, Share()))) for _ in range(2))
    assert sorted(first) == sorted(second) == list(range(40))
    assert first != second
    source.begin(3)
    assert flat(labels(source.epoch(10, Share()))) == first


def test_positions_say_which_examples_they_are():
    source = Examples(IMAGES, LABELS, augment=lambda x: -x)
    for batch in source.epoch(10, Share()):
        assert torch.equal(batch.inputs[:, 0], -batch.positions.float())
        assert torch.equal(batch.targets, batch.positions)
    assert not source.cacheable
    assert Examples(IMAGES, LABELS).cacheable


def test_what_fills_no_batch_is_left_out():
    source = Examples(IMAGES, LABELS)
    assert source.steps(15, Share()) == 2
    assert [len(some) for some in labels(source.epoch(15, Share()))] == [15, 15]
    assert source.steps(100, Share()) == 1
    assert [len(some) for some in labels(source.epoch(100, Share()))] == [40]


def test_processes_share_the_batches_of_one():
    whole, parts = Examples(IMAGES, LABELS), [Examples(IMAGES, LABELS) for _ in range(2)]
    for source in (whole, *parts):
        source.begin(1)
    shared = [labels(source.epoch(5, Share(rank, 2))) for rank, source in enumerate(parts)]
    for batch, first, second in zip(labels(whole.epoch(10, Share())), *shared):
        assert sorted(batch) == sorted(first + second)
    evaluated = [flat(labels(source.all(Share(rank, 2)))) for rank, source in enumerate(parts)]
    assert sorted(flat(evaluated)) == list(range(40))


@pytest.mark.parametrize("make", [
    lambda: Examples(IMAGES, LABELS),
    lambda: Loader(DataLoader(TensorDataset(IMAGES, LABELS), batch_size=8, shuffle=True)),
    lambda: Loader(DataLoader(TensorDataset(IMAGES, LABELS), batch_size=8, shuffle=True,
                              generator=torch.Generator())),
])  # fmt: skip
def test_an_epoch_can_be_taken_up_again(make):
    source = make()
    source.begin(0)
    list(source.epoch(8, Share()))
    state, random = source.state_dict(), torch.get_rng_state()
    want = labels(source.epoch(8, Share()))[2:]
    later = make()
    later.begin(5)
    later.load_state_dict(state)
    torch.set_rng_state(random)
    assert labels(later.epoch(8, Share(), skip=2)) == want


def test_typical_inputs():
    source = Examples(IMAGES, LABELS)
    assert torch.equal(source.sample(10, 1), source.sample(10, 1))
    assert not torch.equal(source.sample(10, 1), source.sample(10, 2))
    assert len(set(source.sample(100, 1).flatten().tolist())) == 40
    loader = Loader(DataLoader(TensorDataset(IMAGES, LABELS), batch_size=8))
    assert loader.sample(10, 1).flatten().tolist() == list(range(10))


@pytest.mark.parametrize(("work", "message"), [
    (lambda: source_of(3), "examples are a int: give two tensors"),
    (lambda: source_of((IMAGES, [1])), "examples are a tuple of Tensor, list: give two tensors"),
    (lambda: source_of(iter([])), r"list_iterator has no len\(\): training must know how many batches"),
    (lambda: source_of([(IMAGES, LABELS), (IMAGES, LABELS), 3]), "examples are a list of tuple, tuple, int"),
    (lambda: source_of(DataLoader(TensorDataset(IMAGES, LABELS), batch_size=64, drop_last=True)), "gives no batches"),
    (lambda: list(source_of(DataLoader(IMAGES)).epoch(1, Share())), r"a batch is a Tensor: it must be \(inputs"),
    (lambda: source_of(DataLoader(TensorDataset(IMAGES, LABELS))).steps(1, Share(0, 2)),
     "2 processes train on one DataLoader: give it a torch.utils.data.DistributedSampler"),
    (lambda: Examples(IMAGES, LABELS[:3]), "40 images and 3 labels: there must be as many"),
])  # fmt: skip
def test_unusable_examples_are_refused(work, message):
    with pytest.raises(InputError, match=message):
        work()
