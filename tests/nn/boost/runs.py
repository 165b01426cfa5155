"""Short trainings of the replaced network, shared by the tests of techniques."""

import copy

from lutdla.nn import LUTBoost, Stage
from tests.nn.small import examples, replaced

JOINT = Stage("joint", 1, 0.2, 1e-3, 1e-3)


def part(count):
    """The first training examples: images, labels."""
    return tuple(tensor[:count] for tensor in examples()[:2])


def trained(*techniques, stage=JOINT, data=None, network=None, fit=None, **settings):
    """A network after one stage with these techniques, not frozen."""
    boost = LUTBoost(copy.deepcopy(network or replaced()), stages=[stage], techniques=techniques, **settings)
    return boost.fit(data or part(1000), freeze_at_end=False, **(fit or {}))
