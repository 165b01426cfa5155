# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Look inside
#
# What happens between `network(x)` and its result: packets on a stream, registers, waveforms of one image in the
# hardware. And what happens when something breaks. The hardware here is the MyHDL simulation of a small core, the very
# source that becomes Verilog; faults are provoked on an emulated board. (`pip install "lutdla[notebooks,hdl,board]"`)

# %%
import warnings

warnings.simplefilter("ignore")  # pynq's own, on a computer that is no board

# %%
import logging
import tempfile
from collections import Counter
from random import Random

import matplotlib.pyplot as plt
import numpy as np
from vcdvcd import VCDVCD

import lutdla
from lutdla.backends.myhdl import MyhdlModel
from lutdla.backends.pynq import PynqBackend
from lutdla.backends.simulated import SimulatedBackend
from lutdla.faults.campaign import FAULTS
from lutdla.faults.device import FaultyDevice
from lutdla.runtime import Accelerator
from lutdla.spec.memory import LOADABLE
from lutdla.spec.packets import HEADER, Kind, load_packets
from lutdla.spec.registers import REGISTERS
from lutdla_overlay.boards import load_board
from lutdla_overlay.hwh import write_overlay

plt.style.use("lutdla.mplstyle")
digits = np.load("models/digits.npz")
artefact = lutdla.Artefact.load("models/digits.tiny.lut")
print(artefact.config)

# %% [markdown]
# ## What is sent
#
# Loading is a sequence of packets, each with a header and a CRC: first the program, then codebooks, tables, and the
# constants of requantisation.

# %%
sizes = Counter()
for packet in load_packets(artefact.image, artefact.config, artefact.model_id):
    _, kind, memory, *_ = HEADER.unpack(packet[: HEADER.size])
    sizes[LOADABLE[memory] if kind == Kind.LOAD else Kind(kind).name.lower()] += len(packet)
figure, axis = plt.subplots(figsize=(8, 2.4))
axis.barh(list(sizes), list(sizes.values()), height=0.6)
axis.set(title="bytes of the packets that load the network", xlabel="bytes")
axis.invert_yaxis()
plt.show()

# %% [markdown]
# ## One image through the hardware
#
# The simulation writes the waveforms of all its signals into a file (.vcd), that GTKWave or Surfer open as well.

# %%
model = MyhdlModel(artefact.config, trace="image.vcd")
with Accelerator("myhdl", SimulatedBackend("myhdl", model)) as accelerator:
    network = accelerator.load(artefact)
    loaded = model.simulation.cycles
    result = network(digits["images"][:1])
    core = accelerator.core()
    registers = {register.name: core.read(register.name) for register in REGISTERS}
    profile = network.profile
print(f"loading took {loaded:,} cycles, the image {profile.cycles}; it is a {result.argmax()}")

# %% [markdown]
# From top to bottom: beats of the image arrive, the core is busy, an index is written for every four values, table rows
# are read and added, a row of sums is complete, it becomes int8 values and is encoded again, and the results leave.

# %%
waves = VCDVCD("image.vcd", store_tvs=True)
SIGNALS = {
    "image arrives": "stream_source0.s_axis_tvalid", "core is busy": "lutdla_core0.sequencer.busy",
    "index is written": "lutdla_core0.encoded_valid", "tables are read": "lutdla_core0.nest.take",
    "row is complete": "lutdla_core0.datapath.push", "row is requantised": "lutdla_core0.requantize_pop",
    "results leave": "stream_sink0.m_axis_tvalid",
}
first = next(time for time, value in waves["testbench.lutdla_core0.sequencer.busy"].tv if value == "1") // 2 - 22
cycles = np.arange(first, first + profile.cycles + 40)
figure, axis = plt.subplots(figsize=(11, 4))
for row, name in enumerate(SIGNALS.values()):
    signal = waves[f"testbench.{name}"]
    levels = np.array([int(signal[int(2 * cycle)], 2) for cycle in cycles])
    axis.fill_between(cycles - first, -row, -row + 0.7 * levels, step="post", color=f"C{row % 6}", alpha=0.35)
    axis.step(cycles - first, -row + 0.7 * levels, where="post", color=f"C{row % 6}", lw=1.5)
axis.set_yticks([0.3 - row for row in range(len(SIGNALS))], list(SIGNALS))
axis.set(title="one image", xlabel="clock cycle", xlim=(0, len(cycles)))
axis.spines["left"].set_visible(False)
axis.tick_params(axis="y", length=0)
axis.grid(axis="x")
plt.show()

# %% [markdown]
# ## Registers
#
# What the driver reads: who the core is, how it is doing, what it has counted.

# %%
for name in ("MAGIC", "ABI", "STATUS", "ERROR", "MODEL", "IMAGES", "CYCLES", "LOOKUPS", "STALL_INPUT", "STALL_DRAIN"):
    print(f"{name:<12} {registers[name]:#010x}  {registers[name]:>12,}")

# %% [markdown]
# ## A fault, and its recovery
#
# `lutdla.faults` breaks an emulated board in many ways. Here a bit flips in the payload of a packet, on its way to the
# core. The core's CRC finds it and the core refuses the packet. The driver resets it and repeats the run: the result is
# right, and the accelerator remembers.

# %%
logging.getLogger("lutdla").setLevel(logging.ERROR)  # what is said below would also be logged
device = FaultyDevice(arch="armv7l")
bitfile = write_overlay(tempfile.mkdtemp(), artefact.config, load_board("pynq-z2"))
board = Accelerator("pynq", PynqBackend(bitfile, device=device, reset_timeout_s=0.1), timeout_s=1.0)
network = board.load(artefact)
batches = [digits["images"][:20], digits["images"][20:40]]
expected = [network.raw(images) for images in batches]


def strike(name, retries):
    """Let a fault happen during a run; what comes of it."""
    board.policy.retries = retries
    fault = FAULTS[name](Random(1))
    device.strike(fault)
    try:
        right, turn = True, 0
        while right and not fault.fired:  # it may let a chance or two pass
            right = np.array_equal(network.raw(batches[turn % 2]), expected[turn % 2])
            turn += 1
        return "right" if right else "WRONG"
    except lutdla.errors.LutdlaError as error:
        return f"{type(error).__name__}: {error}"
    finally:
        device.calm()
        board.recover()


print("without retries:", strike("flip_payload", 0), sep="\n  ")
print("with one retry:", strike("flip_payload", 1), sep="\n  ")
print("recovered from:", *board.policy.recoveries, sep="\n  ")

# %% [markdown]
# Other faults, each during a run. With one retry most of them end with the right result; the others end with an error
# that says what happened. None ends with a wrong result, and after each the board works again.

# %%
for name in ("flip_magic", "flip_length", "flip_crc", "packet_lost", "beat_twice", "truncated", "flip_result",
             "result_short", "model_forgotten", "registers_dead", "flush_forgotten", "dma_length_flip"):
    outcomes = [strike(name, retries).partition(":")[0] for retries in (0, 1)]
    print(f"{FAULTS[name].what:<60} {outcomes[0]:<14} with a retry: {outcomes[1]}")
board.close()

# %% [markdown]
# `python -m benchmarks.faults` in lutdla's repository provokes many more, `docs/reliability.md` shows what became of
# them. On a board, `accelerator.policy.recoveries` is worth a look after a long run.
