"""Tests of the WebSocket engine with a transcript in it, against another library's."""

import json
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.http11 import Request as HttpRequest
from websockets.server import ServerProtocol
from wsproto.events import (
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.utilities import RemoteProtocolError

from fakes.transcripts import open_transcript, read_kinds, read_last
from rimebatch.recorder.transports.engine import (
    LOST_LINE,
    TappedEngine,
    recorded_headers,
)
from rimebatch.recorder.transports.frames import BELL
from rimebatch.transcript import Span, TranscriptWriter, read_entries
from rimebatch.ws3 import Chunk, Done, encode_event

MESSAGE = '{"type":"chunk","data":"AA==","contextId":"é…😀"}'


class Line:
    """Our engine and the other library's server, joined by plain calls.

    Attributes:
        engine: Under test, its handshake done.
        peer: The other end.
        transcript: Where the engine records.
    """

    def __init__(self, transcript: TranscriptWriter) -> None:
        self.transcript = transcript
        self.engine = TappedEngine(transcript, 1024 * 1024, one_by_one=False)
        self.peer = ServerProtocol()
        self.tell(Request(host="host", target="/ws3?speaker=luna"))
        (request,) = self.peer.events_received()
        assert isinstance(request, HttpRequest)
        response = self.peer.accept(request)
        response.headers["X-Request-Id"] = "7"
        response.headers["Set-Cookie"] = "secret"
        self.peer.send_response(response)
        self.hear()

    def tell(self, event: Event) -> None:
        """Send *event* to the peer."""
        self.peer.receive_data(self.engine.send(event))

    def hear(self) -> list[Event]:
        """Return the events of what the peer has sent."""
        for data in self.peer.data_to_send():
            self.engine.receive_data(data)
        return list(self.engine.events())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the transcript goes."""
    return tmp_path / "0001.jsonl"


@pytest.fixture
def line(path: Path) -> Iterator[Line]:
    """Yield a line that is open; seal its transcript before reading it."""
    with open_transcript(path) as transcript:
        yield Line(transcript)


def test_opening(line: Line, path: Path) -> None:
    """The handshake's result is an entry, with harmless headers and no others."""
    line.transcript.seal()

    assert ["opened", "sealed"] == read_kinds(path)
    opened = json.loads(read_last(path, "opened").value)
    assert 101 == opened["status"]
    assert {"date", "server", "x-request-id"} >= opened["headers"].keys()
    assert "7" == opened["headers"]["x-request-id"]


def test_messages(line: Line, path: Path) -> None:
    """Text goes on record as it is, at the place that the span names."""
    line.tell(TextMessage(data=MESSAGE))
    line.peer.send_text(MESSAGE.encode())
    line.peer.send_text(b"not JSON")
    line.hear()
    line.transcript.seal()
    entries = [e for e in read_entries(path) if e.kind in {"sent", "received"}]

    assert [("sent", MESSAGE), ("received", MESSAGE), ("received", "not JSON")] == [
        (entry.kind, entry.value) for entry in entries
    ]
    assert [
        (entry.value, Span(entry.number, entry.start, entry.end), None)
        for entry in entries[1:]
    ] == list(line.engine.inbox)


def test_more_audio(path: Path) -> None:
    """A chunk like the message before it is told with its audio, and recorded alike."""
    first, second, done = (
        encode_event(event) for event in (Chunk(b"a"), Chunk(b"bc"), Done())
    )
    with open_transcript(path) as transcript:
        line = Line(transcript)
        for message in (first, second, done, first):
            line.peer.send_text(message.encode())
        line.hear()
    entries = [e.value for e in read_entries(path) if e.kind == "received"]

    assert [first, second, done, first] == entries
    assert [None, b"bc", None, None] == [audio for *_, audio in line.engine.inbox]


@given(
    cuts=st.sets(st.integers(1, len(MESSAGE.encode()) - 1)),
    pace=st.integers(1, 40),
    is_text=st.booleans(),
)
@settings(max_examples=50)
def test_fragments(cuts: set[int], pace: int, *, is_text: bool) -> None:
    """However a message is cut into frames, and they into packets, it is one entry."""
    content = MESSAGE.encode()
    parts = [content[a:b] for a, b in pairwise([0, *sorted(cuts), len(content)])]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "0001.jsonl"
        with open_transcript(path) as transcript:
            line = Line(transcript)
            peer = line.peer
            begin = peer.send_text if is_text else peer.send_binary
            begin(parts[0], fin=len(parts) == 1)
            for number, part in enumerate(parts[1:], start=2):
                peer.send_continuation(part, fin=number == len(parts))
            data = b"".join(peer.data_to_send())
            heard: list[Event] = []
            for start in range(0, len(data), pace):
                line.engine.receive_data(data[start : start + pace])
                heard += line.engine.events()
        entry = read_last(path, "received" if is_text else "received_binary")

        assert ["opened", entry.kind, "sealed"] == read_kinds(path)
        span = Span(entry.number, entry.start, entry.end)
        expected = (MESSAGE if is_text else content, span, None)
        assert [expected] == list(line.engine.inbox)
        assert [BELL] == heard
        if is_text:
            assert MESSAGE == entry.value


def test_pings(line: Line, path: Path) -> None:
    """Pings and pongs go on record with who sent them."""
    line.tell(Ping(payload=b"\x01"))
    line.peer.send_ping(b"\x02")
    for event in line.hear():
        if isinstance(event, Ping):
            line.tell(event.response())
    line.transcript.seal()

    assert [
        ("ping", {"by": "client", "payload": "01"}),
        ("pong", {"by": "server", "payload": "01"}),
        ("ping", {"by": "server", "payload": "02"}),
        ("pong", {"by": "client", "payload": "02"}),
    ] == [
        (entry.kind, json.loads(entry.value))
        for entry in read_entries(path)
        if entry.kind in {"ping", "pong"}
    ]


@pytest.mark.parametrize(
    ("code", "reason", "seen"), [(1011, "too long", 1011), (None, "", 1005)]
)
def test_close_by_the_server(
    line: Line, path: Path, code: int | None, reason: str, seen: int
) -> None:
    """A close goes on record with code and reason, and so does its answer."""
    line.peer.send_close(code, reason)
    (event,) = line.hear()
    assert isinstance(event, CloseConnection)
    line.tell(event.response())
    line.transcript.seal()

    assert [
        {"by": "server", "code": seen, "reason": reason},
        {"by": "client", "code": seen, "reason": reason},
    ] == [json.loads(e.value) for e in read_entries(path) if e.kind == "closed"]


def test_close_by_the_client(line: Line, path: Path) -> None:
    """The same the other way round."""
    line.tell(CloseConnection(code=1000))
    line.hear()
    line.transcript.seal()

    assert [("client", 1000), ("server", 1000)] == [
        (json.loads(e.value)["by"], json.loads(e.value)["code"])
        for e in read_entries(path)
        if e.kind == "closed"
    ]
    assert not line.engine.loss


def test_lost_line(line: Line, path: Path) -> None:
    """How the line was lost is on record once: what was known first."""
    line.engine.lose("client", "no pong came")
    line.engine.send(CloseConnection(code=LOST_LINE))
    line.transcript.seal()
    lost = json.loads(read_last(path, "lost").value)

    assert ["opened", "lost", "sealed"] == read_kinds(path)
    assert {"by": "client", "how": "no pong came"} == lost
    assert "no pong came" == line.engine.loss


def test_end_of_the_line(line: Line, path: Path) -> None:
    """A line that ends without a close is lost."""
    line.engine.send(CloseConnection(code=LOST_LINE))
    line.transcript.seal()

    assert "without a closing handshake" in line.engine.loss
    assert ["opened", "lost", "sealed"] == read_kinds(path)


@pytest.mark.parametrize("closing", [True, False])
def test_broken_frame(line: Line, path: Path, *, closing: bool) -> None:
    """A frame against the rules is no close, though the engine calls it one."""
    if closing:
        line.engine.send(CloseConnection(code=1000))
    line.engine.receive_data(b"\x83\x00")

    assert [CloseConnection] == [type(event) for event in line.engine.events()]

    line.transcript.seal()

    assert "broken frame" in read_last(path, "lost").value
    assert closing == ("closed" in read_kinds(path))


def test_broken_handshake(path: Path) -> None:
    """How a handshake was broken is on record, and still an error for the library."""
    with open_transcript(path) as transcript:
        engine = TappedEngine(transcript, 1024, one_by_one=False)
        engine.send(Request(host="host", target="/ws3"))
        with pytest.raises(RemoteProtocolError):
            engine.receive_data(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")

    assert ["lost", "sealed"] == read_kinds(path)
    assert "broken handshake: Bad HTTP message" == engine.loss


def test_refusal(path: Path) -> None:
    """A refusal is left to who has its body: the engine records nothing."""
    with open_transcript(path) as transcript:
        engine = TappedEngine(transcript, 1024, one_by_one=False)
        engine.send(Request(host="host", target="/ws3"))
        engine.receive_data(b"HTTP/1.1 429 Slow down\r\nContent-Length: 0\r\n\r\n")

        assert any(isinstance(event, RejectConnection) for event in engine.events())

    assert ["sealed"] == read_kinds(path)


def test_recorded_headers() -> None:
    """Only headers that carry no secret are kept, whatever their case."""
    headers = [(b"Retry-After", b"3"), (b"Set-Cookie", b"a=b"), (b"via", b"\xe9")]

    assert {"retry-after": "3", "via": "é"} == recorded_headers(headers)
