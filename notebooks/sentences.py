"""Made-up sentences about a few topics: what the small encoder of `make_models.py` learns from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

TOKENS = 8
"""Of a sentence; shorter ones are filled up."""

TOPICS = {
    "weather": (("rain", "snow", "wind", "fog", "sunshine", "storm"), ("comes", "falls", "stops", "returns"),
                ("tomorrow", "in the valley", "over the sea", "at night")),
    "kitchen": (("soup", "bread", "rice", "cake", "salad", "coffee"), ("cooks", "burns", "tastes good", "cools"),
                ("in the oven", "on the stove", "with salt", "for lunch")),
    "machines": (("motor", "pump", "robot", "printer", "sensor", "circuit"), ("starts", "fails", "runs hot", "hums"),
                 ("under load", "after repair", "on battery", "at full speed")),
    "music": (("violin", "choir", "drum", "piano", "band", "singer"), ("plays", "rehearses", "tunes up", "echoes"),
              ("in the hall", "on stage", "before dinner", "very softly")),
    "animals": (("dog", "cat", "horse", "owl", "fox", "sheep"), ("sleeps", "hunts", "eats", "hides"),
                ("near the barn", "in the forest", "under a tree", "all winter")),
}  # fmt: skip
"""Topic -> subjects, verbs, and where or when."""


def draw(topic: str, random: np.random.Generator) -> str:
    """A random sentence about a topic."""
    subjects, verbs, places = TOPICS[topic]
    return f"the {random.choice(subjects)} {random.choice(verbs)} {random.choice(places)}"


def examples(topic: str, count: int = 3) -> Iterator[str]:
    """A few sentences about a topic that have no word of the topic in common."""
    subjects, verbs, places = TOPICS[topic]
    for i in range(count):
        yield f"the {subjects[2 * i]} {verbs[i]} {places[i]}"


def vocabulary() -> list[str]:
    """All words; the number of a word is its place. The first is what sentences are filled up with."""
    texts = [" ".join(part) for topic in TOPICS.values() for part in topic]
    return ["", *sorted({"the", *" ".join(texts).split()})]


def tokenize(texts: Sequence[str], words: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of words and which of them there are, int64 (texts, TOKENS) each."""
    number: Mapping[str, int] = {word: i for i, word in enumerate(words)}
    ids = np.zeros((len(texts), TOKENS), np.int64)
    for row, text in zip(ids, texts):
        known = [number[word] for word in text.split()][:TOKENS]
        row[: len(known)] = known
    return ids, (ids > 0).astype(np.int64)
