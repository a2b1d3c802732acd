"""The live transport: trio-websocket over a line that we open ourselves.

Theory of operation. trio-websocket does the framing and the closing handshake. Three
things are ours, because it leaves them undone (measured on 0.12.2):

- Opening TCP and TLS (see `line`), and the handshake, under one deadline. Its own time
  limit does not cover a server that accepts and stays silent, and hides certificate
  errors.
- Recording. The transcript sits in the protocol engine, so that neither the library's
  queue nor the schedule of its reading task is baked into the record.
- Keep-alive pings, without which a half-open line is silent for ever.

Messages do not go through the library's queue, which costs a switch of tasks for each.
The engine puts them into its inbox (see `frames`), and only its bells go through the
queue, to wake who waits for messages. By default the queue has no limit. What may wait
is bounded elsewhere then: the session asks for one segment at a time.
"""

import math
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

import h11
import trio
from trio_websocket import ConnectionClosed, ConnectionRejected, WebSocketConnection
from wsproto.connection import ConnectionState
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import ProtocolError

from rimebatch.errors import (
    ConnectError,
    ConnectionClosedError,
    RemoteProtocolError,
    RimeBatchError,
)
from rimebatch.recorder.transports import Received, Transport
from rimebatch.recorder.transports.endpoint import Endpoint
from rimebatch.recorder.transports.engine import (
    LOST_LINE,
    TappedEngine,
    recorded_headers,
)
from rimebatch.recorder.transports.line import Line, open_line
from rimebatch.transcript.writer import Span, TranscriptWriter
from rimebatch.ws3.query import Query

_MOST_AT_ONCE: Final = 64  # messages, some 0.2 ms: then others may have their turn
_BODY_CHARS: Final = 300  # of a refusal: enough for every documented one


@dataclass(frozen=True, slots=True)
class LineLimits:
    """How long, and how much, a live connection may take.

    Attributes:
        connect_s: From the look-up of the host to the end of the handshake. Medians
            near 1 s were seen from far away.
        ping_every_s: Between keep-alive pings. A pause of 7 s without any was seen to
            kill idle connections, 5 s pings to keep them.
        pong_within_s: After a ping, before the line counts as lost.
        close_s: For the closing handshake; a service that is still sending audio was
            seen to take 10 s.
        message_bytes: Of one message; real ones are a few kB.
        queue_messages: Received and not asked for yet. Where they are as many, nothing
            more is read, pongs included, and the service has to wait.
        gather_s: The longest pause before a read, in which more gathers, and by which
            something may be known late (see `gathering`); 0 reads at once.
    """

    connect_s: float = 15.0
    ping_every_s: float = 5.0
    pong_within_s: float = 20.0
    close_s: float = 2.0
    message_bytes: int = 16 * 1024 * 1024
    queue_messages: float = math.inf
    gather_s: float = 0.0


LINE_LIMITS: Final = LineLimits()

GATHER_S: Final = 0.5
"""For batches: some 25 events at real-time pace; more would hardly save more."""


class LiveTransport(Transport, Protocol):
    """A live connection, for whoever passes on what comes and how it ends."""

    async def receive_any(self) -> str | bytes:
        """Return the next message as it came; bytes are a binary one.

        Raises:
            ConnectionClosedError: No more will come; its code and reason are kept.
            RemoteProtocolError: The message was over the size cap, or not even one.
        """

    async def close(self, code: int, why: str) -> None:
        """Close with *code*, 1005 being none at all, within `LineLimits.close_s`."""

    async def drop(self, how: str) -> None:
        """Give the line up without a close frame, and record *how*."""


