"""The local ws3 service: listens, shakes hands, and holds a conversation with each.

Whatever a client does, it does to its own connection only.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Never

import trio
from trio_websocket import WebSocketRequest

from rimebatch.server.connection import Connection
from rimebatch.server.conversation import Conversation
from rimebatch.server.faults import HandshakeFault
from rimebatch.server.handshake import Voicing, make_voicing
from rimebatch.server.listening import meet_client, open_listeners, url_of
from rimebatch.server.logbook import Logbook, open_logbook
from rimebatch.server.options import ServiceOptions
from rimebatch.server.refusal import RefusedError


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
        OutputError: It cannot write its log; once it serves, in an exception group.

    Cancellation:
        Drops every connection at once.
    """
    with open_logbook(options.log) as logbook:
        listeners = await open_listeners(host, port)
        task_status.started(url_of(listeners[0]))
        service = _Service(options, logbook)
        await trio.serve_listeners(service.serve_client, listeners)


class _Service:
    """What all connections share."""

    def __init__(self, options: ServiceOptions, logbook: Logbook) -> None:
        self._options = options
        self._logbook = logbook
        # The library of a voice may not bear two threads, and one is fast enough.
        self._limiter = trio.CapacityLimiter(1)
        self._count_connections = 0
        self._open_connections = 0

    async def serve_client(self, stream: trio.SocketStream) -> None:
        """Serve one client, from its first byte to its last."""
        distance_s = self._options.round_trip_s
        await meet_client(stream, self._answer, round_trip_s=distance_s)

    async def _answer(self, request: WebSocketRequest, client: Connection) -> None:
        self._count_connections += 1
        number = self._count_connections
        with self._seat():
            await self._converse(client, number, self._read(request, number))

    @contextmanager
    def _seat(self) -> Iterator[None]:
        limit = self._options.account_limit
        if limit is not None and self._open_connections >= limit:
            raise RefusedError(429, "Currently at websocket limit")
        self._open_connections += 1
        try:
            yield
        finally:
            self._open_connections -= 1

    def _read(self, request: WebSocketRequest, number: int) -> Voicing:
        authorization = dict(request.headers).get(b"authorization")
        voicing = make_voicing(request.path, authorization, self._options)
        here = tuple(fault for fault in voicing.faults if fault.place.is_on(number))
        return replace(voicing, faults=here)

    async def _converse(
        self, client: Connection, number: int, voicing: Voicing
    ) -> None:
        for fault in voicing.faults:
            if isinstance(fault, HandshakeFault) and not client.is_answered:
                await fault.act(client)
        if client.is_answered:
            return
        await client.accept()
        shared = (self._options, self._limiter, self._logbook)
        await Conversation(client, number, voicing, *shared).run()
