"""The long line: in virtual time between two ends in memory, and over a socket."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from rimebatch.server.long_line import WINDOW_BYTES, LongLine, _Way, open_long_line
from rimebatch.server.rough_stream import drop_stream

ROUND_TRIP_S = 0.02


def run_in_no_time(check: Callable[[], Awaitable[None]]) -> None:
    """Run *check* in virtual time; nothing in it may wait for a socket."""
    trio.run(check, clock=trio.testing.MockClock(autojump_threshold=0))


@given(
    parts=st.lists(st.tuples(st.integers(0, 3), st.binary(min_size=1, max_size=4))),
    delay_s=st.integers(0, 5),
)
def test_way(parts: list[tuple[int, bytes]], delay_s: int) -> None:
    """Every part comes out as much later as it went in, and none before another."""
    arrived: list[tuple[float, bytes]] = []
    expected: dict[float, bytes] = {}

    async def take_all(way: _Way) -> None:
        while data := await way.take():
            arrived.append((trio.current_time(), data))

    async def check() -> None:
        way = _Way(delay_s)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(take_all, way)
            for pause_s, part in parts:
                await trio.sleep(pause_s)
                due_s = trio.current_time() + delay_s
                expected[due_s] = expected.get(due_s, b"") + part
                await way.put(part)
            way.end()

    run_in_no_time(check)
    by_time: dict[float, bytes] = {}
    for at_s, data in arrived:
        by_time[at_s] = by_time.get(at_s, b"") + data

    assert expected == by_time


async def test_window(autojump_clock: trio.testing.MockClock) -> None:
    """Who says more than the line holds waits until something has arrived."""
    way = _Way(3.0)
    await way.put(bytes(WINDOW_BYTES))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(way.put, b"more")
        await trio.testing.wait_all_tasks_blocked()
        first = await way.take()

    assert (WINDOW_BYTES, 3.0) == (len(first), trio.current_time())
    assert b"more" == await way.take()


async def test_end_of_a_way() -> None:
    """Behind the end nothing can be put; it can be taken as often as one likes."""
    way = _Way(0.0)
    way.end()

    with pytest.raises(trio.ClosedResourceError):
        await way.put(b"more")
    assert (b"", b"") == (await way.take(), await way.take())


async def test_dropped_way() -> None:
    """Whoever waits at a way that is dropped is told so, at either end."""
    way = _Way(60.0)
    await way.put(bytes(WINDOW_BYTES))

    with pytest.RaisesGroup(trio.BrokenResourceError, trio.BrokenResourceError):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(way.take)
            nursery.start_soon(way.put, b"more")
            await trio.testing.wait_all_tasks_blocked()
            way.drop(trio.BrokenResourceError)


@asynccontextmanager
async def open_line(
    round_trip_s: float,
) -> AsyncIterator[tuple[LongLine, trio.SocketStream]]:
    """Yield a long line over the loopback, and the client's end of it."""
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with listener:
        port = listener.socket.getsockname()[1]
        client = await trio.open_tcp_stream("127.0.0.1", port)
        stream = await listener.accept()
    with trio.fail_after(10):
        async with client, stream, open_long_line(stream, round_trip_s) as line:
            yield line, client


async def echo(stream: trio.SocketStream) -> None:
    """Say back all that is heard, up to the end."""
    async for data in stream:
        await stream.send_all(data)


async def insist(line: LongLine) -> None:
    """Say something again and again."""
    while True:
        await line.send_all(b"is there anybody?")


async def test_round_trip() -> None:
    """An answer takes a round trip, however much is on the line; nothing is lost."""
    said = bytes(range(256)) * 4_000
    async with (
        open_line(ROUND_TRIP_S) as (line, client),
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(echo, client)
        begun_s = trio.current_time()
        await line.wait_send_all_might_not_block()
        await line.send_all(memoryview(said))
        heard = await line.receive_some(10)
        answered_s = trio.current_time()
        while len(heard) < len(said):
            heard += await line.receive_some()
        await line.aclose()

    assert answered_s - begun_s >= ROUND_TRIP_S
    assert said == heard


async def test_nothing_said() -> None:
    """To send nothing does not end the line."""
    async with open_line(ROUND_TRIP_S) as (line, client):
        await line.send_all(b"")
        await line.send_all(b"something")

        assert b"something" == await client.receive_some()


async def test_close() -> None:
    """What was said before the close still arrives; on this side nothing more goes."""
    async with open_line(ROUND_TRIP_S) as (line, client):
        await line.send_all(b"the last")
        with pytest.RaisesGroup(trio.ClosedResourceError):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(line.receive_some)
                await trio.testing.wait_all_tasks_blocked()
                await line.aclose()
        with pytest.raises(trio.ClosedResourceError):
            await line.send_all(b"more")

        assert b"the last" == await client.receive_some()
        assert b"" == await client.receive_some()


async def test_reset_by_the_service() -> None:
    """A reset, too, comes behind what was said before."""
    async with open_line(ROUND_TRIP_S) as (line, client):
        await line.send_all(b"the last")
        await drop_stream(line, reset=True)

        assert b"the last" == await client.receive_some()
        with pytest.raises(trio.BrokenResourceError):
            await client.receive_some()


async def test_client_that_leaves() -> None:
    """The end of the client's words is heard behind them; the other way is open."""
    async with open_line(ROUND_TRIP_S) as (line, client):
        await client.send_all(b"the last")
        await client.send_eof()

        assert b"the last" == await line.receive_some()
        assert b"" == await line.receive_some()
        await line.send_all(b"answer")
        assert b"answer" == await client.receive_some()


async def test_reset_by_the_client() -> None:
    """A client's reset is heard as an end, and breaks the other way."""
    async with open_line(ROUND_TRIP_S) as (line, client):
        await drop_stream(client, reset=True)

        assert b"" == await line.receive_some()
        with pytest.raises(trio.BrokenResourceError):
            await insist(line)


async def test_client_that_does_not_read(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Once the service has left, a client has ten seconds to take what is its own."""
    near, far = map(trio.SocketStream, trio.socket.socketpair())
    async with near, far, open_long_line(far, 2.0) as line:
        await line.send_all(bytes(WINDOW_BYTES))

    assert 12 == trio.current_time()


async def test_client_that_says_too_much() -> None:
    """What the service does not hear is held up to a limit, and then left behind."""
    async with open_line(ROUND_TRIP_S) as (line, client):
        with trio.move_on_after(0.2) as patience:
            await client.send_all(bytes(10 * WINDOW_BYTES))
        await line.aclose()

    assert patience.cancelled_caught
