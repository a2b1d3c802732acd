"""One client's connection: let in or turned away, spoken to, closed or cut off.

It knows WebSocket and what can go wrong under it. What is said is not its business.
"""

from collections.abc import Iterable
from typing import Final

import trio
from trio_websocket import WebSocketConnection, WebSocketRequest
from wsproto.frame_protocol import CloseReason

from rimebatch.server.refusal import RefusedError
from rimebatch.server.rough_stream import Manner, RoughStream

# A client sees the close behind the audio that it has not read yet, which may be
# megabytes; trio-websocket's own limit.
_CLOSE_LIMIT_S: Final = 60.0


class Connection:
    """What the service can do to one client.

    Every method that sends raises `trio_websocket.ConnectionClosed` where there is
    nobody to send to.

    Args:
        request: What the client asks for; not answered yet.
        stream: What it came over.
    """

    def __init__(self, request: WebSocketRequest, stream: RoughStream) -> None:
        self._request = request
        self._stream = stream
        self._websocket: WebSocketConnection | None = None
        self.is_answered = False

    @property
    def active_at(self) -> float:
        """When bytes last went either way, by trio's clock."""
        return self._stream.active_at

    @property
    def end(self) -> tuple[int, str]:
        """Code and reason of the close, once there is one; 1006 is a lost line."""
        closed = self._open.closed
        assert closed is not None  # set before the library raises ConnectionClosed
        return closed.code, closed.reason or ""

    @property
    def _open(self) -> WebSocketConnection:
        assert self._websocket is not None  # nobody speaks before it is accepted
        return self._websocket

    async def accept(self, headers: Iterable[tuple[str, str]] = ()) -> None:
        """Let the client in, with *headers* beside those of WebSocket itself."""
        self.is_answered = True
        extra_headers = _encode_headers(headers)
        self._websocket = await self._request.accept(extra_headers=extra_headers)

    async def refuse(self, refusal: RefusedError) -> None:
        """Turn the client away, with a status and a line of plain text; hang up."""
        self.is_answered = True
        headers = {"Content-Type": "text/plain; charset=utf-8", **refusal.headers}
        await self._request.reject(
            refusal.status,
            extra_headers=_encode_headers(headers.items()),
            body=refusal.reason.encode(),
        )
        await self._stream.drop(reset=False)

    async def receive(self) -> str | bytes:
        """Return the next message; bytes are a binary one."""
        return await self._open.get_message()

    async def send(self, message: str | bytes) -> None:
        """Send *message*; bytes become a binary one."""
        await self._open.send_message(message)

    async def close(self, code: int, reason: str | None) -> None:
        """Close with *code*, 1005 being none at all, and wait for the client's own.

        *reason* is cut to what a close frame holds.
        """
        if code == CloseReason.NO_STATUS_RCVD:
            code, reason = CloseReason.NO_STATUS_RCVD, None
        with trio.move_on_after(_CLOSE_LIMIT_S):
            await self._open.aclose(code, reason)

    async def drop(self, *, reset: bool) -> None:
        """Cut the line, by a FIN or by a reset, without a word."""
        self.is_answered = True
        await self._stream.drop(reset=reset)

    async def send_next(self, manner: Manner) -> None:
        """Have the next frame sent in *manner*."""
        self._stream.manner = manner
        await trio.lowlevel.checkpoint()

    async def freeze(self) -> None:
        """Neither send nor hear anything from now on, and leave the line open."""
        self._stream.is_frozen = True
        await trio.lowlevel.checkpoint()

    async def ignore_close(self) -> None:
        """Send no close frame from now on, and leave the line open."""
        self._stream.ignores_close = True
        await trio.lowlevel.checkpoint()


def _encode_headers(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers]
