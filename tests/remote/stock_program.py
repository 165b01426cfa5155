"""What a user of pynq alone writes: loads a network with pynq's own client of remote boards. Run as a program.

    PYNQ_REMOTE_DEVICES=HOST python stock_program.py BITFILE MODEL.lut
"""

import sys

import numpy as np
from pynq import Overlay, allocate
from pynq.pl_server.device import Device

from lutdla.spec.artefact import Artefact
from lutdla.spec.packets import load_packets, result_bytes, run_packets, unpack_results

bitfile, model = sys.argv[1:]
device = Device.active_device
assert type(device).__module__ == "pynq.pl_server.remote_device"
overlay = Overlay(bitfile)
dma, core = overlay.dma, overlay.lutdla
artefact = Artefact.load(model)
config = artefact.config

loading = np.frombuffer(b"".join(load_packets(artefact.image, config, artefact.model_id)), np.uint8)
outgoing = allocate(loading.shape, np.uint8)
outgoing[:] = loading
dma.sendchannel.transfer(outgoing)
dma.sendchannel.wait()
assert core.read(0x38) == artefact.model_id

values = np.random.default_rng(0).integers(-128, 128, (5, *artefact.input_shape)).astype(np.int8)
frames = artefact.frames(artefact.quantize(values))
running = np.frombuffer(run_packets(frames, artefact.image, config), np.uint8)
outgoing, incoming = allocate(running.shape, np.uint8), allocate(
    (result_bytes(len(frames), artefact.image.program.output_rows, config),), np.uint8
)
outgoing[:] = running
dma.recvchannel.transfer(incoming)
dma.sendchannel.transfer(outgoing)
dma.sendchannel.wait()
dma.recvchannel.wait()
raw = unpack_results(bytes(incoming), len(frames), config)
sys.stdout.write(device.name + " " + artefact.select(raw).tobytes().hex())
