"""The recording proxy: stands between any ws3 client and a service, and keeps a record.

Theory of operation. Towards the service it is a client like the recorder, so that the
record is made where all records are made: in the protocol engine of the live transport.
What goes to the client and comes from it is only carried. Each way ends when its source
has ended, and ends its other side likewise, whereby the way back ends too: so a close
goes through with its code and reason, and a lost line loses the other.

Pings stay on their own line. To the service they are sent as the recorder sends them;
but no pong is missed, since it stands behind whatever a slow client has not read yet.

It knows connections and how they end, and nothing of what is said over them. The key of
a client passes through memory alone.
"""

import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Never, TypeAlias

import trio
from trio_websocket import ConnectionClosed, WebSocketRequest
from wsproto.frame_protocol import CloseReason

from rimebatch.errors import (
    ConnectError,
    ConnectionClosedError,
    EndpointError,
    RemoteProtocolError,
    RimeBatchError,
)
from rimebatch.recorder.transports.clock import start_clock
from rimebatch.recorder.transports.endpoint import Endpoint
from rimebatch.recorder.transports.engine import LOST_LINE
from rimebatch.recorder.transports.live import LineLimits, LiveTransport, open_live
from rimebatch.server.connection import Connection
from rimebatch.server.handshake import read_target
from rimebatch.server.listening import meet_client, open_listeners, url_of
from rimebatch.server.refusal import RefusedError
from rimebatch.transcript import Header, JobTranscripts, Redactor, TranscriptWriter
from rimebatch.transcript.redactor import VERBATIM
from rimebatch.ws3.query import Query

# A client that reads slowly is to slow the service down, not to fill the memory; and it
# may be as slow to let a pong through. 10 s for a close were seen while audio was sent.
_LIMITS: Final = LineLimits(pong_within_s=math.inf, close_s=10.0, queue_messages=1)

# How the service's line ends, in good order and otherwise.
_SERVICE_ENDED: Final = (ConnectionClosedError, RemoteProtocolError)


@dataclass(frozen=True, slots=True)
class ProxyOptions:
    """Which service a proxy stands in front of, and what it keeps.

    Attributes:
        upstream: The address of the service.
        folder: Where the transcripts go.
        job: What they say in place of the id of a job.
        name: What transcripts call the service; by default its address.
        client: Versions of what speaks, beside the client's own.
        read_wall_time: Gives the time of day as RFC 3339, or ``None``.
        redactor: What is kept out of the transcripts, beside the client's own key.
    """

    upstream: str
    folder: Path
    job: str
    name: str = ""
    client: Mapping[str, str] = field(default_factory=dict)
    read_wall_time: Callable[[], str | None] = lambda: None
    redactor: Redactor = VERBATIM


@dataclass(frozen=True, slots=True)
class Passage:
    """A client has come and gone.

    Attributes:
        path: Its transcript.
        error: Why there was no connection, or why it is not all on record.
    """

    path: Path
    error: RimeBatchError | None


Listener: TypeAlias = Callable[[Passage], None]
"""Is told of each connection when it has ended; what it raises ends the proxy."""


async def serve_proxy(
    options: ProxyOptions,
    listener: Listener,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED,
) -> Never:
    """Pass clients on to a service until cancelled, and record what is said.

    Args:
        options: Which service, and what is kept.
        listener: Is told of each connection when it has ended.
        host: The address to listen at; nothing there is encrypted.
        port: The port to listen at; 0 takes a free one.
        task_status: Is given the address that clients connect to, as soon as they can.

    Raises:
        EndpointError: It cannot listen there.
        OutputError: A transcript cannot be begun; in an exception group.

    Cancellation:
        Drops every connection at once; the transcripts are sealed.
    """
    listeners = await open_listeners(host, port)
    task_status.started(url_of(listeners[0]))
    proxy = _Proxy(options, listener)
    await trio.serve_listeners(proxy.serve_client, listeners)


