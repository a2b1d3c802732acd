"""Tests of the one source of everything that a replayed client hears: and of time."""

import math
import threading
from collections.abc import Iterable
from contextlib import ExitStack

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from fakes.stages import Idle
from rimebatch.recorder.transports.pump import Pump, get_pump, now_ns

MS = 1_000_000
EVENTS = list[tuple[str, float]]


class FakeLine:
    """A connection whose deliveries are due at given times.

    Args:
        events: Is told each delivery, and when it came, in milliseconds.
        name: By which it is told.
        due_ms: When the deliveries are due.
        stalls: How often its client turns out to wait in vain.
    """

    def __init__(
        self, events: EVENTS, name: str, due_ms: Iterable[float] = (), stalls: int = 0
    ) -> None:
        self.due = [round(time_ms * MS) for time_ms in due_ms]
        self.delivered = trio.Event()
        self.listeners = trio.lowlevel.ParkingLot()
        self._events = events
        self._name = name
        self._stalls = stalls

    @property
    def due_ns(self) -> int | None:
        """When the next one is due."""
        return self.due[0] if self.due else None

    def deliver(self) -> None:
        """Deliver, and tell if that was the last."""
        note(self._events, self._name)
        self.due.pop(0)
        self.listeners.unpark_all()
        if not self.due:
            self.delivered.set()

    def stall(self) -> bool:
        """Note that it was asked."""
        self._events.append((f"{self._name}?", now_ns() / MS))
        self._stalls -= 1
        if self._stalls == 0:
            self.delivered.set()
        return self._stalls >= 0


def note(events: EVENTS, what: str) -> None:
    """Note that *what* happens now."""
    events.append((what, now_ns() / MS))


async def sleep(events: EVENTS, name: str, seconds: float) -> None:
    """Sleep, and note the end of it."""
    await trio.sleep(seconds)
    note(events, name)


def test_one_pump_for_each_run() -> None:
    """All connections of a run share their pump, and no two runs do."""

    async def get_twice() -> tuple[Pump, Pump]:
        await trio.lowlevel.checkpoint()
        return get_pump(), get_pump()

    (one, again), (other, _) = trio.run(get_twice), trio.run(get_twice)

    assert one is again
    assert one is not other


async def test_time(mock_clock: MockClock) -> None:
    """The clock of the run is read in whole nanoseconds."""
    mock_clock.jump(0.1 + 0.2)

    assert 300 * MS == now_ns()


async def test_deliveries_come_when_they_are_due(mock_clock: MockClock) -> None:
    """The time is moved to each delivery, and to each deadline on the way."""
    events: EVENTS = []
    line = FakeLine(events, "one", [0, 100, 100, 3_600_000])
    with Pump().carrying(line):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sleep, events, "a", 0.05)
            nursery.start_soon(sleep, events, "b", 0.2)
            await line.delivered.wait()

    assert [
        *(("one", 0), ("a", 50), ("one", 100), ("one", 100)),
        *(("b", 200), ("one", 3_600_000)),
    ] == events


async def test_a_deadline_at_the_same_instant(mock_clock: MockClock) -> None:
    """At the instant of a delivery a deadline is first, wherever the time began."""
    for _ in range(100):
        mock_clock.jump(1234.567_890_123)
        events: EVENTS = []
        line = FakeLine(events, "line", [now_ns() / MS + 300])
        with Pump().carrying(line):
            with trio.move_on_after(0.1 + 0.2):
                await trio.sleep_forever()
            note(events, "limit")
            await line.delivered.wait()

        assert ["limit", "line"] == [name for name, _ in events]


async def test_what_is_late(mock_clock: MockClock) -> None:
    """What was due before comes at once."""
    events: EVENTS = []
    mock_clock.jump(1)
    line = FakeLine(events, "line", [200, 300])
    with Pump().carrying(line):
        await line.delivered.wait()

    assert [("line", 1000), ("line", 1000)] == events


async def test_connections_share_the_time(mock_clock: MockClock) -> None:
    """The delivery that is due first comes first; of several, the oldest line's."""
    events: EVENTS = []
    one = FakeLine(events, "one", [100, 300, 400])
    two = FakeLine(events, "two", [200, 300, 350])
    pump = Pump()
    with pump.carrying(one), pump.carrying(two):
        await two.delivered.wait()
        await one.delivered.wait()

    assert [
        *(("one", 100), ("two", 200), ("one", 300)),
        *(("two", 300), ("two", 350), ("one", 400)),
    ] == events


async def test_one_delivery_at_a_time(mock_clock: MockClock) -> None:
    """Nothing is delivered while anybody has anything to do."""
    events: EVENTS = []
    line = FakeLine(events, "line", [10, 10])
    with Pump().carrying(line):
        for _ in range(2):
            await line.listeners.park()
            note(events, "began")
            for _ in range(50):
                await trio.lowlevel.checkpoint()
            note(events, "ended")

    assert ["line", "began", "ended"] * 2 == [name for name, _ in events]


