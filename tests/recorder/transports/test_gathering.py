"""Tests of the pauses in which more gathers, by a clock that jumps."""

import pytest
import trio
from trio.testing import MemorySendStream, MockClock, memory_stream_pair

from rimebatch.recorder.transports.gathering import _SHARE, GatheringStream


def make_pair(pause_s: float = 0.0) -> tuple[GatheringStream, trio.abc.Stream]:
    """Return a stream with pauses of at most *pause_s*, and the other end."""
    near, far = memory_stream_pair()
    stream = GatheringStream(near)
    stream.pause_s = pause_s
    return stream, far


async def test_contract() -> None:
    """It keeps all that trio promises of a stream."""

    async def make_streams() -> tuple[GatheringStream, GatheringStream]:
        near, far = memory_stream_pair()
        return GatheringStream(near), GatheringStream(far)

    await trio.testing.check_two_way_stream(make_streams, None)


async def test_no_pause(autojump_clock: MockClock) -> None:
    """Without a word it reads at once, however long an answer takes."""
    stream, far = make_pair()
    await trio.sleep(1000)
    await far.send_all(b"one")

    assert b"one" == await stream.receive_some()
    assert 1000 == autojump_clock.current_time()


@pytest.mark.parametrize(
    ("answering_s", "pause_s"), [(0.0, 0.0), (5.0, 5.0 * _SHARE), (1000.0, 1.0)]
)
async def test_pause(
    answering_s: float, pause_s: float, autojump_clock: MockClock
) -> None:
    """The longer an answer takes, the longer the pause, up to the longest."""
    stream, far = make_pair(1.0)
    await trio.sleep(answering_s)
    await far.send_all(b"one")
    start = autojump_clock.current_time()
    await stream.receive_some()

    assert pytest.approx(pause_s) == autojump_clock.current_time() - start


async def test_longest_answer(autojump_clock: MockClock) -> None:
    """It is the longest answer so far that counts, also while the next begins."""
    stream, far = make_pair(1.0)
    await trio.sleep(5)
    await far.send_all(b"one")
    await stream.receive_some()
    stream.expect_answer()
    await far.send_all(b"two")
    start = autojump_clock.current_time()
    await stream.receive_some()

    assert pytest.approx(5.0 * _SHARE) == autojump_clock.current_time() - start


async def test_idle_time(autojump_clock: MockClock) -> None:
    """The time before a question is no part of the answer."""
    stream, far = make_pair(1.0)
    await trio.sleep(1000)
    stream.expect_answer()
    await far.send_all(b"one")
    await stream.receive_some()

    assert 1000 == autojump_clock.current_time()


async def test_gathering(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    """One read brings all that has come by the end of the pause."""
    stream, far = make_pair(1.0)

    async def speak() -> None:
        for word in (b"one ", b"two ", b"three ", b"four"):
            await far.send_all(word)
            await trio.sleep(0.4)

    await trio.sleep(1000)
    nursery.start_soon(speak)

    assert b"one two three " == await stream.receive_some()
    assert 1001 == autojump_clock.current_time()
    assert b"four" == await stream.receive_some()


async def test_waiting(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    """If nothing has come in the pause, the first that comes ends the wait."""
    stream, far = make_pair(1.0)

    async def speak() -> None:
        await trio.sleep(7)
        await far.send_all(b"one")

    await trio.sleep(1000)
    nursery.start_soon(speak)

    assert b"one" == await stream.receive_some()
    assert 1007 == autojump_clock.current_time()


async def test_more_behind(autojump_clock: MockClock) -> None:
    """After a read that was as large as it may be, the next one comes at once."""
    stream, far = make_pair(1.0)
    await trio.sleep(1000)
    await far.send_all(b"onetwoend")

    assert [b"one", b"two", b"end"] == [await stream.receive_some(3) for _ in range(3)]
    assert 1001 == autojump_clock.current_time()

    await far.send_all(b"1")

    assert b"1" == await stream.receive_some(3)
    assert 1001 == autojump_clock.current_time()

    await far.send_all(b"2")

    assert b"2" == await stream.receive_some(3)
    assert 1002 == autojump_clock.current_time()


async def test_sizes() -> None:
    """Where more is to be expected, more is read at a time."""
    stream, far = make_pair()
    await far.send_all(bytes(400_000))
    sizes = [len(await stream.receive_some()) for _ in range(3)]

    assert [65_536, 262_144, 400_000 - 65_536 - 262_144] == sizes


async def test_sending(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    """What is sent goes out at once, also in a pause."""
    stream, far = make_pair(1.0)
    await trio.sleep(1000)
    nursery.start_soon(stream.receive_some)
    await trio.testing.wait_all_tasks_blocked()
    await stream.send_all(b"pong")

    assert b"pong" == await far.receive_some()
    assert 1000 == autojump_clock.current_time()

    nursery.cancel_scope.cancel()


async def test_room_to_send() -> None:
    """Whether there is room to send is what the stream below says."""
    near, _ = memory_stream_pair()
    waits: list[str] = []

    async def wait() -> None:
        await trio.lowlevel.checkpoint()
        waits.append("waited")

    assert isinstance(near.send_stream, MemorySendStream)

    near.send_stream.wait_send_all_might_not_block_hook = wait
    await GatheringStream(near).wait_send_all_might_not_block()

    assert ["waited"] == waits


async def test_closing() -> None:
    """Closed, it is closed below, and the other end sees it."""
    stream, far = make_pair(1.0)
    await stream.aclose()

    assert b"" == await far.receive_some()

    with pytest.raises(trio.ClosedResourceError):
        await stream.send_all(b"late")


async def test_cancellation(autojump_clock: MockClock) -> None:
    """Cancelled in a pause, it leaves what has come to the next read."""
    stream, far = make_pair(1.0)
    await trio.sleep(1000)
    await far.send_all(b"one")
    with trio.move_on_after(0.5) as scope:
        await stream.receive_some()

    assert scope.cancelled_caught
    assert 1000.5 == autojump_clock.current_time()
    assert b"one" == await stream.receive_some()
