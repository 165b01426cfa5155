"""A block under test in MyHDL's simulator, clocked by hand: set inputs, `step()`, look at outputs."""

from myhdl import Simulation, always, block, delay

from lutdla.spec.memory import LOADABLE
from lutdla_hdl.simulation import forget_signals


@block
def _clock(clk):
    @always(delay(1))
    def toggle():
        clk.next = not clk

    return toggle


class Bench:
    """Simulates blocks that share a clock. MyHDL runs one simulation at a time: use it in a `with`.

    Inputs set through `signal.next` act before the next rising edge. After `step()` outputs are those just behind a
    rising edge; after `settle()` combinational outputs have followed the inputs set since.
    """

    def __init__(self, clk, *blocks, reset=None):
        self._simulation = Simulation(_clock(clk), *blocks)
        self._high = False
        if reset is not None:
            reset.next = 0
            self.step(2)
            reset.next = 1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._simulation.quit()
        forget_signals()

    def settle(self):
        """Go to the falling edge."""
        if self._high:
            self._simulation.run(1, quiet=1)
            self._high = False

    def step(self, cycles=1):
        """Go behind the next rising edges."""
        for _ in range(cycles):
            self.settle()
            self._simulation.run(1, quiet=1)
            self._high = True


def load_words(bench, load, config, memory, words, address=0):
    """Write words (banks, words, bytes) of a loadable memory over the load bus, a beat a cycle."""
    size = config.stream_bytes
    for bank, content in enumerate(words):
        for at, word in enumerate(content):
            for chunk in range(config.beats_per_word(memory)):
                load.valid.next, load.memory.next, load.bank.next = True, LOADABLE.index(memory), bank
                load.address.next, load.chunk.next = address + at, chunk
                load.data.next = int.from_bytes(word[chunk * size : (chunk + 1) * size].tobytes(), "little")
                bench.step()
    load.valid.next = False
    bench.step()


def set_record(record, config, data):
    """Show a record's bytes at the program memory's read port."""
    word, size = int.from_bytes(data, "little"), config.stream_bits
    for i, chunk in enumerate(record.chunks):
        chunk.next = word >> (i * size) & ((1 << len(chunk)) - 1)


def signed(value, width):
    """A two's complement bit pattern as a number."""
    value = int(value) & ((1 << width) - 1)
    return value - (1 << width) if value >> (width - 1) else value


def pack(values, width):
    """Numbers as one bit vector, the first in the lowest bits."""
    return sum((int(value) & ((1 << width) - 1)) << (width * i) for i, value in enumerate(values))


def unpack(word, width, count):
    """The numbers of a bit vector, signed."""
    return [signed(int(word) >> (width * i), width) for i in range(count)]
