"""The processes of a training: one, or those that `torchrun` started (DistributedDataParallel).

Several processes take the batches of one process with their batches together, and reach what it would reach, up to the
rounding of floats. Where a term follows statistics of the examples at hand, each process has its own: the temperature
of `SoftChoice`, the scale of `Reconstruction`, batch norm of a dense network.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel


@dataclass(frozen=True)
class Share:
    """Which process this is: `rank` of `count`. Process 0 shows progress and writes files."""

    rank: int = 0
    count: int = 1

    @classmethod
    def here(cls) -> Share:
        """This process, after `processes()` or the user's own `init_process_group`."""
        if distributed.is_available() and distributed.is_initialized():
            return cls(distributed.get_rank(), distributed.get_world_size())
        return cls()

    @property
    def first(self) -> bool:
        """Whether this process shows and writes."""
        return self.rank == 0

    def sum(self, values: Tensor) -> Tensor:
        """Sum over all processes, in place."""
        if self.count > 1:
            distributed.all_reduce(values)
        return values

    def of_first(self, values: Tensor) -> Tensor:
        """What process 0 has, in place."""
        if self.count > 1:
            distributed.broadcast(values, 0)
        return values

    def gather(self, value: Any) -> list[Any]:
        """The value of each process, plain ones and tensors."""
        if self.count == 1:
            return [value]
        found: list[Any] = [None] * self.count
        distributed.all_gather_object(found, value)
        return found

    def wait(self) -> None:
        """Until all processes are here."""
        if self.count > 1:
            distributed.barrier()

    def parallel(self, network: nn.Module, *, leaves_unused: bool) -> nn.Module:
        """The network as it is called in training: gradients become the mean over all processes."""
        if self.count == 1:
            return network
        # Buffers hold frozen integers, which training does not touch.
        return DistributedDataParallel(network, broadcast_buffers=False, find_unused_parameters=leaves_unused)


@contextmanager
def processes(device: torch.device | str = "cpu") -> Iterator[Share]:
    """Join the processes that `torchrun` started, if it did: NCCL on CUDA devices, else Gloo."""
    if "TORCHELASTIC_RUN_ID" not in os.environ or distributed.is_initialized():
        yield Share.here()
        return
    device = torch.device(device)
    if device.type == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Share.here()
    finally:
        distributed.destroy_process_group()
