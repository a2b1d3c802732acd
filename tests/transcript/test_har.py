"""Tests of `rimebatch.transcript.har`."""

import copy
import hashlib
import json
from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rimebatch.errors import TranscriptError
from rimebatch.transcript.conversation import (
    Closed,
    Conversation,
    Happening,
    Lost,
    Opened,
    Ping,
    Pong,
    Received,
    ReceivedBinary,
    Refused,
    Sent,
    read_conversation,
    write_conversation,
)
from rimebatch.transcript.entries import Header
from rimebatch.transcript.har import decode_har, encode_har
from rimebatch.transcript.reader import read_entries
from rimebatch.transcript.redactor import VERBATIM
from rimebatch.transcript.store import JobTranscripts

ADDRESSES = {"local": "ws://127.0.0.1/ws3", "cloud": "wss://cloud.example/ws3"}

CHROME = {
    "startedDateTime": "2026-01-02T03:04:05.000Z",
    "request": {"url": "wss://a/ws3?speaker=luna"},
    "response": {"status": 101},
    "_webSocketMessages": [{"type": "send", "time": 1, "opcode": 1, "data": "hello"}],
}

TALK: tuple[Happening, ...] = (
    Opened(t=1_000_000, status=101, headers={"server": "x"}),
    Sent(t=2_000_000, message='{"text": "hello "}'),
    Received(t=4_500_000, message='{"type": "done"}'),
    ReceivedBinary(t=4_500_000, message=b"\0\xff"),
    Closed(t=5_000_000, by="server", code=1000, reason=""),
)


# What HAR 1.2 requires of each object (http://www.softwareishard.com/blog/har-12-spec),
# and the two lists that are not its own.


class Pair(msgspec.Struct):
    """A header, or a parameter of the query."""

    name: str
    value: str


class Request(msgspec.Struct, rename="camel"):
    """What was asked for."""

    method: str
    url: str
    http_version: str
    cookies: list[Pair]
    headers: list[Pair]
    query_string: list[Pair]
    headers_size: int
    body_size: int


class Content(msgspec.Struct, rename="camel"):
    """The body of a response."""

    size: int
    mime_type: str
    text: str


class Response(msgspec.Struct, rename="camel"):
    """What was answered."""

    status: int
    status_text: str
    http_version: str
    cookies: list[Pair]
    headers: list[Pair]
    content: Content
    redirect_url: str = msgspec.field(name="redirectURL")
    headers_size: int
    body_size: int


class Timings(msgspec.Struct):
    """How long what took, in milliseconds."""

    send: Annotated[float, msgspec.Meta(ge=0)]
    wait: Annotated[float, msgspec.Meta(ge=0)]
    receive: Annotated[float, msgspec.Meta(ge=0)]


class ListedMessage(msgspec.Struct):
    """A message, as Chrome writes it."""

    type: Literal["send", "receive"]
    time: float
    opcode: Literal[1, 2]
    data: str


class HarEntry(msgspec.Struct, rename="camel"):
    """A request with its response."""

    started_date_time: Annotated[
        str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
    ]
    time: float
    request: Request
    response: Response
    cache: dict[str, str]
    timings: Timings
    resource_type: Literal["websocket"] = msgspec.field(name="_resourceType")
    messages: list[ListedMessage] = msgspec.field(name="_webSocketMessages")
    comment: str = ""


class Creator(msgspec.Struct):
    """Which tool wrote it."""

    name: str
    version: str


class Log(msgspec.Struct):
    """All of it."""

    version: Literal["1.2"]
    creator: Creator
    entries: list[HarEntry]


class Har(msgspec.Struct):
    """The file."""

    log: Log


def read_har(*conversations: Conversation) -> Log:
    """Return what is exported, read as strictly as HAR 1.2 demands."""
    content = encode_har(conversations, ADDRESSES, "0.1.0")
    return msgspec.json.decode(content, type=Har).log


def make_file(*entries: object, creator: object = None) -> bytes:
    """Return a HAR file with *entries*."""
    log = {"version": "1.2", "creator": creator, "entries": entries}
    return json.dumps({"log": {k: v for k, v in log.items() if v is not None}}).encode()


def edit_export(conversation: Conversation, field: str, value: object) -> bytes:
    """Return the export of *conversation* with one *field* of its entry replaced."""
    exported = json.loads(encode_har([conversation], ADDRESSES, "0.1.0"))
    exported["log"]["entries"][0][field] = value
    return json.dumps(exported).encode()