class _Proxy:
    """What all connections share."""

    def __init__(self, options: ProxyOptions, listener: Listener) -> None:
        self._options = options
        self._listener = listener
        self._transcripts = JobTranscripts(options.folder)

    async def serve_client(self, stream: trio.SocketStream) -> None:
        """Serve one client, from its first byte to its last."""
        await meet_client(stream, self._answer)

    async def _answer(self, request: WebSocketRequest, client: Connection) -> None:
        query = read_target(request.path)
        headers = {name: value.decode("latin-1") for name, value in request.headers}
        endpoint = self._make_endpoint(headers.get(b"authorization", ""))
        transcript = self._create(query, endpoint, headers.get(b"user-agent"))
        error: RimeBatchError | None = None
        try:
            with transcript:
                await _pass_through(endpoint, query, transcript, client)
        except* ConnectionClosed:
            pass  # the client had left before it was answered
        except* RimeBatchError as errors:
            error = _first(errors)
            await client.drop(reset=False)
        finally:  # Ctrl-C, too, leaves a transcript that people should know of
            self._listener(Passage(transcript.path, error))

    def _make_endpoint(self, authorization: str) -> Endpoint:
        scheme, _, token = authorization.partition(" ")
        key = token.strip() if scheme.lower() == "bearer" else None
        try:
            return Endpoint(self._options.upstream, key)
        except EndpointError as error:
            raise RefusedError(400, str(error)) from error

    def _create(
        self, query: Query, endpoint: Endpoint, user_agent: str | None
    ) -> TranscriptWriter:
        options = self._options
        client = {"user-agent": user_agent} if user_agent else {}
        secrets = (*options.redactor.secrets, endpoint.key or "")
        return self._transcripts.create(
            lambda attempt: Header(
                job=options.job,
                attempt=attempt,
                vantage="proxy",
                endpoint=options.name or endpoint.url,
                query=query,
                client={**options.client, **client},
                wall=options.read_wall_time(),
            ),
            start_clock(),
            replace(options.redactor, secrets=secrets),
        )


async def _pass_through(
    endpoint: Endpoint, query: Query, transcript: TranscriptWriter, client: Connection
) -> None:
    """Let *client* in if the service does, and carry messages until both have ended."""
    failure: ConnectError | None = None
    try:
        async with open_live(endpoint, query, transcript, _LIMITS) as service:
            await client.accept()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_carry_up, client, service, transcript)
                nursery.start_soon(_carry_down, service, client, transcript)
    except ConnectError as error:
        failure = error
    if failure:
        with suppress(ConnectionClosed):  # it did not wait for the answer
            await client.refuse(_make_refusal(failure))
        raise failure


def _make_refusal(error: ConnectError) -> RefusedError:
    if error.status is None:
        return RefusedError(502, str(error))
    headers = {"Retry-After": error.retry_after} if error.retry_after else {}
    return RefusedError(error.status, error.body, headers)


async def _carry_up(
    client: Connection, service: LiveTransport, transcript: TranscriptWriter
) -> None:
    """Carry what the client says to its end, and end the service's line likewise."""
    try:
        while isinstance(message := await client.receive(), str):
            with suppress(*_SERVICE_ENDED):  # the way down tells the client
                await service.send(message)
            transcript.flush()
        code, why = int(CloseReason.UNSUPPORTED_DATA), "ws3 has no binary messages"
        await client.close(code, why)
    except ConnectionClosed:
        code, why = client.end
    if code == LOST_LINE:
        await service.drop("the client dropped its line")
    else:
        await service.close(code, why)


async def _carry_down(
    service: LiveTransport, client: Connection, transcript: TranscriptWriter
) -> None:
    """Carry what the service says to its end, and end the client's line likewise."""
    code, why = LOST_LINE, ""
    try:
        while True:
            message = await service.receive_any()
            with suppress(ConnectionClosed):  # the way up tells the service
                await client.send(message)
            transcript.flush()
    except ConnectionClosedError as closed:
        code, why = closed.code, closed.reason
    except RemoteProtocolError:
        pass  # what came was no message: nothing can be passed on
    if code == LOST_LINE:
        await client.drop(reset=False)
    else:
        await client.close(code, why)


def _first(errors: BaseExceptionGroup[RimeBatchError]) -> RimeBatchError:
    error = errors.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
