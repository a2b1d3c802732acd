"""The stream under a client's connection: as it comes, or as rough as it is told to be.

It knows bytes, and of WebSocket no more than how a close frame begins.
"""

import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

import trio

from rimebatch.server.long_line import LongLine

_CLOSE_FRAME: Final = b"\x88"  # RFC 6455, 5.2: the last fragment, opcode 8
_LINGER_NOT: Final = struct.pack("ii", 1, 0)  # makes closing a socket a reset

Line: TypeAlias = trio.SocketStream | LongLine
"""What bytes come and go over."""

Manner: TypeAlias = Callable[[Line, bytes], Awaitable[None]]
"""A way to send a frame, or what comes in its place."""


class RoughStream(trio.abc.Stream):
    """A TCP stream that does what is asked of it, until it is told not to.

    Attributes:
        active_at: When bytes last went either way, by trio's clock.
        manner: How the next frame is sent, that one alone; ``None`` is as it should.
        ignores_close: Whether close frames stay here and the line is not dropped
            until the service has no more time for it.
        is_frozen: The same for everything: nothing is sent, and nothing heard.
    """

    def __init__(self, stream: Line) -> None:
        self._stream = stream
        self.active_at = trio.current_time()
        self.manner: Manner | None = None
        self.ignores_close = False
        self.is_frozen = False

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send *data*, which is one frame once the handshake is over."""
        frame = bytes(data)
        manner, self.manner = self.manner, None
        if self._swallows(frame):
            await trio.lowlevel.checkpoint()
        elif manner:
            await manner(self._stream, frame)
        else:
            await self._stream.send_all(frame)
        self.active_at = trio.current_time()

    async def wait_send_all_might_not_block(self) -> None:
        """Wait until there is room; see `trio.abc.SendStream`."""
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Return what has come, if it is to be heard; nothing at the end."""
        while data := await self._stream.receive_some(max_bytes):
            self.active_at = trio.current_time()
            if not self.is_frozen:
                return bytes(data)
        return b""

    async def aclose(self) -> None:
        """Drop the line, or wait to be cancelled first where that is asked for."""
        try:
            if self.ignores_close or self.is_frozen:
                await trio.sleep_forever()
        finally:
            await self._stream.aclose()

    async def drop(self, *, reset: bool) -> None:
        """End the line under everybody's feet."""
        await drop_stream(self._stream, reset=reset)

    def _swallows(self, frame: bytes) -> bool:
        return self.is_frozen or (self.ignores_close and frame.startswith(_CLOSE_FRAME))


async def drop_stream(stream: Line, *, reset: bool) -> None:
    """Close *stream*: in good order (FIN), or by a reset (RST)."""
    if reset:
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    await trio.aclose_forcefully(stream)
