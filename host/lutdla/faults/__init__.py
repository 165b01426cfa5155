"""Faults for a device that is a model: what can go wrong between a program and a core, each as one small class.

    Fault         fault.py      hooks where it can interfere; `FAULTS` names every kind
    streams       stream.py     what happens to frames between DMA and core
    core          core.py       registers that lie, strangers who reset the core or load it
    DMA           dma.py        errors, channels that hang, registers that are too narrow
    memory        memory.py     caches that were not flushed, buffers at wrong addresses
    opening       opening.py    overlays that are not what they say
    FaultyDevice  device.py     the emulated PYNQ device with a fault in it
    campaign      campaign.py   one random fault after the other, and what became of each

For tests of programs that must survive a bad device; nothing here is imported by a program that does not ask for it.
"""
