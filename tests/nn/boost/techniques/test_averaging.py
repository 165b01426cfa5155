import pytest
import torch

from lutdla.nn.boost import Averaging, Stage, Technique
from tests.nn.boost.runs import part, trained
from tests.nn.small import examples, replaced


class Watching(Technique):
    """Keeps the codebooks of a layer as each step leaves them, and those that are evaluated."""

    NAME = "watching"

    def at_start(self, run):
        self.seen, self.evaluated = seen, evaluated

    def after_step(self, run):
        self.seen.append(run.network.get_submodule("2").codebooks.detach().clone())

    def at_evaluation(self, run, score):
        self.evaluated.append(run.network.get_submodule("2").codebooks.detach().clone())


seen, evaluated = [], []


@pytest.mark.parametrize(("keep", "kept"), [(0.0, (0.0, 0.0)), (0.1, (1 / 11, 0.1)), (0.99, (1 / 11, 2 / 12))])
def test_a_stage_ends_with_the_average_of_what_it_went_through(keep, kept):
    seen.clear()
    evaluated.clear()
    want = replaced().get_submodule("2").codebooks.detach().clone()
    network = trained(Averaging(keep), Watching(), stage=Stage("centroids", 1, 0.5), data=part(512),
                      fit={"validation": examples()[2:]})
    assert len(seen) == 2
    for now, share in zip(seen, kept):
        want = share * want + (1 - share) * now
    codebooks = network.get_submodule("2").codebooks.detach()
    torch.testing.assert_close(codebooks, want)
    assert torch.equal(evaluated[0], codebooks)
    assert keep == 0 or not torch.equal(seen[-1], codebooks)
