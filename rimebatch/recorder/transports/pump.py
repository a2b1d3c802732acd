"""The pump of a replay: one delivery at a time, and the time itself.

All replayed connections of a `trio.run` share one pump; why there is only one, see
`rimebatch.recorder.transports.replay`. It is a system task, and ends with the last of
them. So it belongs to none: while one is cancelled, time goes on for the others, and
for whatever it tidies up; and what leaves a connection is in no nursery's wrapping.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

import trio
from trio.testing import (
    MockClock,
    active_thread_count,
    wait_all_tasks_blocked,
    wait_all_threads_completed,
)

_NANOSECONDS: Final = 1_000_000_000
_SAME_INSTANT_S: Final = 0.5e-9  # what the sums of a clock are off by is far less


class Line(Protocol):
    """A connection that things are delivered to."""

    @property
    def due_ns(self) -> int | None:
        """When its next delivery is due, as `now_ns` counts; ``None`` if none is."""

    def deliver(self) -> None:
        """Have happen what is due."""

    def stall(self) -> bool:
        """Fail the client if it waits for what cannot come; return whether it does."""


def now_ns() -> int:
    """Return the time on the clock of the run, in nanoseconds."""
    return round(trio.current_time() * _NANOSECONDS)


class Pump:
    """What delivers to all replayed connections of a run."""

    def __init__(self) -> None:
        self._lines: list[Line] = []
        self._is_running = False
        self._waiting = trio.lowlevel.ParkingLot()

    @contextmanager
    def carrying(self, line: Line) -> Iterator[None]:
        """Deliver to *line* inside the context."""
        self._lines.append(line)
        if not self._is_running:
            self._is_running = True
            trio.lowlevel.spawn_system_task(self._run)
        try:
            yield
        finally:
            self._lines.remove(line)
            self.wake()

    def wake(self) -> None:
        """Look again: something may be possible that was not."""
        self._waiting.unpark_all()

    async def _run(self) -> None:
        with _holding_clock():
            await _settle()
            while self._lines:
                await self._take_turn()
                await _settle()
        self._is_running = False

    async def _take_turn(self) -> None:
        """Deliver what is due next, or let time pass until something is."""
        line, due_ns = self._find_next()
        is_due = await self._pass_time(due_ns)
        if is_due and line is not None:
            line.deliver()

    def _find_next(self) -> tuple[Line | None, float]:
        """Return the line whose delivery is due first, the oldest of several."""
        first, first_ns = None, math.inf
        for line in self._lines:
            due_ns = line.due_ns
            if due_ns is not None and due_ns < first_ns:
                first, first_ns = line, due_ns
        return first, first_ns

    async def _pass_time(self, until_ns: float) -> bool:
        """Let time pass, and return whether it is *until_ns* and nothing else comes.

        Somebody's deadline may come first; at the same instant it does.
        """
        clock = trio.lowlevel.current_clock()
        gap_s = until_ns / _NANOSECONDS - trio.current_time()
        if not isinstance(clock, MockClock):
            return await self._wait(gap_s)
        to_deadline_s = trio.lowlevel.current_statistics().seconds_to_next_deadline
        if gap_s == to_deadline_s == math.inf:
            await self._wait_stalled()
            return False
        is_due = gap_s < to_deadline_s - _SAME_INSTANT_S
        clock.jump(max(0.0, gap_s if is_due else to_deadline_s))
        return is_due

    async def _wait(self, gap_s: float) -> bool:
        """Wait for the time to pass; return whether it had before."""
        if gap_s <= 0:
            return True
        with trio.move_on_after(gap_s):
            await self._waiting.park()
        return False

    async def _wait_stalled(self) -> None:
        """Fail whoever waits in vain; if nobody does, wait for something new."""
        if not sum(line.stall() for line in self._lines):  # each of them is asked
            await self._waiting.park()


_pumps: Final[trio.lowlevel.RunVar[Pump]] = trio.lowlevel.RunVar("pump")


def get_pump() -> Pump:
    """Return the pump of this run."""
    try:
        return _pumps.get()
    except LookupError:
        _pumps.set(Pump())
        return _pumps.get()


async def _settle() -> None:
    """Wait until nothing happens any more, in any task or thread."""
    await wait_all_tasks_blocked()
    while active_thread_count():
        await wait_all_threads_completed()
        await wait_all_tasks_blocked()


@contextmanager
def _holding_clock() -> Iterator[None]:
    """Keep a mock clock from jumping by itself: it would not wait for threads."""
    clock = trio.lowlevel.current_clock()
    if not isinstance(clock, MockClock):
        yield
        return
    threshold = clock.autojump_threshold
    clock.autojump_threshold = math.inf
    try:
        yield
    finally:
        clock.autojump_threshold = threshold
