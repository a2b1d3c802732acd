"""The clock of a transcript."""

from collections.abc import Callable
from typing import Final

import trio

_NANOSECONDS: Final = 1_000_000_000


def start_clock() -> Callable[[], int]:
    """Return what tells the nanoseconds since now, on the clock of the run."""
    current_time = trio.lowlevel.current_clock().current_time  # looked up once
    start_s = current_time()
    return lambda: round((current_time() - start_s) * _NANOSECONDS)