@asynccontextmanager
async def open_live(
    endpoint: Endpoint,
    query: Query,
    transcript: TranscriptWriter,
    limits: LineLimits = LINE_LIMITS,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[LiveTransport]:
    """Connect to *endpoint* and yield the transport.

    Args:
        endpoint: Where to, and with which key.
        query: The synthesis arguments.
        transcript: Is told everything, from the handshake's result to the close.
        limits: Time and size limits.
        tls: Whom to trust, for tests and private authorities; by default the
            system's authorities.

    Raises:
        ConnectError: It could not be opened, or the handshake was refused.

    Cancellation:
        Drops the line at once; leaves no task and no socket.
    """
    one_by_one = limits.queue_messages < math.inf
    engine = TappedEngine(transcript, limits.message_bytes, one_by_one=one_by_one)
    opening = partial(
        _opening,
        trio.current_time() + limits.connect_s,
        f"{endpoint.url}: no connection within {limits.connect_s:g} s",
        engine,
    )
    failure: RimeBatchError | None = None
    async with AsyncExitStack() as stack:
        with opening():
            line = await stack.enter_async_context(open_line(endpoint, tls))
        async with trio.open_nursery() as nursery:
            connection = _Connection(line, engine, endpoint, query, limits)
            nursery.start_soon(connection.run)
            try:
                with opening():
                    await connection.wait_open()
                line.tcp.pause_s = limits.gather_s
                nursery.start_soon(connection.keep_alive)
                yield connection
                await connection.close()
            except RimeBatchError as error:
                failure = error  # the nursery would wrap it in a group
            nursery.cancel_scope.cancel()
    if failure is not None:
        raise failure


class _Connection(WebSocketConnection):
    """trio-websocket's connection, opened by us and speaking our errors."""

    def __init__(
        self,
        line: Line,
        engine: TappedEngine,
        endpoint: Endpoint,
        query: Query,
        limits: LineLimits,
    ) -> None:
        key = endpoint.key
        headers = [(b"Authorization", b"Bearer " + key.encode())] if key else []
        super().__init__(
            line.stream,
            engine,
            host=endpoint.host_header,
            path=endpoint.target(query),
            client_extra_headers=headers,
            message_queue_size=limits.queue_messages,  # type: ignore[arg-type]  # or inf
            max_message_size=limits.message_bytes,
            receive_buffer_size=None,  # the line knows best
        )
        self._engine = engine
        self._endpoint = endpoint
        self._limits = limits
        self._tcp = line.tcp

    async def run(self) -> None:
        """Read the line until it ends; how a handshake failed is kept."""
        try:
            await self._reader_task()
        except ConnectionRejected:
            pass  # its parts are kept by the library: see `_make_refusal`
        except (h11.ProtocolError, ProtocolError):
            pass  # of its own answer to something broken, which the engine has kept
        finally:
            if self._engine.state is ConnectionState.OPEN:
                self._engine.lose("client", "dropped by the client")
            self._open_handshake.set()

    async def wait_open(self) -> None:
        """Wait for the handshake's result.

        Raises:
            ConnectError: It was refused, or broken, or the line ended before it was
                done.
        """
        await self._open_handshake.wait()
        if self._reject_status:
            raise self._make_refusal()
        if self._engine.connection is None:
            self._engine.lose("server", "the line ended during the handshake")
            raise ConnectError(
                f"{self._endpoint.url}: {self._engine.loss}; is a ws3 service "
                "listening there, and on the right scheme, ws or wss?"
            )

    async def keep_alive(self) -> None:
        """Ping until the connection ends; give the line up when no pong comes."""
        limit_s = self._limits.pong_within_s
        number = 0
        while True:
            await trio.sleep(self._limits.ping_every_s)
            number += 1
            try:
                with trio.fail_after(limit_s):
                    await self.ping(b"%d" % number)
            except trio.TooSlowError:
                await self.drop(f"no pong came within {limit_s:g} s")
                return
            except ConnectionClosed:
                return

    async def send(self, message: str) -> None:
        """Send *message*; see `Transport`."""
        self._tcp.expect_answer()
        try:
            await self.send_message(message)
        except ConnectionClosed:
            raise self._make_closed() from None

    async def receive(self) -> Received:
        """Return the next message; see `Transport`."""
        message, span, more_audio = await self._next()
        if isinstance(message, bytes):
            raise RemoteProtocolError(f"entry {span.number}: a binary message")
        return self._make_received(message, span, more_audio)

    def receive_waiting(self) -> list[Received]:
        """Return messages that have come; see `Transport`."""
        inbox, waiting = self._engine.inbox, list[Received]()
        while inbox and len(waiting) < _MOST_AT_ONCE:
            message, span, more_audio = inbox[0]
            if isinstance(message, bytes):
                break
            inbox.popleft()
            waiting.append(self._make_received(message, span, more_audio))
        return waiting

    async def receive_any(self) -> str | bytes:
        """Return the next message as it came; see `LiveTransport`."""
        message, *_ = await self._next()
        return message

    async def close(self, code: int = 1000, why: str = "") -> None:
        """Shake hands for the close; see `LiveTransport`."""
        if code == CloseReason.NO_STATUS_RCVD:
            code = CloseReason.NO_STATUS_RCVD  # the library looks for the very object
        with trio.move_on_after(self._limits.close_s):
            await self.aclose(code, why or None)

    async def drop(self, how: str) -> None:
        """Give the line up; see `LiveTransport`."""
        if self._engine.state is ConnectionState.OPEN:  # else how it ended is on record
            self._engine.lose("client", how)
        await trio.aclose_forcefully(self._stream)

    async def _next(self) -> tuple[str | bytes, Span, bytes | None]:
        inbox = self._engine.inbox
        if inbox:
            await trio.lowlevel.checkpoint()
        with suppress(ConnectionClosed):  # what came before the close is in the inbox
            while not inbox:
                await self.get_message()  # a bell
        if not inbox:
            raise self._make_closed()
        return inbox.popleft()

    def _make_received(
        self, message: str, span: Span, more_audio: bytes | None
    ) -> Received:
        recorded = self._engine.transcript.redactor.redact(message)
        return Received(recorded, span, more_audio)

    def _make_closed(self) -> RimeBatchError:
        closed = self.closed
        assert closed is not None  # set before the library reports a closed connection
        if closed.code == LOST_LINE:
            return ConnectionClosedError(LOST_LINE, self._engine.loss)
        if self._engine.state is ConnectionState.CLOSED:
            return ConnectionClosedError(closed.code, closed.reason or "")
        # Not closed by the peer: this side broke it off over what it received.
        return RemoteProtocolError(f"an unusable message: {closed.reason}")

    def _make_refusal(self) -> ConnectError:
        status, headers = self._reject_status, recorded_headers(self._reject_headers)
        # Some servers send back what they were sent.
        raw = self._engine.transcript.redactor.mask(self._reject_body).decode(
            "utf-8", "replace"
        )
        if self._endpoint.key:  # of which the redactor need not know
            raw = raw.replace(self._endpoint.key, "(the key)")
        body = " ".join(raw.split())[:_BODY_CHARS]
        self._engine.transcript.refused(status, headers, body)
        said = f": {body}" if body else ""
        return ConnectError(
            f"{self._endpoint.url}: the handshake was refused with HTTP {status}{said}",
            status=status,
            body=body,
            retry_after=headers.get("retry-after"),
        )


@contextmanager
def _opening(deadline: float, too_slow: str, engine: TappedEngine) -> Iterator[None]:
    """Give up at *deadline*, and record why it failed; a refusal is on record."""
    try:
        with trio.fail_at(deadline):
            yield
    except trio.TooSlowError:
        engine.lose("client", too_slow)
        raise ConnectError(too_slow) from None
    except ConnectError as error:
        if error.status is None:
            engine.lose("server", str(error))
        raise
