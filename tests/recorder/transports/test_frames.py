"""Tests of the short way for the common frame, against the engine without it."""

import struct
from collections.abc import Iterator
from itertools import accumulate, pairwise
from typing import Final, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trio_websocket import ConnectionRejected
from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)
from wsproto.utilities import ProtocolError, generate_accept_token

from rimebatch.recorder.transports.frames import BELL, FrameEngine

NONCE: Final = b"dGhlIHNhbXBsZSBub25jZQ=="
UPGRADE: Final = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
)
OPENED: Final = (
    UPGRADE + b"Sec-WebSocket-Accept: " + generate_accept_token(NONCE) + b"\r\n\r\n"
)
TOO_LONG: Final = b"(a message that is too long)"
FLAW: Final = "'utf-8' codec can't decode byte"
CAP: Final = 100_000  # more than two bytes can count

TEXT, BINARY, CLOSE, PING, PONG = 0x81, 0x82, 0x88, 0x89, 0x8A  # each of them final
TEXT_BEGINS, BINARY_BEGINS, MORE, MORE_ENDS = 0x01, 0x02, 0x00, 0x80

Seen: TypeAlias = str | bytes | Event | tuple[str, ...]


class Client:
    """A client that treats its engine as trio-websocket does, and notes what it sees.

    Args:
        message_bytes: The longest message that it takes.
        is_hasty: Whether it leaves ``events()`` after each event, and comes again.

    Attributes:
        message_bytes: As given.
        engine: With what it reads; plain wsproto unless another one is set.
        seen: Messages, events and errors, in order.
        bells: How often it was told of messages that had been delivered.
    """

    def __init__(self, message_bytes: int = CAP, *, is_hasty: bool = False) -> None:
        self.engine = WSConnection(ConnectionType.CLIENT)
        self.seen: list[Seen] = []
        self.bells = 0
        self.message_bytes = message_bytes
        self._is_hasty = is_hasty
        self._is_reading = True
        self._is_bell_due = False
        self._parts: list[str | bytes] = []
        self._body = b""

    def call(self) -> None:
        """Send the opening request, always the same."""
        self.engine.send(Request(host="host", target="/ws3"))
        self.engine.handshake._nonce = NONCE  # so that one answer does for all

    def take(self, messages: list[str] | bytes) -> None:
        """Note messages that the engine delivers; it has to ring the bell next."""
        self.seen += [messages] if isinstance(messages, bytes) else messages
        self._is_bell_due = True

    def read(self, data: bytes | None) -> None:
        """Take in what has come, as long as there is a connection."""
        if not self._is_reading or self.engine.state is ConnectionState.CLOSED:
            return
        try:
            self.engine.receive_data(data)
            for event in self._events():
                self._handle(event)
        except (ConnectionRejected, ProtocolError) as error:
            self._stop((type(error).__name__, *map(str, error.args)))

        assert not self._is_bell_due

    def close(self) -> None:
        """Close from this side, if there still is something to close."""
        if self.engine.connection and self.engine.state is ConnectionState.OPEN:
            self.engine.send(CloseConnection(code=1000))

    def _events(self) -> Iterator[Event]:
        if self._is_hasty:
            while event := next(self.engine.events(), None):
                yield event
        else:
            yield from self.engine.events()

    def _handle(self, event: Event) -> None:
        assert self._is_bell_due == (event is BELL)

        match event:
            case TextMessage() if event is BELL:
                self._is_bell_due = False
                self.bells += 1
            case TextMessage(data=str(part)) | BytesMessage(data=bytes(part)):
                self._add(part, is_last=event.message_finished)
            case RejectData(data=part):  # in as many parts as the engine likes
                self._body += part
                if event.body_finished:
                    raise ConnectionRejected(0, (), self._body)
            case CloseConnection(reason=str(why)) if why.startswith(FLAW):
                self.seen.append((FLAW,))  # the place in it counts from the last cut
            case _:
                self.seen.append(event)
                self._answer(event)

    def _add(self, part: str | bytes, *, is_last: bool) -> None:
        if not self._is_reading:
            return  # one was refused, and what comes after it is heard by nobody
        self._parts.append(part)
        if sum(map(len, self._parts)) > self.message_bytes:
            self._stop(TOO_LONG)
            self.engine.send(CloseConnection(code=1009))
        elif is_last:
            self.seen.append(join(self._parts))
            self._parts = []

    def _answer(self, event: Event) -> None:
        match event:
            case Ping():
                self.engine.send(event.response())
            case CloseConnection():
                if self.engine.state is ConnectionState.REMOTE_CLOSING:
                    self.engine.send(event.response())
            case RejectConnection(has_body=False, status_code=status):
                raise ConnectionRejected(status, (), None)
            case _:
                pass

    def _stop(self, why: Seen) -> None:
        self.seen.append(why)
        self._is_reading = False


