"""The local ws3 service: listens, shakes hands, and holds a conversation with each.

Whatever a client does, it does to its own connection only.
"""

import math
from functools import partial
from typing import Final, Never

import trio
from trio_websocket import ConnectionClosed, WebSocketRequest, wrap_server_stream
from wsproto.utilities import ProtocolError

from rimebatch.errors import EndpointError
from rimebatch.server.conversation import Conversation
from rimebatch.server.handshake import PATH, RefusedError, make_voicing
from rimebatch.server.options import ServiceOptions

_HANDSHAKE_LIMIT_S: Final = 10.0  # to open or to close; either is one short message

# What the library makes of a client that leaves, that breaks the rules of WebSocket,
# and that sends a Host header which is no name.
_CLIENT_FAULTS: Final = (ConnectionClosed, ProtocolError, UnicodeError)


async def serve_ws3(
    options: ServiceOptions,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED,
) -> Never:
    """Serve ws3 until cancelled.

    Args:
        options: How the service behaves.
        host: The address to listen at; nothing there is encrypted.
        port: The port to listen at; 0 takes a free one.
        task_status: Is given the address that clients connect to, as in
            ``ws://127.0.0.1:8000/ws3``, as soon as they can.

    Raises:
        EndpointError: It cannot listen there.

    Cancellation:
        Drops every connection at once.
    """
    try:
        listeners = await trio.open_tcp_listeners(port, host=host)
    except OSError as error:
        reason = error.strerror or str(error)
        raise EndpointError(
            f"{host}, port {port}: cannot listen: {reason}; try another port"
        ) from error
    # The library of a voice may not bear two threads, and one is fast enough.
    limiter = trio.CapacityLimiter(1)
    task_status.started(_url(listeners[0]))
    await trio.serve_listeners(partial(_serve_client, options, limiter), listeners)


def _url(listener: trio.SocketListener) -> str:
    host, port, *_ = listener.socket.getsockname()
    return f"ws://[{host}]:{port}{PATH}" if ":" in host else f"ws://{host}:{port}{PATH}"


async def _serve_client(
    options: ServiceOptions, limiter: trio.CapacityLimiter, stream: trio.abc.Stream
) -> None:
    try:
        async with trio.open_nursery() as nursery:  # for the library's reading task
            scope = nursery.cancel_scope
            scope.deadline = trio.current_time() + _HANDSHAKE_LIMIT_S
            request = await wrap_server_stream(nursery, stream)
            scope.deadline = math.inf
            await _answer(request, options, limiter)
            # That task ends by itself once the client, too, has closed.
            scope.deadline = trio.current_time() + _HANDSHAKE_LIMIT_S
    except* _CLIENT_FAULTS:
        pass  # there is nobody left to tell


async def _answer(
    request: WebSocketRequest, options: ServiceOptions, limiter: trio.CapacityLimiter
) -> None:
    authorization = dict(request.headers).get(b"authorization")
    try:
        voicing = make_voicing(request.path, authorization, options.api_key)
    except RefusedError as refusal:
        plain_text = [(b"Content-Type", b"text/plain; charset=utf-8")]
        await request.reject(
            refusal.status, extra_headers=plain_text, body=refusal.reason.encode()
        )
    else:
        connection = await request.accept()
        await Conversation(connection, voicing, options, limiter).run()
