"""A client without a library: it sees the bytes of the line, and how that ends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import quote, urlsplit

import trio

from rimebatch.ws3.commands import Command, encode_command

_HANDSHAKE: Final = (
    "GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a-key\r\n"
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
_PATIENCE_S: Final = 0.3  # for what is not to come


class PlainClient:
    """One connection, its handshake done."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._unread = b""

    async def say(self, *commands: Command) -> None:
        """Send *commands*."""
        for command in commands:
            payload = encode_command(command).encode()
            assert len(payload) < 126  # one byte is enough for the length
            head = bytes([0x81, 0x80 | len(payload)]) + bytes(4)
            await self._stream.send_all(head + payload)

    async def read_frame(self) -> bytes:
        """Return the first byte of the next frame, and drop its content.

        Raises:
            EOFError: The line ended in the middle of it; its argument is whether
                there was any of it.
        """
        first, second = await self._read(2)
        length = second
        if length >= 126:
            length = int.from_bytes(await self._read({126: 2, 127: 8}[length]))
        await self._read(length)
        return bytes([first])

    async def read_frames(self) -> list[bytes]:
        """Return the first byte of each frame to come, up to a close."""
        frames = [await self.read_frame()]
        while frames[-1] != b"\x88":
            frames.append(await self.read_frame())
        return frames

    async def read_to_the_end(self) -> bytes:
        """Return how the line ends: behind a ``whole`` frame, ``half`` or ``reset``."""
        try:
            while True:
                await self.read_frame()
        except EOFError:
            return b"half" if self._unread else b"whole"
        except trio.BrokenResourceError:
            return b"reset"

    async def is_answered(self, frame: bytes, *, by: bytes) -> bool:
        """Whether *frame* is answered by a frame that begins with *by*."""
        await self._stream.send_all(frame)
        with trio.move_on_after(_PATIENCE_S):
            while await self.read_frame() != by:
                pass
            return True
        return False

    async def _read(self, count: int) -> bytes:
        while len(self._unread) < count:
            more = await self._stream.receive_some()
            if not more:
                raise EOFError
            self._unread += more
        read, self._unread = self._unread[:count], self._unread[count:]
        return read


@asynccontextmanager
async def open_socket(url: str, fault: str) -> AsyncIterator[PlainClient]:
    """Connect to the service at *url*, with *fault*, and drop the line at the end."""
    address = urlsplit(url)
    target = (
        f"{address.path}?speaker=luna&segment=never&audioFormat=pcm&samplingRate=4000"
        f"&fault={quote(fault)}"
    )
    stream = await trio.open_tcp_stream(str(address.hostname), address.port or 0)
    async with stream:
        await stream.send_all(_HANDSHAKE.format(target=target).encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += await stream.receive_some()
        yield PlainClient(stream)
