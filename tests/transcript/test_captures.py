"""Tests of `rimebatch.transcript.captures`, on the shapes that real tools write.

They are those of the tools' sources: Chrome's ``front_end/models/har/Log.ts``,
mitmproxy's ``addons/savehar.py``, Playwright's ``server/har/harTracer.ts`` (1.61) and
HTTP Toolkit's ``src/model/http/har.ts``.
"""

from typing import TypeAlias

import msgspec
import pytest

from rimebatch.transcript.captures import (
    CAPTURE_ENDS,
    NO_ANSWER,
    CapturedEntry,
    ListedMessage,
    guess_happenings,
    make_header,
    read_message,
    read_time,
)
from rimebatch.transcript.conversation import (
    Closed,
    Happening,
    Lost,
    Opened,
    Ping,
    Pong,
    Received,
    ReceivedBinary,
    Refused,
    Sent,
)

Json: TypeAlias = dict[str, object]

MS = 1_000_000
STARTED = "2026-01-02T03:04:05.000Z"
STARTED_S = 1767323045.0
URL = "wss://user:word@service.example:8443/ws3?speaker=luna&text=a%20b&api_key=k#top"


def make_entry(messages: list[Json], **more: object) -> CapturedEntry:
    """Return an entry with *messages*, on an accepted line unless *more* says else."""
    entry: Json = {
        "startedDateTime": STARTED,
        "request": {"method": "GET", "url": URL, "headers": []},
        "response": {"status": 101},
        "_webSocketMessages": messages,
        **more,
    }
    return msgspec.convert(entry, type=CapturedEntry)


def make_message(kind: str, time: float, data: str = "a", opcode: int = 1) -> Json:
    """Return a message of the list."""
    return {"type": kind, "time": time, "opcode": opcode, "data": data}


def guess(messages: list[Json], **more: object) -> list[Happening]:
    """Return what must have happened."""
    return list(guess_happenings(make_entry(messages, **more)))


def times_ms(happenings: list[Happening]) -> list[float]:
    """Return when the messages were, opening and end left out."""
    return [happening.t / MS for happening in happenings[1:-1]]


def test_chrome() -> None:
    """Text and base64 by opcode, seconds, and an end that nobody has seen."""
    found = guess(
        [
            make_message("send", STARTED_S + 0.25, "hello"),
            make_message("receive", STARTED_S + 0.5, "you"),
            make_message("receive", STARTED_S + 1, "AP8=", opcode=2),
        ],
        response={"status": 101, "headers": [], "content": {"size": 0}, "_error": None},
    )

    assert [
        Opened(t=0, status=101, headers={}),
        Sent(t=250 * MS, message="hello"),
        Received(t=500 * MS, message="you"),
        ReceivedBinary(t=1000 * MS, message=b"\0\xff"),
        Lost(t=1000 * MS, by="server", how=CAPTURE_ENDS),
    ] == found


def test_chrome_error() -> None:
    """What Chrome reports as an error of a frame is how the line was lost."""
    error = make_message("error", STARTED_S + 1, "Invalid frame header", opcode=-1)

    assert [
        Opened(t=0, status=101, headers={}),
        Lost(t=1000 * MS, by="server", how="Invalid frame header"),
    ] == guess([error])


def test_playwright_counts_milliseconds() -> None:
    """Times in milliseconds are known by their size."""
    start_ms = STARTED_S * 1000
    found = guess([make_message("send", start_ms), make_message("send", start_ms + 20)])

    assert [0, 20] == times_ms(found)


def test_playwright_without_times() -> None:
    """A time of -1 says that none was recorded: order is all that is left."""
    found = guess([make_message("send", -1), make_message("receive", -1)])

    assert [0, 0] == times_ms(found)


def test_times_of_another_clock() -> None:
    """Times before the start are no times of day, but their distances are true."""
    found = guess([make_message("send", 12.5), make_message("receive", 12.75)])

    assert [0, 250] == times_ms(found)


def test_times_never_go_back() -> None:
    """A message that was stamped before its forerunner counts as of the same time."""
    times = [STARTED_S + 2, STARTED_S + 1, STARTED_S + 3]

    found = guess([make_message("send", time) for time in times])

    assert [2000, 2000, 3000] == times_ms(found)


@pytest.mark.parametrize(
    ("close", "end"),
    [
        (
            {"code": 1000, "reason": "bye"},
            Closed(t=0, by="server", code=1000, reason="bye"),
        ),
        ({}, Closed(t=0, by="server", code=1005, reason="")),
        ("aborted", Lost(t=0, by="server", how="aborted")),
    ],
)
def test_http_toolkit_says_how_it_ended(close: object, end: Happening) -> None:
    """HTTP Toolkit has the close frame, or that there was none."""
    assert [Opened(t=0, status=101, headers={}), end] == guess(
        [], _webSocketClose=close
    )