def test_handshake(make_header: Callable[[int], Header]) -> None:
    """The entry is the handshake, as it was asked for and answered, without a key."""
    entry = read_har(Conversation(make_header(1), TALK)).entries[0]

    url = "wss://service.example/ws3?modelId=arcana&speaker=luna"
    assert ("GET", url, []) == (
        entry.request.method,
        entry.request.url,
        entry.request.headers,
    )
    assert Pair("speaker", "luna") == entry.request.query_string[1]
    assert (101, "Switching Protocols") == (
        entry.response.status,
        entry.response.status_text,
    )
    assert [Pair("server", "x")] == entry.response.headers
    assert "2026-01-02T03:04:05.000Z" == entry.started_date_time
    assert (5.0, Timings(0, 1, 4), "") == (entry.time, entry.timings, entry.comment)


def test_messages(make_header: Callable[[int], Header]) -> None:
    """The list holds the messages of both directions, at their times of day."""
    entry = read_har(Conversation(make_header(1), TALK)).entries[0]

    assert [
        ListedMessage("send", 1767323045.002, 1, '{"text": "hello "}'),
        ListedMessage("receive", 1767323045.0045, 1, '{"type": "done"}'),
        ListedMessage("receive", 1767323045.0045, 2, "AP8="),
    ] == entry.messages


def test_refusal(make_header: Callable[[int], Header]) -> None:
    """A refused handshake is a response with its status and body."""
    headers = {"content-type": "text/plain"}
    refused = Refused(t=3_000_000, status=429, headers=headers, body="zu früh")

    entry = read_har(Conversation(make_header(1), (refused,))).entries[0]

    response = entry.response
    assert (429, "Too Many Requests") == (response.status, response.status_text)
    assert Content(8, "text/plain", "zu früh") == response.content
    assert Timings(0, 3, 0) == entry.timings


def test_unanswered(make_header: Callable[[int], Header]) -> None:
    """Status 0 says that no answer came."""
    entries = read_har(
        Conversation(make_header(1), (Lost(t=2_000_000, how="reset"),)),
        Conversation(make_header(2), ()),
    ).entries

    assert [(0, "", 2), (0, "", 0)] == [
        (each.response.status, each.response.status_text, each.timings.wait)
        for each in entries
    ]


def test_unknown_status(make_header: Callable[[int], Header]) -> None:
    """A status that no standard knows has no words."""
    refused = Refused(t=0, status=799, headers={}, body="")

    entry = read_har(Conversation(make_header(1), (refused,))).entries[0]

    assert (799, "") == (entry.response.status, entry.response.status_text)


@pytest.mark.parametrize(("name", "address"), ADDRESSES.items())
def test_named_endpoint(
    make_header: Callable[[int], Header], name: str, address: str
) -> None:
    """An endpoint by name becomes the address that it stands for, and comes back."""
    header = msgspec.structs.replace(make_header(1), endpoint=name)
    conversation = Conversation(header, TALK)

    url = read_har(conversation).entries[0].request.url
    [again] = decode_har(encode_har([conversation], ADDRESSES, ""), "x.har", "x")

    assert url.startswith(f"{address}?")
    assert name == again.header.endpoint


def test_no_wall_time(make_header: Callable[[int], Header]) -> None:
    """Without a time of day the times begin in 1970, and the entry says so."""
    header = msgspec.structs.replace(make_header(1), wall=None)

    entry = read_har(Conversation(header, TALK)).entries[0]

    assert "1970-01-01T00:00:00.000Z" == entry.started_date_time
    assert 0.002 == entry.messages[0].time
    assert "1970" in entry.comment


def test_wall_time_that_is_none(make_header: Callable[[int], Header]) -> None:
    """A header whose time of day is none is named."""
    header = msgspec.structs.replace(make_header(3), wall="noon")

    with pytest.raises(TranscriptError, match=r"^ch01, attempt 3: it does not say"):
        encode_har([Conversation(header, TALK)], ADDRESSES, "0.1.0")


def test_provenance(make_header: Callable[[int], Header]) -> None:
    """The header comes back, and says which file it is from and what wrote that."""
    content = encode_har([Conversation(make_header(7), TALK)], ADDRESSES, "0.1.0")

    [again] = decode_har(content, "x.har", "x")

    expected = msgspec.structs.replace(
        make_header(7),
        vantage="derived",
        client={"rimebatch": "0.1.0", "imported-from": "rimebatch 0.1.0"},
        derived={"from": hashlib.sha256(content).hexdigest(), "by": "import"},
    )
    assert expected == again.header
    assert TALK == again.happenings


