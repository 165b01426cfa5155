"""Devices for tests of the runtime: an emulator, and what wraps it to misbehave."""

from lutdla.backends.emulator import EmulatorModel
from lutdla.backends.simulated import SimulatedBackend
from lutdla.compiler.assemble import assemble
from lutdla.compiler.random_network import random_network
from lutdla.spec.registers import BY_NAME
from tests.strategies import TINY

NETWORK = assemble(random_network(TINY, (10, 8, 6)), TINY)
OTHER = assemble(random_network(TINY, (10, 8, 6), seed=1), TINY)


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
