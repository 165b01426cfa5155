"""Artefacts made without the compiler: a network of two layers, and networks around random programs."""

from dataclasses import replace

import numpy as np

from lutdla.reference import Reference
from lutdla.spec.artefact import Artefact
from lutdla.spec.config import CoreConfig
from lutdla.spec.frame_layout import FrameLayout
from lutdla.spec.memory import MemoryImage
from lutdla.spec.program import EncodeInput, Lookup, Loop, Program
from lutdla.spec.window import Port, Window
from tests.programs import Shape, random_image
from tests.strategies import TINY

WINDOWS = Window((Port(0, blocks=3), Port(1, blocks=3))), Window((Port(2, blocks=1), Port()))
"""Subspaces 0..3 and subspace 4 of a vector."""


def two_layers(seed: int = 0) -> Artefact:
    """10 values, 8 hidden channels, 6 results on the core `TINY`, with random contents."""
    rng = np.random.default_rng(seed)
    hidden = Lookup(
        (Loop(2, table=2, channel=2, dest=2), Loop(2, True, window=1, table=1)), codebook=6, dest=8,
        low=int(rng.choice((-128, -60, 0))), wait_input=True, free_input=True,
    )  # fmt: skip
    results = Lookup((Loop(2, table=1),), index=4, table=4, to_output=True)
    image = MemoryImage(
        Program((EncodeInput(6, 6), hidden, results)), rng.integers(-128, 128, (10, 1, 4, 2)).astype(np.int8),
        rng.integers(-128, 128, (4, 24, 4)).astype(np.int8), rng.integers(1 << 13, 1 << 15, (4, 2)),
        rng.integers(-(1 << 20), 1 << 20, (4, 2)), np.full((4, 2), 15), WINDOWS,
    )  # fmt: skip
    return Artefact(TINY, image, (10,), 1.0, 0, np.ones(6, np.float32), np.zeros(6, np.float32),
                    FrameLayout(10, slice=2), ("input", "layer0", "layer1"), {"trained": "never"})


def random_artefact(config: CoreConfig, shape: Shape, images: int = 4) -> Artefact:
    """A network around a random program whose results differ from image to image, and depend on its first piece."""
    for seed in range(1000):
        image = random_image(config, np.random.default_rng(seed), shape)
        groups = image.program.input_groups
        if groups % config.groups_per_word:
            continue  # a frame has whole words
        passes = -(-images // image.program.images)
        values = np.random.default_rng(seed).integers(-128, 128, (passes * image.program.images, groups * config.group))
        results = Reference(config, image).run(values.astype(np.int8))
        if len(np.unique(results, axis=0)) < len(results):
            continue
        if image.pieces:
            first, *others = image.pieces
            empty = replace(image, pieces=(replace(first, tables=0 * first.tables), *others))
            if (Reference(config, empty).run(values.astype(np.int8)) == results).all(axis=1).any():
                continue
        outputs, count = results.shape[1], len(image.program.records)
        return Artefact(config, image, (values.shape[1],), 1.0, 0, np.ones(outputs, np.float32),
                        np.zeros(outputs, np.float32), FrameLayout(values.shape[1], slice=config.v),
                        tuple(f"record {i}" for i in range(count)))
    raise AssertionError(f"no random program of {shape} tells {images} images apart on ({config})")
