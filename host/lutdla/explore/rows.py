"""Answers of a search as tables and files: a flat row for each candidate, CSV and JSON."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lutdla.explore.answer import Answer, Candidate
from lutdla.explore.limits import RESOURCES

CORE = ("ports", "blocks", "lanes", "encoders")
"""Fields of a core's configuration that are columns; JSON has all of them."""

FIGURES = ("cycles_per_image", "images_per_s", "latency_us", "energy_uj")

BYTES = ("table_bytes", "streamed_bytes", "memory_bytes_per_image")

AREA = ("lut", "lutram", "ff", "ramb36", "uram", "dsp")


def row_of(answer: Answer, candidate: Candidate) -> dict[str, Any]:
    """A candidate of a board: names and plain values. What is not known is None."""
    choice = candidate.choice
    return {
        "board": answer.limits.name, "picked": candidate == answer.pick, "front": candidate.front,
        "v": candidate.v, "c": candidate.c, "metric": candidate.metric,
        "layers": " ".join(f"{name}={v}" for name, v in candidate.layers),
        **{name: getattr(choice.config, name) for name in CORE},
        **{name: getattr(choice, name) for name in FIGURES},
        "loss": candidate.loss, "accuracy": candidate.accuracy,
        **{name: getattr(choice, name) for name in BYTES},
        **{name: getattr(choice.area, name) for name in AREA},
        **{f"{name}_share": choice.shares[name] for name in RESOURCES},
    }  # fmt: skip


def rows(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """A row for each candidate of each board."""
    return [row_of(answer, one) for answer in answers for one in answer.candidates]


def write_csv(path: Path, answers: Sequence[Answer]) -> None:
    """A line for each candidate; what is not known is empty. A board that nothing fits has no line."""
    names = ["board", "picked", "front", "v", "c", "metric", "layers", *CORE, *FIGURES, "loss", "accuracy", *BYTES,
             *AREA, *(f"{name}_share" for name in RESOURCES)]  # fmt: skip
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows(answers))


def plain(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """What JSON can hold: for each board whether the network fits, why, the pick in detail, all candidates."""
    return [_plain(one) for one in answers]


def _plain(answer: Answer) -> dict[str, Any]:
    return {
        "board": answer.limits.name, "fits": answer.pick is not None, "why": list(answer.why),
        "pick": None if answer.pick is None else _detailed(answer, answer.pick),
        "candidates": [_with_config(answer, one) for one in answer.candidates],
    }  # fmt: skip


def _with_config(answer: Answer, candidate: Candidate) -> dict[str, Any]:
    return {**row_of(answer, candidate), "config": candidate.choice.config.to_dict()}


def _detailed(answer: Answer, pick: Candidate) -> dict[str, Any]:
    """The pick with what each of its records and memories does."""
    found = pick.choice.explanation
    return {
        **_with_config(answer, pick), "images": pick.choice.images, "clock_mhz": answer.limits.clock_mhz,
        "ultra_ram": pick.choice.ultra_ram,
        **{name: [asdict(one) for one in getattr(found, name)] for name in ("records", "memories", "regions")},
    }  # fmt: skip
