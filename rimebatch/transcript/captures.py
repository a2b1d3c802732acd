"""What other tools put into a HAR file of a WebSocket, and what must have happened.

Such a tool knows messages and little else: not how the line ended, and seldom when it
was opened. Each guess here is the one that a replay can be held to. `har` knows the
file around it, and what RimeBatch itself writes.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec
import pybase64

from rimebatch.transcript.conversation import (
    Closed,
    Happening,
    Lost,
    Message,
    Opened,
    Ping,
    Pong,
    Received,
    ReceivedBinary,
    Refused,
    Sent,
)
from rimebatch.transcript.entries import Header, Side
from rimebatch.ws3.query import decode_query

CAPTURE_ENDS: Final = "the capture ends here"
NO_ANSWER: Final = "the capture holds no answer to the handshake"

WIRE: Final[dict[type[Message], tuple[str, int]]] = {
    Sent: ("send", 1),
    Received: ("receive", 1),
    ReceivedBinary: ("receive", 2),
}
"""What a message is in the list: its ``type``, and its ``opcode`` (RFC 6455, 5.2)."""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_KINDS: Final = {wire: kind for kind, wire in WIRE.items()}
_SIDES: Final[dict[str, Side]] = {"send": "client", "receive": "server"}
_CLOSE: Final = 8  # these three opcodes too are from RFC 6455, 5.2
_PING: Final = 9
_PONG: Final = 10

_SWITCHING_PROTOCOLS: Final = 101
_NO_CODE: Final = 1005  # RFC 6455, 7.4.1: stands for a close frame without a code

# Times are seconds since 1970 (Chrome, mitmproxy) or milliseconds (Playwright). Seconds
# reach this in the year 2286, milliseconds had reached it in April 1970.
_FIRST_MS: Final = 1e10
_LAST_MS: Final = 1e13  # the year 2286 again: in nanoseconds, as long as a time may be

# Of a stranger's answer only this bears on what a client does; cookies must not stay.
_KEPT_HEADERS: Final = frozenset({"content-type", "retry-after"})

# A browser cannot send the key as a header, so whoever stands between it and the
# service may want one in the address. No synthesis argument is named like that.
_CREDENTIAL: Final = re.compile("auth|key|passw|secret|token", re.IGNORECASE)


class _Pair(msgspec.Struct):
    name: str
    value: str


class _Request(msgspec.Struct):
    url: str


class _Content(msgspec.Struct):
    text: str | None = None


class _Response(msgspec.Struct):
    status: int = 0
    headers: list[_Pair] = []
    content: _Content = msgspec.field(default_factory=_Content)


class _Close(msgspec.Struct):
    code: int | None = None
    reason: str | None = None


class ListedMessage(msgspec.Struct):
    """A message as it stands in the list.

    Attributes:
        type: ``send``, ``receive``, or Chrome's ``error``.
        data: Text, or base64 of anything else.
        opcode: That of RFC 6455.
        time: Seconds or milliseconds since 1970; -1 if it was not recorded.
    """

    type: str
    data: str
    opcode: int = 1
    time: Annotated[float, msgspec.Meta(ge=-1, lt=_LAST_MS)] = -1


class CapturedEntry(msgspec.Struct, rename={"started": "startedDateTime"}):
    """An entry of a HAR file that has a list of messages; what matters of it.

    Attributes:
        started: When, as RFC 3339.
        request: With the address.
        messages: All of both directions, in order.
        response: To the handshake.
        close: How it ended, which HTTP Toolkit alone says.
    """

    started: str
    request: _Request
    messages: list[ListedMessage] = msgspec.field(name="_webSocketMessages")
    response: _Response = msgspec.field(default_factory=_Response)
    close: _Close | str | None = msgspec.field(name="_webSocketClose", default=None)


def make_header(entry: CapturedEntry, job: str, attempt: int) -> Header:
    """Return the first line of the transcript that *entry* could be.

    Raises:
        ValueError: Its address, or its time, is none.
    """
    address = urlsplit(entry.request.url)
    # mitmproxy has the scheme of the handshake.
    scheme = {"http": "ws", "https": "wss"}.get(address.scheme, address.scheme)
    if scheme not in {"ws", "wss"} or not address.hostname:
        raise ValueError("its url is not the address of a WebSocket")
    host = address.netloc.rpartition("@")[2]
    query = decode_query(address.query)
    return Header(
        job=job,
        attempt=attempt,
        vantage="derived",
        endpoint=f"{scheme}://{host}{address.path}",
        query=tuple(pair for pair in query if not _CREDENTIAL.search(pair[0])),
        client={},
        wall=read_time(entry.started).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )


def guess_happenings(entry: CapturedEntry) -> Iterator[Happening]:
    """Yield what happened, at times that never go back.

    Raises:
        ValueError: Something in it is damaged, or cannot stand in a transcript.
    """
    last: Happening = _guess_opening(entry)
    yield last
    if isinstance(last, Opened):
        for message, time_ns in zip(entry.messages, _times_ns(entry), strict=True):
            last = read_message(message, time_ns)
            yield last
        if not isinstance(last, Closed | Lost):
            yield _guess_end(entry.close, last.t)


def read_message(message: ListedMessage, time_ns: int) -> Happening:
    """Return what *message*, which came at that time, is.

    Raises:
        ValueError: It is damaged, or cannot stand in a transcript.
    """
    kind = _KINDS.get((message.type, message.opcode))
    if kind:
        return msgspec.convert({"t": time_ns, "message": message.data}, type=kind)
    match message.type, message.opcode:
        case "error", _:
            return Lost(t=time_ns, how=message.data)
        case "send" | "receive", 8 | 9 | 10:
            return _read_control(message, time_ns)
        case "send", 2:
            raise ValueError("ws3 knows no binary message of the client")
        case _:
            what = f"type {message.type!r} and opcode {message.opcode}"
            raise ValueError(f"a message has the unknown {what}")


def read_time(text: str) -> datetime:
    """Return the time of day that *text*, in RFC 3339, says; UTC if it says no zone.

    Raises:
        ValueError: It says none, or one before 1970.
    """
    try:
        time = datetime.fromisoformat(text)
        time = time.replace(tzinfo=time.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        time = None
    if time is None or time < EPOCH:
        raise ValueError("it does not say when it began")
    return time


def _guess_opening(entry: CapturedEntry) -> Opened | Refused | Lost:
    """Return how it began; a line on which something was said was open.

    Over HTTP/2 an open line has status 200, and a tool that came late has none.
    """
    status = entry.response.status
    found = {each.name.lower(): each.value for each in entry.response.headers}
    headers = {name: found[name] for name in sorted(_KEPT_HEADERS & found.keys())}
    said = any(each.type in _SIDES for each in entry.messages)
    if said or status == _SWITCHING_PROTOCOLS:
        return Opened(t=0, status=_SWITCHING_PROTOCOLS, headers=headers)
    if status > 0:
        body = entry.response.content.text or ""
        return Refused(t=0, status=status, headers=headers, body=body)
    return Lost(t=0, how=entry.messages[0].data if entry.messages else NO_ANSWER)


def _times_ns(entry: CapturedEntry) -> Iterator[int]:
    """Yield the time of each message since the entry's start.

    Some tools count from elsewhere than they say; then the first message is the start.
    """
    times = [message.time for message in entry.messages]
    times_s = [time / 1000 if time >= _FIRST_MS else time for time in times]
    started_s = read_time(entry.started).timestamp()
    origin_s = min([started_s, *(time_s for time_s in times_s if time_s >= 0)])
    time_ns = 0
    for time_s in times_s:
        # A float of today's date holds no more than microseconds.
        time_ns = max(time_ns, round((time_s - origin_s) * 1e6) * 1000)
        yield time_ns


def _read_control(message: ListedMessage, time_ns: int) -> Closed | Ping | Pong:
    by = _SIDES[message.type]
    payload = pybase64.b64decode(message.data, validate=True)
    if message.opcode == _CLOSE:
        code = int.from_bytes(payload[:2]) if payload else _NO_CODE
        return Closed(t=time_ns, by=by, code=code, reason=payload[2:].decode())
    kind = Ping if message.opcode == _PING else Pong
    return kind(t=time_ns, by=by, payload=payload.hex())


def _guess_end(close: _Close | str | None, time_ns: int) -> Closed | Lost:
    """Return how it ended; HTTP Toolkit does not say who closed, or when."""
    if isinstance(close, _Close):
        code, reason = close.code or _NO_CODE, close.reason or ""
        return Closed(t=time_ns, by="server", code=code, reason=reason)
    return Lost(t=time_ns, how=close or CAPTURE_ENDS)
