"""Faults of the handshake: what a client gets in place of a connection."""

from functools import partial
from http import HTTPStatus
from typing import Final

import trio

from rimebatch.server.connection import Connection
from rimebatch.server.faults.kinds import NOTHING, FaultTable, count, header, seconds
from rimebatch.server.faults.manners import send_bytewise, send_no_http
from rimebatch.server.refusal import RefusedError

FAULTS: Final = FaultTable()

# In the service's words, where they are documented.
_REASONS: Final = {
    401: "invalid api key",
    403: "access forbidden",
    429: "Currently at websocket limit",
}


@FAULTS.opening(count("CODE", 503, range(400, 600)))
async def status(client: Connection, code: int) -> None:
    """The handshake is answered with the HTTP status CODE."""
    known = {status.value: status.phrase for status in HTTPStatus}
    await client.refuse(RefusedError(code, _REASONS.get(code) or known.get(code, "")))


@FAULTS.opening(header("HEADER", "2"))
async def retry_after(client: Connection, value: str) -> None:
    """The handshake is answered with 429 and `Retry-After: HEADER`."""
    await client.refuse(RefusedError(429, _REASONS[429], {"Retry-After": value}))


@FAULTS.opening(header("URL", "wss://elsewhere.invalid/ws3"))
async def redirect(client: Connection, url: str) -> None:
    """The handshake is answered with 302 to URL."""
    await client.refuse(RefusedError(302, "Found", {"Location": url}))


@FAULTS.opening(seconds(60))
async def slow_handshake(_client: Connection, seconds: float) -> None:
    """The handshake is answered after SECONDS only."""
    await trio.sleep(seconds)


@FAULTS.opening(seconds(1))
async def drip_handshake(client: Connection, seconds: float) -> None:
    """The handshake is answered byte by byte, one in SECONDS."""
    await client.send_next(partial(send_bytewise, seconds=seconds))


@FAULTS.opening(NOTHING)
async def no_http(client: Connection, _: None) -> None:
    """The handshake is answered in the words of another protocol."""
    await client.send_next(send_no_http)


@FAULTS.opening(NOTHING)
async def reset_handshake(client: Connection, _: None) -> None:
    """The line is reset in place of an answer to the handshake."""
    await client.drop(reset=True)
