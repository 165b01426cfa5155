"""Ranges of work in threads: compiled kernels leave Python's lock while they compute."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any


def thread_count() -> int:
    """Threads to compute with: OMP_NUM_THREADS, as other libraries have it, or the processors of this process."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, int(wanted)) if wanted.isdigit() else len(os.sched_getaffinity(0))


def in_threads(threads: int, count: int, work: Callable[[int, int, int], Any]) -> None:
    """Call work(thread, begin, end) for ranges that cover 0..count, on at most so many threads."""
    threads = max(1, min(threads, count))
    if threads == 1:
        work(0, 0, count)
        return
    edges = [count * i // threads for i in range(threads + 1)]
    list(_pool(threads).map(work, range(threads), edges[:-1], edges[1:]))


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="lutdla-kernel")
