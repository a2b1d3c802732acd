"""The ways in which bytes can go down the line."""

from functools import partial

import pytest
import trio
import trio.testing

from rimebatch.server.faults.manners import (
    send_behind_pings,
    send_broken_text,
    send_bytewise,
    send_half,
    send_no_http,
)
from rimebatch.server.rough_stream import Manner

FRAME = b"\x81\x04text"


async def read(manner: Manner) -> tuple[bytes, bool]:
    """Return what a frame becomes, and whether the line is over then."""
    here, there = map(trio.SocketStream, trio.socket.socketpair())
    is_over = False
    async with here, there:
        try:
            await manner(here, FRAME)
        except trio.BrokenResourceError:
            is_over = True
        await here.aclose()
        received = b""
        while more := await there.receive_some():
            received += more
    return received, is_over


@pytest.mark.parametrize(
    ("manner", "received", "is_over"),
    [
        (partial(send_half, reset=False), b"\x81\x04t", True),
        (partial(send_bytewise, seconds=0), FRAME, False),
        (partial(send_behind_pings, number=3), b"\x89\x00" * 3 + FRAME, False),
        (send_broken_text, b"\x81\x02\xc3\x28", False),
        (send_no_http, b"SSH-2.0-OpenSSH_9.2\r\n", True),
    ],
)
async def test_bytes(manner: Manner, received: bytes, is_over: bool) -> None:
    """Just these bytes arrive, and the line goes on or does not."""
    assert (received, is_over) == await read(manner)


async def test_bytewise(autojump_clock: trio.testing.MockClock) -> None:
    """A byte waits for its time."""
    await read(partial(send_bytewise, seconds=10))

    assert 10 * len(FRAME) == trio.current_time()
