"""What an accelerator does about errors of the device: try again, and remember that it had to."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import TypeVar

from lutdla.errors import CoreError, InputError

Result = TypeVar("Result")

KEPT = 100
"""Recoveries that are remembered."""

_log = logging.getLogger("lutdla")


class RetryPolicy:
    """Tries again what the core or the DMA refused.

    Only a `CoreError` is worth it: data was damaged or lost on its way. A `DeadlineError` has cost the caller's whole
    deadline already, and everything else would come again.

    Args:
        retries: times that one load or one exchange is tried again, 0 or more.

    Attributes:
        recoveries: the errors that a retry mended, newest last; each was logged as a warning of logger "lutdla" too.
    """

    def __init__(self, retries: int) -> None:
        if isinstance(retries, bool) or not isinstance(retries, int) or not 0 <= retries <= KEPT:
            raise InputError(f"retries is {retries!r}: it must be a whole number, 0 to {KEPT}")
        self.retries = retries
        self.recoveries: deque[str] = deque(maxlen=KEPT)

    def run(self, action: Callable[[], Result], restore: Callable[[], object]) -> Result:
        """What `action` returns.

        Args:
            action: what is tried.
            restore: brings the device into the state that `action` begins with.

        Raises:
            CoreError: it still fails after all retries.
        """
        for left in range(self.retries, 0, -1):
            try:
                return action()
            except CoreError as error:
                _log.warning("%s. Trying again, %d retries left", error, left)
                message = str(error)
            restore()
            self.recoveries.append(message)
        return action()
