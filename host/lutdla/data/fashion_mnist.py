"""Fashion-MNIST (Zalando Research, MIT licence): 60,000 + 10,000 grey 28x28 images, 10 classes, official split."""

from __future__ import annotations

import numpy as np

from lutdla.data.card import Card
from lutdla.data.dataset import Dataset
from lutdla.data.idx import read_idx
from lutdla.data.places import find
from lutdla.data.sources import Web

URL = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"

PUBLISHED = {
    "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
}
"""File -> sha256 as published at `URL`."""

CONTENT = {
    "train-images-idx3-ubyte.gz": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte.gz": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte.gz": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte.gz": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
"""File -> sha256 of what is packed in it: the same for Debian's files, whose gzip header carries no file name."""

CARD = Card(
    name="fashion-mnist", title="photographs of clothes", kind="images", shape="28 x 28 uint8", train=60000, test=10000,
    classes=("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    split="official", licence="MIT",
    citation="Xiao, Rasul, Vollgraf: Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning "
             "Algorithms, arXiv:1708.07747, 2017",
    source=Web(URL, PUBLISHED, "dataset-fashion-mnist", "fashion-mnist"),
)  # fmt: skip


def load() -> Dataset:
    """All 70,000 images.

    Raises:
        DatasetError: the files are nowhere, or damaged.
    """
    folder = find(CARD)
    arrays = {file: read_idx(folder / file, sha256) for file, sha256 in CONTENT.items()}
    return Dataset(
        CARD.name, arrays["train-images-idx3-ubyte.gz"], arrays["train-labels-idx1-ubyte.gz"].astype(np.int64),
        arrays["t10k-images-idx3-ubyte.gz"], arrays["t10k-labels-idx1-ubyte.gz"].astype(np.int64), CARD.classes,
        str(folder), CARD.licence, CARD.citation,
    )
