"""The ways in which a frame, or the answer to a handshake, can go down the line.

They know bytes alone.
"""

from typing import Final

import trio

from rimebatch.server.rough_stream import Line, drop_stream

_TEXT_THAT_IS_NOT_UTF_8: Final = b"\x81\x02\xc3\x28"
_EMPTY_PING: Final = b"\x89\x00"
_NOT_HTTP: Final = b"SSH-2.0-OpenSSH_9.2\r\n"


async def send_half(stream: Line, frame: bytes, *, reset: bool) -> None:
    """Send the first half of *frame*, and drop the line."""
    await stream.send_all(frame[: len(frame) // 2])
    await drop_stream(stream, reset=reset)
    raise trio.BrokenResourceError


async def send_bytewise(stream: Line, frame: bytes, *, seconds: float) -> None:
    """Send *frame* byte by byte, *seconds* apart."""
    for position in range(len(frame)):
        await stream.send_all(frame[position : position + 1])
        await trio.sleep(seconds)


async def send_behind_pings(stream: Line, frame: bytes, *, number: int) -> None:
    """Send *number* pings, and then *frame*."""
    await stream.send_all(_EMPTY_PING * number + frame)


async def send_broken_text(stream: Line, _frame: bytes) -> None:
    """Send a text message that is not UTF-8."""
    await stream.send_all(_TEXT_THAT_IS_NOT_UTF_8)


async def send_no_http(stream: Line, _frame: bytes) -> None:
    """Send what some other kind of server says first, and hang up."""
    await stream.send_all(_NOT_HTTP)
    await drop_stream(stream, reset=False)
    raise trio.BrokenResourceError