def test_control_frames() -> None:
    """Where control frames are listed they are in base64, and a close is the end."""
    found = guess(
        [
            make_message("receive", STARTED_S, "cA==", opcode=9),
            make_message("send", STARTED_S, "cA==", opcode=10),
            make_message("send", STARTED_S, "A+hieWU=", opcode=8),
            make_message("receive", STARTED_S, "", opcode=8),
        ]
    )

    assert [
        Ping(t=0, by="server", payload="70"),
        Pong(t=0, by="client", payload="70"),
        Closed(t=0, by="client", code=1000, reason="bye"),
        Closed(t=0, by="server", code=1005, reason=""),
    ] == found[1:]


def test_refusal() -> None:
    """A handshake that was answered otherwise is refused; of its headers few stay."""
    pairs = {"Retry-After": "7", "Set-Cookie": "secret", "Content-Type": "text/plain"}
    headers = [{"name": name, "value": value} for name, value in pairs.items()]
    response = {"status": 429, "headers": headers, "content": {"text": "too many"}}

    kept = {"content-type": "text/plain", "retry-after": "7"}
    refused = Refused(t=0, status=429, headers=kept, body="too many")
    assert [refused] == guess([], response=response)


@pytest.mark.parametrize("content", [{}, {"text": None}])
def test_refusal_without_body(content: Json) -> None:
    """A body that is not in the capture is empty."""
    response = {"status": 403, "content": content}

    assert [Refused(t=0, status=403, headers={}, body="")] == guess(
        [], response=response
    )


@pytest.mark.parametrize("status", [-1, 0, 200])
def test_line_on_which_something_was_said_was_open(status: int) -> None:
    """HTTP/2 has another status for it, and some tools have missed it."""
    found = guess([make_message("send", STARTED_S)], response={"status": status})

    assert Opened(t=0, status=101, headers={}) == found[0]


def test_no_answer() -> None:
    """Without a status there was no answer, whatever error came instead of it."""
    error = make_message("error", STARTED_S, "refused", opcode=-1)

    assert [Lost(t=0, by="server", how=NO_ANSWER)] == guess([], response={"status": 0})
    assert [Lost(t=0, by="server", how="refused")] == guess([error], response={})


@pytest.mark.parametrize(
    ("kind", "data", "opcode"),
    [
        ("send", "AA==", 2),
        ("receive", "not base64", 2),
        ("receive", "not base64", 9),
        ("receive", "A+j/", 8),
        ("receive", "a", 0),
        ("both", "a", 1),
    ],
)
def test_message_that_no_transcript_holds(kind: str, data: str, opcode: int) -> None:
    """What cannot be recorded faithfully is refused."""
    with pytest.raises(ValueError, match=r"\w"):
        read_message(ListedMessage(type=kind, data=data, opcode=opcode), 0)


def test_header() -> None:
    """The address loses whatever may be a credential; the rest of the query stays."""
    header = make_header(make_entry([]), "ch01", 2)

    assert ("ch01", 2, "derived") == (header.job, header.attempt, header.vantage)
    assert "wss://service.example:8443/ws3" == header.endpoint
    assert (("speaker", "luna"), ("text", "a b")) == header.query
    assert "2026-01-02T03:04:05Z" == header.wall


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("http://a/ws3", "ws://a/ws3"),
        ("https://a/ws3?b", "wss://a/ws3"),
        ("ws://[::1]:80/x", "ws://[::1]:80/x"),
    ],
)
def test_mitmproxy_has_the_scheme_of_the_handshake(url: str, endpoint: str) -> None:
    """An address of HTTP is one of a WebSocket."""
    assert (
        endpoint == make_header(make_entry([], request={"url": url}), "j", 1).endpoint
    )


@pytest.mark.parametrize("url", ["", "ws3", "ftp://a/ws3", "ws:///ws3", "ws://[/ws3"])
def test_no_address(url: str) -> None:
    """What is no address of a WebSocket is refused."""
    with pytest.raises(ValueError, match=r"\w"):
        make_header(make_entry([], request={"url": url}), "ch01", 1)


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05.678000+00:00"),
        ("2026-01-02T03:04:05+02:00", "2026-01-02T01:04:05+00:00"),
        ("2026-01-02T03:04:05", "2026-01-02T03:04:05+00:00"),
    ],
)
def test_time(text: str, utc: str) -> None:
    """Any zone is understood, and none is taken for UTC."""
    assert utc == read_time(text).isoformat()


@pytest.mark.parametrize(
    "text", ["", "noon", "1969-12-31T23:59:59Z", "0001-01-01T00:00:00+01:00", "\ud800"]
)
def test_no_time(text: str) -> None:
    """What is no time of day, or none that a capture can have, is refused."""
    with pytest.raises(ValueError, match="when it began"):
        read_time(text)
