"""Conversations as HAR, and back.

HAR 1.2 knows requests and responses. Messages stand under ``_webSocketMessages``, which
Chrome began and others follow. What that list has no place for stands under
``_rimebatch``, so that a conversation comes back as it was; where that is missing,
`captures` guesses.

This module knows no files and no service; what the names of endpoints stand for, it is
told.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import msgspec

from rimebatch.errors import TranscriptError
from rimebatch.transcript.captures import (
    EPOCH,
    WIRE,
    CapturedEntry,
    ListedMessage,
    guess_happenings,
    make_header,
    read_message,
    read_time,
)
from rimebatch.transcript.conversation import (
    Conversation,
    Happening,
    Message,
    Opened,
    Refused,
)
from rimebatch.transcript.entries import FORMAT_VERSION, Header
from rimebatch.ws3.query import Query, encode_query

_NS_PER_MS: Final = 1_000_000
_NS_PER_S: Final = 1_000_000_000
_PHRASES: Final = {int(status): status.phrase for status in HTTPStatus}


class _Creator(msgspec.Struct):
    name: str = "unknown"
    version: str = ""


class _Log(msgspec.Struct):
    entries: list[dict[str, object]]
    creator: _Creator = msgspec.field(default_factory=_Creator)


class _Har(msgspec.Struct):
    log: _Log


@dataclass(frozen=True, slots=True)
class _Origin:
    """Which tool wrote the file, and the digest of the file."""

    tool: str
    sha256: str


class _Extension(msgspec.Struct):
    """What HAR has no place for.

    Attributes:
        header: The first line of the transcript.
        entries: All in order, at their times; messages without what they say.
    """

    header: Header
    entries: Sequence[Happening]


class _Entry(CapturedEntry):
    extension: _Extension | None = msgspec.field(name="_rimebatch", default=None)


def encode_har(
    conversations: Iterable[Conversation], addresses: Mapping[str, str], version: str
) -> bytes:
    """Return *conversations* as one HAR file, an entry for each.

    Args:
        conversations: What to write.
        addresses: What ``local`` and ``cloud`` stand for.
        version: Of RimeBatch.

    Raises:
        TranscriptError: A header has a time of day that is none.
    """
    creator = {"name": "rimebatch", "version": version}
    entries = [_make_entry(each, addresses) for each in conversations]
    har = {"log": {"version": "1.2", "creator": creator, "entries": entries}}
    # json, not msgspec: it can write a lone surrogate, as an ASCII escape.
    return json.dumps(har, separators=(",", ":")).encode()


def decode_har(
    content: bytes, name: str, job: str, *, every: bool = False
) -> list[Conversation]:
    """Return the conversations in a HAR file, whichever tool wrote it.

    Args:
        content: Of the file.
        name: Of the file, for errors.
        job: The id of the job in the headers, where the file does not say.
        every: Whether to take connections to paths other than ``/ws3`` as well.

    Raises:
        TranscriptError: It is no HAR file, or holds what a transcript cannot.
    """
    try:
        log = msgspec.convert(json.loads(content), type=_Har).log
    except (ValueError, RecursionError) as error:
        raise TranscriptError(f"{name}: not a HAR file: {error}") from None
    origin = _Origin(
        tool=f"{log.creator.name} {log.creator.version}".rstrip(),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    found: list[Conversation] = []
    for number, raw in enumerate(log.entries, 1):
        if "_webSocketMessages" not in raw:
            continue
        try:
            entry = msgspec.convert(raw, type=_Entry)
            if every or urlsplit(entry.request.url).path.endswith("/ws3"):
                found.append(_read_entry(entry, job, len(found) + 1, origin))
        except ValueError as error:
            raise TranscriptError(f"{name}: entry {number}: {error}") from None
    if not found:
        raise TranscriptError(
            f"{name}: no connection to /ws3 with its messages is in it; --all takes "
            "other paths, and Playwright keeps messages with `content: 'embed'` alone"
        )
    return found


def _make_entry(
    conversation: Conversation, addresses: Mapping[str, str]
) -> dict[str, object]:
    header, happenings = conversation.header, conversation.happenings
    started = _read_wall(header)
    answer = next((h for h in happenings if isinstance(h, Opened | Refused)), None)
    time_ms = max((h.t for h in happenings), default=0) / _NS_PER_MS
    wait_ms = answer.t / _NS_PER_MS if answer else time_ms
    address = addresses.get(header.endpoint, header.endpoint)
    entry: dict[str, object] = {
        "startedDateTime": started.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "time": time_ms,
        "request": _make_request(address, header.query),
        "response": _make_response(answer),
        "cache": {},
        "timings": {"send": 0, "wait": wait_ms, "receive": time_ms - wait_ms},
        "_resourceType": "websocket",
        "_webSocketMessages": [
            _make_message(h, started) for h in happenings if isinstance(h, Message)
        ],
        "_rimebatch": msgspec.to_builtins(_Extension(header, _strip(happenings))),
    }
    if header.wall is None:
        entry["comment"] = "The transcript does not say when; its times begin in 1970."
    return entry


def _read_wall(header: Header) -> datetime:
    try:
        return EPOCH if header.wall is None else read_time(header.wall)
    except ValueError as error:
        where = f"{header.job}, attempt {header.attempt}"
        raise TranscriptError(f"{where}: {error}") from error


def _make_request(address: str, query: Query) -> dict[str, object]:
    """Return the handshake as it was asked for, without its headers: one is the key."""
    return {
        "method": "GET",
        "url": f"{address}?{encode_query(query)}",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": [],
        "queryString": _make_pairs(query),
        "headersSize": -1,
        "bodySize": 0,
    }


def _make_response(answer: Opened | Refused | None) -> dict[str, object]:
    """Return the answer to the handshake; status 0 stands for none, as elsewhere."""
    status = answer.status if answer else 0
    headers = answer.headers if answer else {}
    body = answer.body if isinstance(answer, Refused) else ""
    size_bytes = len(body.encode())
    return {
        "status": status,
        "statusText": _PHRASES.get(status, ""),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _make_pairs(headers.items()),
        "content": {
            "size": size_bytes,
            "mimeType": headers.get("content-type", "x-unknown"),
            "text": body,
        },
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": size_bytes,
    }


def _make_pairs(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _make_message(message: Message, started: datetime) -> dict[str, object]:
    kind, opcode = WIRE[type(message)]
    return {
        "type": kind,
        "time": started.timestamp() + message.t / _NS_PER_S,
        "opcode": opcode,
        "data": msgspec.to_builtins(message.message),  # makes base64 of bytes
    }


def _strip(happenings: Iterable[Happening]) -> list[Happening]:
    """Return *happenings* without what the messages say, which the list says."""
    return [type(h)(t=h.t) if isinstance(h, Message) else h for h in happenings]


def _read_entry(entry: _Entry, job: str, attempt: int, origin: _Origin) -> Conversation:
    if entry.extension:
        header = entry.extension.header
        happenings = _fill(entry.extension, entry.messages)
    else:
        header = make_header(entry, job, attempt)
        happenings = list(guess_happenings(entry))
    header = msgspec.structs.replace(
        header,
        vantage="derived",
        client={**header.client, "imported-from": origin.tool},
        derived={"from": origin.sha256, "by": "import"},
    )
    # Only a message may hold a lone surrogate: anywhere else this fails, and in time.
    msgspec.json.encode((header, _strip(happenings)))
    return Conversation(header, tuple(happenings))


def _fill(extension: _Extension, messages: Iterable[ListedMessage]) -> list[Happening]:
    """Return what RimeBatch wrote, with what the messages say."""
    version = extension.header.rimebatch_transcript
    if version != FORMAT_VERSION:
        reads = f"this RimeBatch reads {FORMAT_VERSION}"
        raise ValueError(f"transcript version {version}; {reads}; please update it")
    read = [read_message(message, 0) for message in messages]
    places = [h for h in extension.entries if isinstance(h, Message)]
    if [type(place) for place in places] != [type(message) for message in read]:
        raise ValueError("_rimebatch and _webSocketMessages do not belong together")
    filling = iter(read)
    return [
        msgspec.structs.replace(next(filling), t=h.t) if isinstance(h, Message) else h
        for h in extension.entries
    ]