# --- Any conversation comes back ---

# Surrogates too: the format can hold a lone one, and HAR can as well.
ANY_TEXT = st.text(st.characters(exclude_categories=()))
TEXT = st.text()
HEADERS = st.dictionaries(TEXT, TEXT, max_size=3)
SIDES = st.sampled_from(["client", "server"])
HEX = st.binary(max_size=125).map(bytes.hex)
NUMBERS = st.integers(0, 65535)

NOW = st.just(0)  # the time is given when all are in order
OPENINGS = st.one_of(
    st.builds(Opened, t=NOW, status=NUMBERS, headers=HEADERS),
    st.builds(Refused, t=NOW, status=NUMBERS, headers=HEADERS, body=TEXT),
)
JSON_TEXT = st.dictionaries(TEXT, TEXT | st.integers()).map(json.dumps)
TALKING = st.one_of(
    st.builds(Sent, t=NOW, message=ANY_TEXT | JSON_TEXT),
    st.builds(Received, t=NOW, message=ANY_TEXT | JSON_TEXT),
    st.builds(ReceivedBinary, t=NOW, message=st.binary()),
    st.builds(Ping, t=NOW, by=SIDES, payload=HEX),
    st.builds(Pong, t=NOW, by=SIDES, payload=HEX),
)
ENDS = st.one_of(
    st.builds(Closed, t=NOW, by=SIDES, code=NUMBERS, reason=TEXT),
    st.builds(Lost, t=NOW, by=SIDES, how=TEXT),
)
GAPS = st.sampled_from([0, 1, 999, 1_000_000_007])


@st.composite
def conversations(draw: st.DrawFn) -> tuple[Happening, ...]:
    """Draw what may happen on a line, from a beginning, if any, to an end, if any."""
    parts = [
        *draw(st.lists(OPENINGS, max_size=1)),
        *draw(st.lists(TALKING, max_size=8)),
        *draw(st.lists(ENDS, max_size=2)),
    ]
    gaps = draw(st.lists(GAPS, min_size=len(parts), max_size=len(parts)))
    return tuple(
        msgspec.structs.replace(part, t=t)
        for part, t in zip(parts, accumulate(gaps), strict=True)
    )


def read_lines(path: Path) -> list[tuple[int, int, str, str]]:
    """Return number, time, kind and value of every entry but the trailer."""
    return [
        (entry.number, entry.time_ns, entry.kind, entry.value)
        for entry in read_entries(path)
        if entry.kind != "sealed"
    ]


@settings(max_examples=60)
@given(happenings=conversations(), wall=st.sampled_from([None, "2026-01-02T03:04:05Z"]))
def test_any_conversation_comes_back(
    make_header: Callable[[int], Header],
    happenings: tuple[Happening, ...],
    wall: str | None,
) -> None:
    """A transcript that was exported and imported has the same entries."""
    header = msgspec.structs.replace(make_header(1), wall=wall)
    with TemporaryDirectory() as folder:
        transcripts = JobTranscripts(Path(folder))
        path = write_conversation(
            Conversation(header, happenings), transcripts, VERBATIM
        )
        exported = encode_har([read_conversation(path)], ADDRESSES, "0.1.0")
        [imported] = decode_har(exported, "x.har", "x")
        again = write_conversation(imported, transcripts, VERBATIM)

        assert read_lines(path) == read_lines(again)


# --- The captures of others ---


def test_capture() -> None:
    """An entry of another tool becomes a conversation, in the job that is named."""
    content = make_file(CHROME, creator={"name": "WebInspector", "version": "537.36"})

    [found] = decode_har(content, "x.har", "ch01")

    header = found.header
    assert ("ch01", 1, "wss://a/ws3") == (header.job, header.attempt, header.endpoint)
    assert {"imported-from": "WebInspector 537.36"} == header.client
    assert Sent(t=0, message="hello") == found.happenings[1]


def test_unnamed_tool() -> None:
    """A file does not have to say what wrote it."""
    [found] = decode_har(make_file(CHROME), "x.har", "ch01")

    assert {"imported-from": "unknown"} == found.header.client


def test_other_entries() -> None:
    """Pages and other WebSockets are passed over, whatever is in them."""
    other = {**CHROME, "request": {"url": "wss://a/chat"}}
    content = make_file({"request": None}, other, CHROME, CHROME)

    assert [1, 2] == [each.header.attempt for each in decode_har(content, "x", "j")]
    assert 3 == len(decode_har(content, "x.har", "ch01", every=True))