def join(parts: list[str | bytes]) -> str | bytes:
    """Return the message that is in *parts*, all of one kind."""
    if isinstance(parts[0], str):
        return "".join(part for part in parts if isinstance(part, str))
    return b"".join(part for part in parts if isinstance(part, bytes))


def make_client(
    message_bytes: int = CAP, *, is_hasty: bool = False, one_by_one: bool = False
) -> Client:
    """Return a client whose engine goes the short way."""
    client = Client(message_bytes, is_hasty=is_hasty)
    client.engine = FrameEngine(client.take, message_bytes, one_by_one=one_by_one)
    return client


def pack(first: int, payload: bytes = b"", wide: int = 0, mask: bytes = b"") -> bytes:
    """Return a frame, right or wrong.

    Args:
        first: The first byte.
        payload: Is sent as it is, even with a mask.
        wide: At least so many bytes tell the length, after the one that says so.
        mask: Four bytes; none for no mask.
    """
    size = len(payload)
    if wide == 8 or size > 0xFFFF:
        length = struct.pack("!BQ", 127, size)
    elif wide == 2 or size > 125:
        length = struct.pack("!BH", 126, size)
    else:
        length = bytes([size])
    if mask:
        length = bytes([length[0] | 0x80]) + length[1:]
    return bytes([first]) + length + mask + payload


def compare(ours: Client, chunks: list[bytes], close_after: int | None = None) -> None:
    """Let *ours* and a plain client read *chunks*, and find no difference."""
    plain = Client(ours.message_bytes)
    for client in (ours, plain):
        client.call()
        for number, chunk in enumerate(chunks):
            client.read(chunk)
            if number == close_after:
                client.close()

    assert isinstance(ours.engine, FrameEngine)

    if ours.engine._held[:1] == bytes([TEXT]) and plain.seen[-1:] == [(FLAW,)]:
        plain.seen.pop()  # the one difference: that message is not whole
    for client in (ours, plain):
        client.seen.append((client.engine.state.name,))
        client.read(None)

    assert plain.seen == ours.seen
    assert plain.engine.state is ours.engine.state


def cut(stream: bytes, places: set[int]) -> list[bytes]:
    """Return *stream* in chunks, cut at those *places* that are in it."""
    inside = {place for place in places if 0 < place < len(stream)}
    return [stream[a:b] for a, b in pairwise(sorted({0, *inside, len(stream)}))]


# Around every number at which something changes: of bytes for the length, or the cap.
SIZES = st.sampled_from([0, 1, 124, 125, 126, 127, 65_535, 65_536, CAP, CAP + 1])
TEXTS = st.text(max_size=9).map(str.encode) | st.builds(
    lambda size, letter: (letter * size).encode()[:size], SIZES, st.sampled_from("xé")
)
LOOKALIKES = st.builds(pack, st.sampled_from([TEXT, PING]), st.binary(max_size=3))
SHORT = LOOKALIKES | st.binary(max_size=125) | st.text(max_size=9).map(str.encode)
CODES = st.sampled_from([1000, 1007, 1011, 3000, 4999]) | st.integers(0, 0xFFFF)
CLOSES = st.builds(lambda code, why: struct.pack("!H", code) + why, CODES, SHORT)


