"""WebSocket servers on the loopback, free to do what no service should.

Handshake and frames are those of the `websockets` library, which shares no code with
the one that RimeBatch uses.
"""

import socket
import ssl
import struct
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeAlias

import trio
from websockets.frames import Frame
from websockets.http11 import Request
from websockets.protocol import Event
from websockets.server import ServerProtocol

_RECEIVE_BYTES = 65_536


class Peer:
    """One client, as its server has it.

    Attributes:
        wire: The library's end of the conversation; what it is told to send goes out
            with the next `flush`. It answers pings and a close by itself.
        request: The opening request, once there is one.
    """

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.wire = ServerProtocol()
        self.request: Request | None = None
        self._stream = stream
        self._events: deque[Event] = deque()

    async def read_request(self) -> Request:
        """Wait for the opening request."""
        event = await self._next_event()
        assert isinstance(event, Request)
        self.request = event
        return event

    async def accept(self) -> Request:
        """Wait for the opening request, and accept it."""
        request = await self.read_request()
        self.wire.send_response(self.wire.accept(request))
        await self.flush()
        return request

    async def read_frame(self) -> Frame:
        """Wait for a frame; what it is answered with is sent."""
        event = await self._next_event()
        assert isinstance(event, Frame)
        return event

    async def send_text(self, message: str) -> None:
        """Send *message*."""
        self.wire.send_text(message.encode())
        await self.flush()

    async def close(self, code: int | None, reason: str = "") -> None:
        """Send a close frame."""
        self.wire.send_close(code, reason)
        await self.flush()

    async def read(self) -> bytes:
        """Return the bytes that come next; none when the client has hung up."""
        return bytes(await self._stream.receive_some(_RECEIVE_BYTES))

    async def write(self, data: bytes) -> None:
        """Send *data* as it is."""
        await self._stream.send_all(data)

    async def flush(self) -> None:
        """Send what the library wants to have sent."""
        for data in self.wire.data_to_send():
            if data:
                await self._stream.send_all(data)

    async def reset(self) -> None:
        """Tear the line down, so that the client sees a reset."""
        assert isinstance(self._stream, trio.SocketStream)
        on_at_once = struct.pack("ii", 1, 0)
        self._stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, on_at_once)
        await self._stream.aclose()

    async def wait_gone(self) -> None:
        """Wait until the client has dropped the line."""
        with suppress(trio.BrokenResourceError):
            while await self.read():
                pass

    async def _next_event(self) -> Event:
        while not self._events:
            data = await self.read()
            if not data:
                raise trio.BrokenResourceError("the client is gone")
            self.wire.receive_data(data)
            await self.flush()
            self._events.extend(self.wire.events_received())
        return self._events.popleft()


Serve: TypeAlias = Callable[[Peer], Awaitable[None]]
"""What a server does with one client; the line ends when it returns."""


@asynccontextmanager
async def open_peer(
    serve: Serve, tls: ssl.SSLContext | None = None
) -> AsyncIterator[str]:
    """Yield the address of a server that treats every client as *serve* does.

    Args:
        serve: May see the client go at any time, and then just ends.
        tls: Encrypts the lines.
    """

    async def serve_stream(tcp: trio.SocketStream) -> None:
        stream = (
            trio.SSLStream(tcp, tls, server_side=True, https_compatible=True)
            if tls
            else tcp
        )
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            await serve(Peer(stream))
        await trio.aclose_forcefully(tcp)

    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, serve_stream, listeners)
        yield f"{'wss' if tls else 'ws'}://127.0.0.1:{port}/ws3"
        nursery.cancel_scope.cancel()
