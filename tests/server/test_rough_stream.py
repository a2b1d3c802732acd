"""The stream under a client's connection, as it comes and as rough as it is told."""

from collections.abc import AsyncIterator

import pytest
import trio
import trio.testing

from rimebatch.server.rough_stream import Line, RoughStream

CLOSE = b"\x88\x02\x03\xe8"


@pytest.fixture
async def ends() -> AsyncIterator[tuple[RoughStream, trio.SocketStream]]:
    """Yield a rough stream, and the client's end of it."""
    near, far = map(trio.SocketStream, trio.socket.socketpair())
    async with near, far:
        yield RoughStream(near), far


Ends = tuple[RoughStream, trio.SocketStream]


async def test_as_it_comes(ends: Ends) -> None:
    """Bytes go both ways, up to the end of the line."""
    rough, client = ends
    await rough.wait_send_all_might_not_block()
    await rough.send_all(bytearray(b"to the client"))
    await client.send_all(b"from the client")

    assert b"to the client" == await client.receive_some()
    assert b"from the client" == await rough.receive_some()
    await rough.aclose()
    assert b"" == await client.receive_some()


async def test_manner(ends: Ends) -> None:
    """A manner is for one frame alone."""

    async def shout(stream: Line, frame: bytes) -> None:
        await stream.send_all(frame.upper())

    rough, client = ends
    rough.manner = shout
    await rough.send_all(b"one,")
    await rough.send_all(b"two")

    assert b"ONE,two" == await client.receive_some()


async def test_active_at(autojump_clock: trio.testing.MockClock) -> None:
    """It is known when bytes last went, either way."""
    near, far = map(trio.SocketStream, trio.socket.socketpair())
    async with near, far:
        rough = RoughStream(near)
        times = [rough.active_at]
        await trio.sleep(1)
        await rough.send_all(b"x")
        times.append(rough.active_at)
        await trio.sleep(1)
        await far.send_all(b"x")
        await rough.receive_some()
        times.append(rough.active_at)

    assert [0, 1, 2] == times


async def test_frozen(ends: Ends) -> None:
    """Nothing goes either way, but the client's leaving is seen."""
    rough, client = ends
    rough.is_frozen = True
    await rough.send_all(b"unsent")
    await client.send_all(b"unheard")
    await client.send_eof()

    assert b"" == await rough.receive_some()
    with trio.move_on_after(0.05) as waiting:
        await client.receive_some()
    assert waiting.cancelled_caught


@pytest.mark.parametrize("trait", ["is_frozen", "ignores_close"])
async def test_left_open(ends: Ends, trait: str) -> None:
    """The line is dropped when whoever drops it is out of time, not before."""
    rough, client = ends
    setattr(rough, trait, True)
    with trio.move_on_after(0.05) as patience:
        await rough.aclose()

    assert patience.cancelled_caught
    assert b"" == await client.receive_some()


async def test_ignored_close(ends: Ends) -> None:
    """Of all frames close frames alone are not sent."""
    rough, client = ends
    rough.ignores_close = True
    for frame in (b"\x81\x01a", CLOSE, b"\x8a\x00"):
        await rough.send_all(frame)

    assert b"\x81\x01a\x8a\x00" == await client.receive_some()


@pytest.mark.parametrize("reset", [True, False])
async def test_drop(reset: bool) -> None:
    """A line ends in good order, or by a reset."""
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with listener:
        port = listener.socket.getsockname()[1]
        client = await trio.open_tcp_stream("127.0.0.1", port)
        rough = RoughStream(await listener.accept())
    async with client:
        await rough.drop(reset=reset)
        try:
            ending = await client.receive_some()
        except trio.BrokenResourceError:
            ending = b"reset"

    assert (b"reset" if reset else b"") == ending