def pack_fragments(kind: int, parts: list[bytes], between: bytes) -> bytes:
    """Return *parts* as one message of that *kind*, with a frame *between* them."""
    head, *rest = parts
    *middle, last = rest
    frames = [pack(kind, head), *(pack(MORE, part) for part in middle)]
    return between.join([*frames, pack(MORE_ENDS, last)])


PINGS = st.builds(pack, st.sampled_from([PING, PONG]), SHORT)
FRAGMENTS = st.builds(
    pack_fragments,
    st.sampled_from([TEXT_BEGINS, BINARY_BEGINS]),
    st.lists(SHORT, min_size=2, max_size=4),
    st.just(b"") | PINGS,
)
MESSAGES = st.builds(pack, st.just(TEXT), TEXTS)
GOOD = MESSAGES | MESSAGES | PINGS | FRAGMENTS | st.builds(pack, st.just(BINARY), SHORT)
MASKS = st.just(b"") | st.binary(min_size=4, max_size=4)
FIRSTS = st.sampled_from([TEXT, CLOSE, PING, MORE_ENDS, 0x08, 0x8B]) | st.integers(
    0, 255
)
BAD = (
    st.builds(pack, st.just(CLOSE), CLOSES | SHORT)
    | st.builds(pack, FIRSTS, SHORT | TEXTS, st.sampled_from([0, 2, 8]), MASKS)
    | st.builds(pack, st.just(TEXT), st.binary(min_size=1, max_size=9))
    | st.binary(max_size=20)
)


@st.composite
def cut_streams(draw: st.DrawFn, answers: st.SearchStrategy[bytes]) -> list[bytes]:
    """Return what a server sends, in chunks, and not always to its end."""
    good, bad = st.lists(GOOD, max_size=5), st.lists(BAD, max_size=2)
    frames = [draw(answers), *draw(good), *draw(bad), *draw(good)]
    stream = b"".join(frames)
    borders = list(accumulate(map(len, frames)))
    near = st.builds(int.__add__, st.sampled_from(borders), st.integers(-5, 12))
    anywhere = st.integers(0, len(stream))
    cuts = draw(st.sets(near | anywhere, max_size=20))
    if len(stream) < 1000 and draw(st.booleans()):
        cuts = set(range(len(stream)))
    chunks = cut(stream, cuts)
    return chunks[: draw(st.just(len(chunks)) | st.integers(0, len(chunks)))]


@given(
    chunks=cut_streams(st.just(OPENED)),
    cap=st.sampled_from([1, 5, 125, 126, CAP]),
    is_hasty=st.booleans(),
    one_by_one=st.booleans(),
    close_after=st.none() | st.integers(0, 5),
)
@settings(max_examples=250)
def test_any_frames(
    chunks: list[bytes],
    cap: int,
    close_after: int | None,
    *,
    is_hasty: bool,
    one_by_one: bool,
) -> None:
    """Whatever comes, and however it is cut, is what plain wsproto finds in it."""
    ours = make_client(cap, is_hasty=is_hasty, one_by_one=one_by_one)
    compare(ours, chunks, close_after)


ANSWERS = [
    OPENED,
    OPENED.replace(b"\r\n", b"\n"),
    OPENED.replace(b"Upgrade:", b"Date: now\r\nUpgrade:", 1),
    b"HTTP/1.1 100 Continue\r\n\r\n" + OPENED,
    UPGRADE + b"\r\n",
    UPGRADE + b"Sec-WebSocket-Accept: AAAA\r\n\r\n",
    b"HTTP/1.1 429 No\r\nContent-Length: 12\r\n\r\nat\nthe\nlimit",
    b"HTTP/1.1 429 No\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 502 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na\nb\r\n0\r\n\r\n",
    b"HTTP/1.1 502 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na\nbcd",
    b"HTTP/1.1 503 No\r\n\r\nup to\nthe end",
    b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nab",
    b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    b"\r\n\n",
    b"\0\1\2",
]