@pytest.mark.parametrize("entry", [{}, {**CHROME, "request": {"url": "wss://a/chat"}}])
def test_nothing_to_import(entry: object) -> None:
    """A file without any ws3 connection says what would help."""
    with pytest.raises(TranscriptError, match=r"^x.har: no connection .*--all"):
        decode_har(make_file(entry), "x.har", "ch01")


# --- Bad input is one clear line ---


def read_error(content: bytes) -> str:
    """Return the line that says what is wrong."""
    with pytest.raises(TranscriptError) as caught:
        decode_har(content, "x.har", "ch01")
    return str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not JSON",
        b"\xff\xfe\xfd",
        b"[" * 100_000,
        b"[]",
        b"{}",
        b'{"log": {}}',
        b'{"log": {"entries": [1]}}',
        b'{"log": {"entries": [], "creator": 5}}',
        b"9" * 5000,
    ],
)
def test_no_har_file(content: bytes) -> None:
    """What is no HAR file is refused in one line."""
    error = read_error(content)

    assert error.startswith("x.har: not a HAR file: ")
    assert "\n" not in error


@pytest.mark.parametrize(
    "change",
    [
        {"request": {}},
        {"request": {"url": "ftp://a/ws3"}},
        {"request": {"url": "wss://\ud800/ws3"}},
        {"startedDateTime": "noon"},
        {"_webSocketMessages": None},
        {"_webSocketMessages": [{"type": "send"}]},
        {"_webSocketMessages": [{"type": "send", "data": "a", "time": 1e300}]},
        {"_webSocketMessages": [{"type": "send", "data": "a", "time": float("nan")}]},
        {"_webSocketMessages": [{"type": "send", "data": "AA==", "opcode": 2}]},
        {"_webSocketMessages": [{"type": "error", "data": "\ud800"}]},
        {"_rimebatch": {}},
        {"_rimebatch": {"header": {}, "entries": []}},
    ],
)
def test_bad_entry(change: dict[str, object]) -> None:
    """An entry that cannot become a transcript is named, in one line."""
    error = read_error(make_file({}, {**CHROME, **change}))

    assert error.startswith("x.har: entry 2: ")
    assert "\n" not in error


@pytest.mark.parametrize("version", [-1, 2])
def test_other_version(make_header: Callable[[int], Header], version: int) -> None:
    """A transcript of another version, such as a newer RimeBatch's, is refused."""
    header = msgspec.structs.replace(make_header(1), rimebatch_transcript=version)
    content = encode_har([Conversation(header, TALK)], ADDRESSES, "0.1.0")

    assert "please update it" in read_error(content)


@pytest.mark.parametrize("messages", [[], CHROME["_webSocketMessages"]])
def test_edited_messages(
    make_header: Callable[[int], Header], messages: list[object]
) -> None:
    """Messages may be edited, but not added or taken away without `_rimebatch`."""
    edited = edit_export(
        Conversation(make_header(1), TALK), "_webSocketMessages", messages
    )

    assert "do not belong together" in read_error(edited)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | ANY_TEXT,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


def places(
    value: object, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[str | int, ...]]:
    """Yield the path to everything within *value*."""
    keys: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        keys = list(value.items())
    elif isinstance(value, list):
        keys = list(enumerate(value))
    for key, inner in keys:
        yield (*path, key)
        yield from places(inner, (*path, key))


@settings(max_examples=150)
@given(data=st.data(), junk=JSON)
def test_any_damage_is_one_line(
    make_header: Callable[[int], Header], data: st.DataObject, junk: object
) -> None:
    """Whatever stands wherever, the file is imported, or the error is one line."""
    content = encode_har([Conversation(make_header(1), TALK)], ADDRESSES, "0.1.0")
    file = json.loads(content)
    file["log"]["entries"].append(copy.deepcopy(CHROME))
    path = data.draw(st.sampled_from(list(places(file))))
    inner = file
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = junk

    error = ""
    with TemporaryDirectory() as folder:
        transcripts = JobTranscripts(Path(folder))
        try:
            for each in decode_har(json.dumps(file).encode(), "x.har", "ch01"):
                written = write_conversation(each, transcripts, VERBATIM)
                assert each == read_conversation(written)
        except TranscriptError as caught:
            error = str(caught)

    assert not error or error.startswith("x.har: ")
    assert error.isprintable()
