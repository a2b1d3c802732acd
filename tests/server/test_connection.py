"""What the service can do to one client, over a pair of sockets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
from trio_websocket import (
    ConnectionClosed,
    ConnectionRejected,
    WebSocketConnection,
    wrap_client_stream,
    wrap_server_stream,
)

from rimebatch.server.connection import Connection
from rimebatch.server.refusal import RefusedError
from rimebatch.server.rough_stream import Line, RoughStream


class Client:
    """The other side.

    Attributes:
        websocket: What it has once it is let in.
        rejection: What it got if it was not.
    """

    def __init__(self) -> None:
        self._answered = trio.Event()
        self._websocket: WebSocketConnection | None = None
        self.rejection: ConnectionRejected | None = None

    async def knock(self, stream: trio.SocketStream) -> None:
        """Ask to be let in; keep the line until cancelled."""
        try:
            async with trio.open_nursery() as nursery:
                self._websocket = await wrap_client_stream(
                    nursery, stream, "host", "/ws3"
                )
                self._answered.set()
        except* ConnectionRejected as rejections:
            [rejection] = rejections.exceptions
            assert isinstance(rejection, ConnectionRejected)
            self.rejection = rejection
            self._answered.set()

    async def answered(self) -> None:
        """Wait until there is an answer."""
        await self._answered.wait()

    @property
    def websocket(self) -> WebSocketConnection:
        """What it has."""
        assert self._websocket is not None
        return self._websocket


@asynccontextmanager
async def open_pair() -> AsyncIterator[tuple[Connection, Client]]:
    """Yield both sides of a handshake that has not been answered."""
    near, far = map(trio.SocketStream, trio.socket.socketpair())
    client = Client()
    with trio.fail_after(5):
        async with near, far, trio.open_nursery() as nursery:
            nursery.start_soon(client.knock, far)
            rough = RoughStream(near)
            yield Connection(await wrap_server_stream(nursery, rough), rough), client
            nursery.cancel_scope.cancel()


@asynccontextmanager
async def open_conversation() -> AsyncIterator[tuple[Connection, WebSocketConnection]]:
    """Yield both sides after the client has been let in."""
    async with open_pair() as (server, client):
        await server.accept()
        await client.answered()
        yield server, client.websocket


async def test_accept() -> None:
    """A client that is let in can be spoken to, and heard."""
    async with open_conversation() as (server, client):
        await server.send("text")
        await server.send(b"binary")
        await client.send_message("answer")

        assert server.is_answered
        assert ["text", b"binary"] == [await client.get_message() for _ in range(2)]
        assert "answer" == await server.receive()
        assert 0 <= trio.current_time() - server.active_at < 5


async def test_refuse() -> None:
    """A client that is not let in gets a status, plain text, and what goes along."""
    async with open_pair() as (server, client):
        await server.refuse(RefusedError(429, "too many", {"Retry-After": "2"}))
        await client.answered()

    rejection = client.rejection
    assert server.is_answered
    assert rejection is not None
    headers = dict(rejection.headers)
    assert (429, b"too many") == (rejection.status_code, rejection.body)
    assert b"text/plain; charset=utf-8" == headers[b"content-type"]
    assert b"2" == headers[b"retry-after"]


@pytest.mark.parametrize(
    ("code", "reason", "expected"),
    [
        (1000, None, (1000, None)),
        (1011, "400: too long", (1011, "400: too long")),
        (4000, "x" * 200, (4000, "x" * 123)),
        (1005, "no code, no reason", (1005, None)),
    ],
)
async def test_close(
    code: int, reason: str | None, expected: tuple[int, str | None]
) -> None:
    """A close has its code, and as much of its reason as fits in."""
    async with open_conversation() as (server, client):
        await server.close(code, reason)
        with pytest.raises(ConnectionClosed) as caught:
            await client.get_message()

    closed = caught.value.reason
    assert closed is not None
    assert expected == (closed.code, closed.reason)


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (4001, "so")])
async def test_close_by_the_client(code: int, reason: str) -> None:
    """What the client closed with is known once it has."""
    async with open_conversation() as (server, client):
        await client.aclose(code, reason)
        with pytest.raises(ConnectionClosed):
            await server.receive()

        assert (code, reason) == server.end


async def test_lost_client() -> None:
    """A line that the client has dropped is lost."""
    async with open_conversation() as (server, client):
        await trio.aclose_forcefully(client._stream)
        with pytest.raises(ConnectionClosed):
            await server.receive()

        assert (1006, "") == server.end


async def test_drop() -> None:
    """A line can be cut without a word, and then nothing can be sent."""
    async with open_conversation() as (server, client):
        await server.drop(reset=False)
        with pytest.raises(ConnectionClosed, match="1006"):
            await client.get_message()
        with pytest.raises(ConnectionClosed):
            await server.send("too late")


async def test_drop_unanswered() -> None:
    """Whoever is dropped is not answered any more."""
    async with open_pair() as (server, _client):
        assert not server.is_answered
        await server.drop(reset=True)

        assert server.is_answered


async def test_send_next() -> None:
    """The next message can go in a manner of its own, and the one after does not."""

    async def send_twice(stream: Line, frame: bytes) -> None:
        await stream.send_all(frame * 2)

    async with open_conversation() as (server, client):
        await server.send_next(send_twice)
        await server.send("one")
        await server.send("two")

        heard = [await client.get_message() for _ in range(3)]

    assert ["one", "one", "two"] == heard


async def test_freeze() -> None:
    """A frozen connection is silent, whatever is sent."""
    async with open_conversation() as (server, client):
        await server.freeze()
        await server.send("lost")
        with trio.move_on_after(0.05) as waiting:
            await client.get_message()

    assert waiting.cancelled_caught


async def test_ignore_close() -> None:
    """A connection that ignores closes is not silent, but goes on for ever."""
    async with open_conversation() as (server, client):
        await server.ignore_close()
        await server.send("heard")
        with trio.move_on_after(0.05) as closing:
            await server.close(1000, None)

        assert "heard" == await client.get_message()
    assert closing.cancelled_caught
