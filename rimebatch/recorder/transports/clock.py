"""The clock of a transcript."""

from collections.abc import Callable
from typing import Final

import trio

_NANOSECONDS: Final = 1_000_000_000


def start_clock() -> Callable[[], int]:
    """Return what tells the nanoseconds since now, on the clock of the run."""
    start_s = trio.current_time()
    return lambda: round((trio.current_time() - start_s) * _NANOSECONDS)
