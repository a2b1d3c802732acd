"""What the services here have in common, over the loopback and in memory."""

import re

import pytest
import trio
import trio.testing
from trio_websocket import WebSocketRequest

from rimebatch.errors import EndpointError, OutputError
from rimebatch.server.connection import Connection
from rimebatch.server.listening import Answer, meet_client, open_listeners, url_of
from rimebatch.server.refusal import RefusedError

REQUEST = (
    b"GET /ws3 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


async def refuse(_request: WebSocketRequest, _client: Connection) -> None:
    """Turn everybody away."""
    raise RefusedError(418, "tea only")


async def fail(_request: WebSocketRequest, _client: Connection) -> None:
    """Have an error of one's own."""
    raise OutputError("no room")


async def meet(said: bytes, answer: Answer) -> bytes:
    """Return what is said to a client that says something and waits for the end."""
    near, far = map(trio.SocketStream, trio.socket.socketpair())
    async with near, far:
        await near.send_all(said)
        await near.send_eof()
        await meet_client(far, answer)
        await far.aclose()
        return b"".join([part async for part in near])


async def test_listeners() -> None:
    """Clients can come as soon as there is an address for them."""
    [listener] = await open_listeners("127.0.0.1", 0)
    async with listener:
        url = url_of(listener)
        port = int(url.split(":")[2].removesuffix("/ws3"))
        async with await trio.open_tcp_stream("127.0.0.1", port):
            with pytest.raises(EndpointError, match=f"port {port}: cannot listen"):
                await open_listeners("127.0.0.1", port)

    assert re.fullmatch(r"ws://127\.0\.0\.1:\d+/ws3", url)


async def test_address_of_ipv6() -> None:
    """An address of the newer kind stands in brackets."""
    try:
        [listener] = await open_listeners("::1", 0)
    except EndpointError:
        pytest.skip("this machine has no IPv6")
    async with listener:
        assert re.fullmatch(r"ws://\[::1\]:\d+/ws3", url_of(listener))


async def test_refusal() -> None:
    """Whom the service turns away is told by a status and a line."""
    answered = await meet(REQUEST, refuse)

    assert answered.startswith(b"HTTP/1.1 418 ")
    assert answered.endswith(b"tea only")


async def test_fault_of_the_client() -> None:
    """What a client does wrong ends with it."""
    assert b"" == await meet(REQUEST.replace(b": x", b": \xcb"), refuse)


async def test_error_of_the_service() -> None:
    """What is not the client's fault is not hidden."""
    with pytest.RaisesGroup(OutputError, flatten_subgroups=True):
        await meet(REQUEST, fail)


async def test_silent_client(autojump_clock: trio.testing.MockClock) -> None:
    """A client that never asks for anything is dropped after ten seconds."""
    near, far = map(trio.SocketStream, trio.socket.socketpair())
    async with near, far:
        await meet_client(far, refuse)

    assert 10 == trio.current_time()
