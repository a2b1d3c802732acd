"""The clock of a transcript."""

import trio
from trio.testing import MockClock

from rimebatch.recorder.transports.clock import start_clock


async def test_nanoseconds(autojump_clock: MockClock) -> None:
    """It counts from its start, and whole nanoseconds are not lost in a float."""
    autojump_clock.jump(86_400.0)
    read_ns = start_clock()

    assert 0 == read_ns()

    await trio.sleep(2.000000001)

    assert 2_000_000_001 == read_ns()
