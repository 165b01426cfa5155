"""Trains with every technique that has a state, in a process that a test may kill: `python -m tests.nn.boost.resumed
FOLDER fresh|resume [KILL_AT_STEP]`. Writes the parameters at the end."""

import os
import signal
import sys
from pathlib import Path

import torch
from torch import nn

from lutdla.nn import LUTBoost, Stage
from lutdla.nn.boost import (
    Averaging,
    CentroidRevival,
    Checkpoints,
    Distillation,
    EarlyStop,
    Examples,
    GradualReplacement,
    Reconstruction,
)


def boost():
    """A small training; images are shifted at random, which draws from the global generator."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 12), nn.ReLU(), nn.Linear(12, 12), nn.ReLU(), nn.Linear(12, 4))
    images, labels = torch.rand(400, 8, 8), torch.randint(0, 4, (400,))
    data = Examples(images, labels, augment=lambda x: x + 0.1 * torch.rand(len(x), 1, 1))
    stages = (
        Stage("centroids", 2, 0.5, techniques=(Reconstruction(0.1),)),
        Stage("joint", 3, 0.2, 1e-3, 1e-3, techniques=(GradualReplacement(0.7), CentroidRevival(6, 3))),
    )
    made = LUTBoost(model, stages=stages, techniques=[Distillation(0.3), Averaging(0.9), EarlyStop(None)], batch=50,
                    convert_options={"iterations": 2})
    return made, data, (images[:100], labels[:100])


def main(folder, how, kill_at=0):
    made, data, validation = boost()
    told = 0

    def progress(*news):
        nonlocal told
        told += 1
        if told == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    network = made.fit(data, validation=validation, progress=progress, resume=how == "resume",
                       checkpoint=Checkpoints(folder / "state.ckpt", every_steps=3))
    made.history.save(folder / "history.json")
    torch.save({name: value for name, value in network.state_dict().items() if isinstance(value, torch.Tensor)},
               folder / "network.pt")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:]))
