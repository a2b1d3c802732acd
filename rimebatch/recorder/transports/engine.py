"""The WebSocket protocol engine with a transcript in it.

Here a message exists as a whole for the first time, and here a frame is made just
before it leaves. It knows the transcript, and no sockets; of ws3 only
what tells that a message is like the one before, which spares the transcript a look at
it, and the session another.
"""

from collections import deque
from collections.abc import Generator, Iterable
from typing import Final

from wsproto.connection import ConnectionState
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Event,
    Ping,
    Pong,
    TextMessage,
)
from wsproto.utilities import RemoteProtocolError

from rimebatch.recorder.transports.frames import FrameEngine
from rimebatch.transcript.entries import Side
from rimebatch.transcript.writer import Span, TranscriptWriter
from rimebatch.ws3.likeness import ChunkListener

_CLOSE_FRAME_CAME: Final = {ConnectionState.REMOTE_CLOSING, ConnectionState.CLOSED}
# Of a server's headers only these are recorded: none of them carries a secret.
_RECORDED_HEADERS: Final = frozenset(
    {"content-type", "date", "retry-after", "server", "via", "x-request-id"}
)
LOST_LINE: Final = 1006  # RFC 6455, 7.4.1: never on the wire, stands for a lost line


class TappedEngine(FrameEngine):
    """A client's engine that records what passes through it.

    Args:
        transcript: Where it records.
        message_bytes: The longest message that it takes in; see `FrameEngine`.
        one_by_one: Whether every message is to have a bell of its own.

    Attributes:
        transcript: Where it records.
        inbox: Each message that nobody has taken yet, where the transcript has it, and
            what more audio it is; see `Received`.
        loss: How the line was lost; empty as long as it is not.
    """

    def __init__(
        self, transcript: TranscriptWriter, message_bytes: int, *, one_by_one: bool
    ) -> None:
        super().__init__(self._record_messages, message_bytes, one_by_one=one_by_one)
        self.transcript = transcript
        self.inbox: deque[tuple[str | bytes, Span, bytes | None]] = deque()
        self._chunks = ChunkListener()
        self.loss = ""

    def send(self, event: Event) -> bytes:
        """Return the bytes for *event*, and record it."""
        data = super().send(event)
        match event:
            case TextMessage(data=text):
                self.transcript.sent(text)
            case Ping(payload=payload):
                self.transcript.ping("client", bytes(payload))
            case Pong(payload=payload):
                self.transcript.pong("client", bytes(payload))
            case CloseConnection(code=code) if code == LOST_LINE:
                self.lose("server", "the line ended without a closing handshake")
            case CloseConnection(code=code, reason=reason):
                self.transcript.closed("client", int(code), reason or "")
            case _:
                pass  # the opening request: its query is in the header of the record
        return data

    def lose(self, by: Side, how: str) -> None:
        """Record that the line is lost or given up, unless that is on record.

        Args:
            by: Whose doing it was; see `TranscriptWriter.lost`.
            how: In words, for people.
        """
        if not self.loss:
            self.loss = how
            self.transcript.lost(by, how)

    def receive_data(self, data: bytes | None) -> None:
        """Take in what the line has brought; record how a handshake is broken."""
        try:
            super().receive_data(data)
        except RemoteProtocolError as error:
            self.lose("server", f"broken handshake: {error}")
            raise

    def events(self) -> Generator[Event, None, None]:
        """Yield what has been received, each event recorded just before."""
        for event in super().events():
            self._record(event)
            yield event

    def _record(self, event: Event) -> None:
        match event:
            case Ping(payload=payload):
                self.transcript.ping("server", bytes(payload))
            case Pong(payload=payload):
                self.transcript.pong("server", bytes(payload))
            case AcceptConnection(extra_headers=headers):
                self.transcript.opened(101, recorded_headers(headers))
            case CloseConnection(code=code, reason=reason):
                if self.state in _CLOSE_FRAME_CAME:
                    self.transcript.closed("server", int(code), reason or "")
                else:  # the engine reports a broken frame as a close that nobody sent
                    self.lose("server", f"broken frame: {reason}")
            case _:
                pass  # a refusal: recorded where its body is whole; or a bell

    def _record_messages(self, messages: list[str] | bytes) -> None:
        if isinstance(messages, bytes):
            span = self.transcript.received_binary(messages)
            self.inbox.append((messages, span, None))
        else:
            audio = [*map(self._chunks.hear, messages)]
            are_plain = [more is not None for more in audio]
            spans = self.transcript.received_at_once(messages, are_plain)
            self.inbox.extend(zip(messages, spans, audio, strict=True))


def recorded_headers(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return those of a server's *headers* that a transcript may hold."""
    decoded = {name.decode("latin-1").lower(): value for name, value in headers}
    return {
        name: value.decode("latin-1")
        for name, value in decoded.items()
        if name in _RECORDED_HEADERS
    }
