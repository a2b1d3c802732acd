"""Faults of the line: the connection is lost, stuck, or closed too early."""

from functools import partial
from typing import Final

from rimebatch.server.connection import Connection
from rimebatch.server.faults.edits import insert_after
from rimebatch.server.faults.kinds import FaultTable, count, seconds
from rimebatch.server.faults.manners import (
    send_behind_pings,
    send_broken_text,
    send_bytewise,
    send_half,
)
from rimebatch.server.rough_stream import Manner
from rimebatch.server.script import Act, HangUp, Rest, Script, Steps

FAULTS: Final = FaultTable()

_CHUNKS: Final = count("CHUNKS", 1)


@FAULTS.valued(_CHUNKS)
def drop(script: Script, chunks: int) -> Steps:
    """The line is dropped (FIN, no close frame) after CHUNKS chunks."""
    return insert_after(
        script.steps, chunks, Act(partial(Connection.drop, reset=False))
    )


@FAULTS.valued(_CHUNKS)
def reset(script: Script, chunks: int) -> Steps:
    """The line is reset (RST) after CHUNKS chunks."""
    return insert_after(script.steps, chunks, Act(partial(Connection.drop, reset=True)))


@FAULTS.valued(_CHUNKS)
def drop_mid_frame(script: Script, chunks: int) -> Steps:
    """The line is dropped (FIN) in the middle of the frame after CHUNKS chunks."""
    return _next_frame(script, chunks, partial(send_half, reset=False))


@FAULTS.valued(_CHUNKS)
def reset_mid_frame(script: Script, chunks: int) -> Steps:
    """The line is reset (RST) in the middle of the frame after CHUNKS chunks."""
    return _next_frame(script, chunks, partial(send_half, reset=True))


@FAULTS.plain
def bad_utf8(script: Script) -> Steps:
    """A text message that is not UTF-8 comes in place of the first chunk."""
    return _next_frame(script, 0, send_broken_text)


@FAULTS.valued(seconds(3600))
def stall(script: Script, seconds: float) -> Steps:
    """After the first chunk nothing comes for SECONDS; pings are answered."""
    return insert_after(script.steps, 1, Rest(seconds))


@FAULTS.valued(_CHUNKS)
def freeze(script: Script, chunks: int) -> Steps:
    """After CHUNKS chunks nothing comes any more, no pong either, as if unplugged."""
    return insert_after(script.steps, chunks, Act(Connection.freeze))


@FAULTS.valued(seconds(1))
def drip(script: Script, seconds: float) -> Steps:
    """The first chunk comes byte by byte, one in SECONDS."""
    return _next_frame(script, 0, partial(send_bytewise, seconds=seconds))


@FAULTS.valued(count("PINGS", 10_000))
def pings(script: Script, number: int) -> Steps:
    """PINGS pings come at once, before the second chunk."""
    return _next_frame(script, 1, partial(send_behind_pings, number=number))


@FAULTS.valued(count("CODE", 1011, range(1000, 5000)))
def close(script: Script, code: int) -> Steps:
    """The connection is closed with CODE after the first chunk; 1005 is no code."""
    return insert_after(script.steps, 1, HangUp(code, f"fault: closed with {code}"))


@FAULTS.plain
def ignore_close(script: Script) -> Steps:
    """From here on no close is sent, nor is the client's answered."""
    return (Act(Connection.ignore_close), *script.steps)


def _next_frame(script: Script, chunks: int, manner: Manner) -> Steps:
    send_next = partial(Connection.send_next, manner=manner)
    return insert_after(script.steps, chunks, Act(send_next))
