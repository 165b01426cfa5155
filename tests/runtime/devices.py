"""Devices for tests of the runtime: an emulator, and what wraps it to misbehave."""

from lutdla.backends.emulator import EmulatorModel
from lutdla.backends.simulated import SimulatedBackend
from lutdla.spec.registers import BY_NAME
from tests.networks import random_artefact, two_layers
from tests.programs import Shape
from tests.strategies import TINY

NETWORK, OTHER = two_layers(0), two_layers(1)
BATCH = random_artefact(TINY, Shape(4, images=3))
"""Three images in a pass."""
STREAMED = random_artefact(TINY, Shape(5, images=2, pieces=3))
"""Two images in a pass, and three table pieces."""


class Device(SimulatedBackend):
    """An emulator; registers in `forced` read what is put there."""

    def __init__(self, config=TINY, **forced):
        super().__init__("emulator", EmulatorModel(config))
        self.forced = {BY_NAME[name].offset: value for name, value in forced.items()}
        self.closed = 0
        self.sizes = []
        self.lent = []

    def read_register(self, offset):
        return self.forced.get(offset, super().read_register(offset))

    def allocate(self, nbytes):
        self.lent.append(super().allocate(nbytes))
        return self.lent[-1]

    def free(self, buffer):
        self.lent = [other for other in self.lent if other is not buffer]

    def start(self, outgoing, incoming):
        self.sizes.append(len(outgoing))
        super().start(outgoing, incoming)

    def close(self):
        self.closed += 1
        super().close()