def test_threads_are_waited_for() -> None:
    """While a thread is at work no time passes, however long it takes."""
    events: EVENTS = []
    idle = Idle()

    async def work() -> None:
        await trio.to_thread.run_sync(idle.reached.wait)
        note(events, "worked")
        await trio.to_thread.run_sync(idle.reached.wait)
        note(events, "worked")

    async def main() -> None:
        line = FakeLine(events, "line", [100])
        with Pump().carrying(line):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(work)
                nursery.start_soon(sleep, events, "slept", 0.05)
            await line.delivered.wait()

    trio.run(main, clock=MockClock(), instruments=[idle])

    assert [("worked", 0), ("worked", 0), ("slept", 50), ("line", 100)] == events


async def test_a_stall(mock_clock: MockClock) -> None:
    """If nothing can happen any more, every connection is asked who waits in vain."""
    events: EVENTS = []
    one, two = FakeLine(events, "one"), FakeLine(events, "two", stalls=1)
    pump = Pump()
    with pump.carrying(one), pump.carrying(two):
        with trio.move_on_after(1):
            await trio.sleep_forever()
        await two.delivered.wait()

    assert [("one?", 1000), ("two?", 1000)] == events


def test_a_stall_that_is_none() -> None:
    """If nobody waits in vain, the pump waits for something new from outside."""
    events: EVENTS = []
    idle = Idle()

    async def main() -> None:
        line, pump = FakeLine(events, "line"), Pump()
        token = trio.lowlevel.current_trio_token()

        def go_on() -> None:
            line.due.append(100 * MS)
            pump.wake()

        def come_from_outside() -> None:
            idle.reached.wait()
            token.run_sync_soon(go_on)

        outside = threading.Thread(target=come_from_outside)
        outside.start()
        with pump.carrying(line):
            await line.delivered.wait()
        outside.join()

    trio.run(main, clock=MockClock(), instruments=[idle])

    assert [("line?", 0), ("line", 100)] == events


async def test_time_goes_on_while_one_is_cancelled(mock_clock: MockClock) -> None:
    """Who is cancelled may take its time to tidy up, and so may all others."""
    events: EVENTS = []
    line, other = FakeLine(events, "line", [1000]), FakeLine(events, "other", [2000])
    pump = Pump()
    with trio.move_on_after(0.5) as scope, pump.carrying(line), pump.carrying(other):
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await sleep(events, "tidied", 1)

    assert scope.cancelled_caught
    assert [("line", 1000), ("tidied", 1500)] == events


async def test_lines_that_come_and_go(mock_clock: MockClock) -> None:
    """Whichever line leaves first, the others go on, and new ones may come."""
    events: EVENTS = []
    pump = Pump()
    lines = [FakeLine(events, str(n), [n * 100, n * 100 + 250]) for n in range(4)]
    stack = [ExitStack() for _ in lines]
    for n in (0, 1, 2):
        stack[n].enter_context(pump.carrying(lines[n]))
    for n in (0, 1):
        await lines[n].delivered.wait()
        stack[n].close()
    stack[3].enter_context(pump.carrying(lines[3]))
    for n in (2, 3):
        await lines[n].delivered.wait()
        stack[n].close()

    assert [
        *(("0", 0), ("1", 100), ("2", 200), ("0", 250)),
        *(("1", 350), ("3", 350), ("2", 450), ("3", 550)),
    ] == events


@pytest.mark.parametrize("threshold", [math.inf, 0.0])
async def test_nothing_is_left(mock_clock: MockClock, threshold: float) -> None:
    """Once the last connection is gone, so is the task, and the clock is as it was."""
    mock_clock.autojump_threshold = threshold
    tasks = trio.lowlevel.current_statistics().tasks_living
    pump = Pump()
    held = []
    for _ in range(2):
        with pump.carrying(FakeLine([], "one")), pump.carrying(FakeLine([], "two")):
            await wait_all_tasks_blocked()
            held.append(mock_clock.autojump_threshold)
        for _ in range(2):  # it is woken at the same time as this task
            await wait_all_tasks_blocked()

    assert [math.inf] * 2 == held
    assert threshold == mock_clock.autojump_threshold
    assert tasks == trio.lowlevel.current_statistics().tasks_living


async def test_the_real_clock() -> None:
    """On a clock that goes by itself the pump waits until something is due."""
    events: EVENTS = []
    start_ms = now_ns() / MS
    line = FakeLine(events, "line", [start_ms, start_ms + 1, start_ms + 2])
    pump = Pump()
    with pump.carrying(line):
        await line.delivered.wait()
        line.delivered = trio.Event()
        await wait_all_tasks_blocked()
        line.due.append(now_ns())
        pump.wake()
        await line.delivered.wait()
    for _ in range(2):
        await wait_all_tasks_blocked()

    assert 4 == len(events)
    assert all(
        time_ms >= due_ms
        for (_, time_ms), due_ms in zip(events, range(3), strict=False)
    )