@given(chunks=cut_streams(st.sampled_from(ANSWERS) | st.binary(max_size=20)))
@settings(max_examples=120)
def test_any_answer(chunks: list[bytes]) -> None:
    """However the handshake is answered, plain wsproto finds the same in it."""
    compare(make_client(), chunks)


def open_client(message_bytes: int = CAP, *, one_by_one: bool = False) -> Client:
    """Return a client as `make_client` does, its handshake done and forgotten."""
    client = make_client(message_bytes, one_by_one=one_by_one)
    client.call()
    client.read(OPENED)
    client.seen.clear()
    return client


def test_one_read() -> None:
    """Of the messages that one read brings, one bell tells."""
    client = open_client()
    client.read(pack(TEXT, b"one") + pack(TEXT) + pack(TEXT, "é".encode()))

    assert ["one", "", "é"] == client.seen
    assert 1 == client.bells


def test_one_by_one() -> None:
    """Where each message is to have a bell of its own, it has."""
    client = open_client(one_by_one=True)
    client.read(pack(TEXT, b"one") + pack(TEXT) + pack(BINARY, b"\0\1"))

    assert ["one", "", b"\0\1"] == client.seen
    assert 3 == client.bells


def test_order() -> None:
    """Messages and pings are told in the order in which they come."""
    client = open_client()
    client.read(pack(TEXT, b"one") + pack(PING, b"?") + pack(TEXT, b"two"))

    assert ["one", Ping(payload=b"?"), "two"] == client.seen
    assert 2 == client.bells


def test_frames_with_the_handshake() -> None:
    """What comes in one read with the handshake's answer comes right after it."""
    client = make_client()
    client.call()
    client.read(OPENED + pack(TEXT, b"one") + pack(CLOSE))
    opened, *rest = client.seen

    assert isinstance(opened, AcceptConnection)
    assert ["one", CloseConnection(code=1005, reason="")] == rest
    assert ConnectionState.CLOSED is client.engine.state


@pytest.mark.parametrize(
    "first",
    [
        *(pack(PING), pack(PONG, b"x" * 125)),
        *(pack(TEXT, b"x" * size) for size in (125, 126, 65_535, 65_536, CAP)),
    ],
)
def test_short_way(first: bytes) -> None:
    """A common frame is followed by more of the short way: by one bell for a read."""
    client = open_client()
    client.read(first)
    client.bells = 0
    client.read(pack(TEXT, b"one") + pack(TEXT, b"two"))

    assert 1 == client.bells


@pytest.mark.parametrize(
    "first", [pack(BINARY), pack(TEXT_BEGINS) + pack(MORE_ENDS), pack(TEXT_BEGINS)]
)
def test_long_way(first: bytes) -> None:
    """An uncommon frame ends the short way for good; no message is lost by that."""
    client = open_client()
    client.read(pack(TEXT, b"one") + first)
    client.bells = 0
    client.read(pack(MORE_ENDS) if first == pack(TEXT_BEGINS) else pack(TEXT))
    client.read(pack(TEXT, b"two") + pack(TEXT, b"three"))

    assert 3 == client.bells
    assert ["two", "three"] == client.seen[-2:]


@pytest.mark.parametrize(
    "head",
    [
        *(pack(0x8B, b"x")[:2], pack(0x83, b"x")[:2], pack(0xC1, b"x")[:2]),
        *(pack(PING, b"x" * 126)[:2], pack(PING, b"x", wide=2)[:2], b"\x09\x01"),
        *(pack(TEXT, b"x", mask=b"mask")[:2], pack(PING, b"x", mask=b"mask")[:2]),
        *(pack(TEXT, b"x" * 125, wide=2)[:4], pack(TEXT, b"x" * 65_535, wide=8)[:10]),
        *(pack(MORE, b"x")[:2], b"\x81\x7f" + b"\xff" * 8),
    ],
)
def test_mistakes(head: bytes) -> None:
    """A frame against the rules is told as soon as plain wsproto tells it."""
    compare(make_client(), [OPENED, head])


