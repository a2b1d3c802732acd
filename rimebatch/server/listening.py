"""What all services here have in common: an address, and clients who come to it.

It knows HTTP and WebSocket, and nothing of what is said once a client is let in.
"""

import math
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

import trio
from trio_websocket import ConnectionClosed, WebSocketRequest, wrap_server_stream
from wsproto.utilities import ProtocolError

from rimebatch.errors import EndpointError
from rimebatch.server.connection import Connection
from rimebatch.server.handshake import PATH
from rimebatch.server.long_line import open_long_line
from rimebatch.server.refusal import RefusedError
from rimebatch.server.rough_stream import Line, RoughStream

_HANDSHAKE_LIMIT_S: Final = 10.0  # to open or to close; either is one short message

# What the library makes of a client that leaves, that breaks the rules of WebSocket,
# and that sends a Host header which is no name.
_CLIENT_FAULTS: Final = (ConnectionClosed, ProtocolError, UnicodeError)

Answer: TypeAlias = Callable[[WebSocketRequest, Connection], Awaitable[None]]
"""What is done for one client, from its request on; `RefusedError` turns it away."""


async def open_listeners(host: str, port: int) -> list[trio.SocketListener]:
    """Listen at *port* of *host*; 0 takes a free one.

    Raises:
        EndpointError: It cannot listen there.
    """
    try:
        return await trio.open_tcp_listeners(port, host=host)
    except OSError as error:
        reason = error.strerror or str(error)
        raise EndpointError(
            f"{host}, port {port}: cannot listen: {reason}; try another port"
        ) from error


def url_of(listener: trio.SocketListener) -> str:
    """Return the address that clients of *listener* connect to."""
    host, port, *_ = listener.socket.getsockname()
    return f"ws://[{host}]:{port}{PATH}" if ":" in host else f"ws://{host}:{port}{PATH}"


async def meet_client(
    stream: trio.SocketStream, answer: Answer, *, round_trip_s: float = 0.0
) -> None:
    """Shake hands with one client and *answer* it, from its first byte to its last.

    What it does wrong ends its own connection and nothing else. Whatever *answer*
    raises beside that is in an exception group.

    Args:
        stream: The line to it.
        answer: What is done for it.
        round_trip_s: How far away it is to be, in seconds; see
            `rimebatch.server.long_line`.
    """
    if round_trip_s:
        async with open_long_line(stream, round_trip_s) as line:
            await _meet(line, answer)
    else:
        await _meet(stream, answer)


async def _meet(line: Line, answer: Answer) -> None:
    rough = RoughStream(line)
    try:
        async with trio.open_nursery() as nursery:  # for the library's reading task
            scope = nursery.cancel_scope
            scope.deadline = trio.current_time() + _HANDSHAKE_LIMIT_S
            request = await wrap_server_stream(nursery, rough)
            scope.deadline = math.inf
            client = Connection(request, rough)
            try:
                await answer(request, client)
            except RefusedError as refusal:
                await client.refuse(refusal)
            # That task ends by itself once the client, too, has closed.
            scope.deadline = trio.current_time() + _HANDSHAKE_LIMIT_S
    except* _CLIENT_FAULTS:
        pass  # there is nobody left to tell