def test_frame_in_a_frame() -> None:
    """What only looks like a frame is none, wherever a read begins."""
    for first in (TEXT, BINARY, PING):
        frame = pack(first, pack(PING, b"text") + b"!")
        for place in range(1, len(frame)):
            compare(make_client(), [OPENED + frame[:place], frame[place:]])


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_cuts(size: int) -> None:
    """However long a message is, it may be cut anywhere in what tells so."""
    frames = pack(PING) + pack(TEXT, b"x" * size) + pack(TEXT, b"end")
    for place in [*range(1, 15), *range(len(frames) - 8, len(frames))]:
        client = open_client()
        client.read(frames[:place])
        client.read(frames[place:])

        assert [Ping(payload=b""), "x" * size, "end"] == client.seen


def test_bytewise() -> None:
    """A message is told with its last byte, not before and not later."""
    client = open_client()
    *head, last = cut(pack(TEXT, b"x" * 200), set(range(300)))
    for byte in head:
        client.read(byte)

    assert [] == client.seen

    client.read(last)

    assert ["x" * 200] == client.seen


@pytest.mark.parametrize(
    "too_long",
    [
        pack(TEXT, b"x" * 6),
        pack(BINARY, b"x" * 6),
        pack_fragments(TEXT_BEGINS, [b"xxx", b"xxx", b"tail"], b""),
        pack_fragments(BINARY_BEGINS, [b"xxx", b"xxx", b"tail"], b""),
    ],
)
def test_too_long(too_long: bytes) -> None:
    """A message that is too long is for refusal; nothing after it is delivered."""
    client = open_client(message_bytes=5)
    client.read(pack(TEXT, b"five!") + too_long + pack(TEXT, b"more") + pack(CLOSE))

    assert ["five!", TOO_LONG, CloseConnection(code=1005, reason="")] == client.seen
    assert ConnectionState.CLOSED is client.engine.state


def test_letters_of_several_bytes() -> None:
    """Of a text the letters are counted, as trio-websocket counts them."""
    client = open_client(message_bytes=5)
    client.read(pack(TEXT, "ééééé".encode()))

    assert ["ééééé"] == client.seen


def test_flawed_text() -> None:
    """That a message is not UTF-8 is told when it is whole, and nothing after it."""
    client = open_client()
    client.read(pack(TEXT, b"one") + pack(TEXT, b"\xff two")[:4])

    assert ["one"] == client.seen

    client.read(b"two" + pack(TEXT, b"three"))
    client.read(pack(TEXT, b"four"))

    assert ["one", (FLAW,)] == client.seen
    assert ConnectionState.OPEN is client.engine.state


def test_leaving_early() -> None:
    """Who leaves at an event and comes again misses nothing, and gets nothing twice."""
    client = open_client()
    client.engine.receive_data(
        pack(TEXT, b"one") + pack(PING, b"1") + pack(PING, b"2") + pack(TEXT, b"two")
    )
    events: list[Event] = []
    while event := next(client.engine.events(), None):
        events.append(event)

    assert [BELL, Ping(payload=b"1"), Ping(payload=b"2"), BELL] == events
    assert ["one", "two"] == client.seen


def test_after_a_close() -> None:
    """What comes after a close, in one read with it or later, is nothing."""
    client = open_client()
    client.engine.receive_data(pack(CLOSE) + pack(TEXT, b"late"))

    assert [CloseConnection(code=1005, reason="")] == list(client.engine.events())

    client.engine.receive_data(pack(TEXT, b"later"))

    assert [] == list(client.engine.events())
    assert [] == client.seen


def test_end_of_the_line() -> None:
    """A line that ends inside a message is closed with 1006; its half is nothing."""
    client = open_client()
    client.read(pack(TEXT, b"one") + pack(TEXT, b"half")[:4])
    client.read(None)

    assert ["one", CloseConnection(code=1006)] == client.seen
    assert ConnectionState.CLOSED is client.engine.state
