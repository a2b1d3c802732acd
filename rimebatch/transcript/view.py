"""A transcript as a timeline for people: one entry a line, and of audio its length.

Text is shown as it is on record, cut to a line; what a terminal might obey is escaped.
This module knows no terminal and no colours.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, Literal, TypeAlias

import msgspec

from rimebatch.errors import RemoteProtocolError, TranscriptError
from rimebatch.manifest.mistakes import make_printable
from rimebatch.transcript.entries import (
    Entry,
    Header,
    TakeRecord,
    Trailer,
    decode_checked,
)
from rimebatch.ws3.commands import Command, Text, decode_command
from rimebatch.ws3.events import (
    Chunk,
    Done,
    ErrorEvent,
    Event,
    Timestamps,
    Unknown,
    decode_event,
)
from rimebatch.ws3.query import Query
from rimebatch.ws3.takes import BYTES_PER_SAMPLE

Actor: TypeAlias = Literal["client", "server", "recorder"]

_SHOWN_CHARS: Final = 72  # of a text: the line stays below 140
_SHOWN_DIGITS: Final = 8  # of a digest: enough to see whether two are the same
_NS_PER_S: Final = 1_000_000_000
_Labelled: TypeAlias = Text | Chunk | Timestamps | Done


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the timeline.

    Attributes:
        first: The number of the entry, or of the first of several chunks.
        last: Of the last one.
        time_ns: When the first was, since the connection was begun.
        gap_ns: How long that was after the entry before.
        by: Whose doing it was; commits and the trailer are the recorder's.
        what: What it is, in a word or two.
        context_id: Its label, where it has one.
        detail: The rest.
    """

    first: int
    last: int
    time_ns: int
    gap_ns: int
    by: Actor
    what: str
    context_id: str
    detail: str


class _Note(msgspec.Struct):
    """The union of what happens to a connection."""

    by: Actor = "server"
    status: int = 0
    body: str = ""
    payload: str = ""
    code: int = 0
    reason: str = ""
    how: str = ""


_Seen: TypeAlias = tuple[Entry, Command | Event | None]
_Shown: TypeAlias = tuple[Actor, str, str, str]  # a row's by, what, context_id, detail


def make_rows(
    header: Header, entries: Iterable[Entry], *, fold: bool = True
) -> Iterator[Row]:
    """Yield the timeline of *entries*.

    Args:
        header: Of their transcript; its query tells how long audio is.
        entries: In order.
        fold: Whether consecutive chunks of one context id become one row.
    """

    def run_of(seen: _Seen) -> object:
        entry, message = seen
        if fold and isinstance(message, Chunk):
            return message.context_id
        return entry.number

    before_ns = 0
    for _, run in groupby(map(_read, entries), run_of):
        seen = list(run)
        first, last = seen[0][0], seen[-1][0]
        gap_ns = first.time_ns - before_ns
        before_ns = last.time_ns
        yield Row(
            first.number,
            last.number,
            first.time_ns,
            gap_ns,
            *_show(seen, header.query),
        )


def describe_header(header: Header) -> list[str]:
    """Return what *header* says, in lines."""
    wall = f", {header.wall}" if header.wall else ""
    client = (f"{name} {version}" for name, version in header.client.items())
    derived = (f"{name} {value}" for name, value in (header.derived or {}).items())
    lines = [
        f"{header.job}, attempt {header.attempt}, {header.endpoint}{wall}",
        ", ".join(f"{name}={value}" for name, value in header.query),
        f"vantage {header.vantage}; {', '.join(client)}",
        f"derived: {', '.join(derived)}" if header.derived else "",
    ]
    return [make_printable(line) for line in lines if line]


def find_length_s(query: Query, audio_bytes: int) -> float | None:
    """Return how long so much audio is, in seconds; ``None`` where that is unknown."""
    parameters = dict(query)
    width = BYTES_PER_SAMPLE.get(parameters.get("audioFormat", ""))
    rate = parameters.get("samplingRate", "")
    if width is None or not rate.isdecimal() or not int(rate):
        return None
    return audio_bytes / width / int(rate)


def describe_audio(query: Query, audio: bytes) -> str:
    """Return the size of *audio*, its length where that is known, and its digest."""
    digest = hashlib.sha256(audio).hexdigest()[:_SHOWN_DIGITS]
    return f"{_describe_size(query, len(audio))}, {digest}"


def describe_text(text: str) -> str:
    """Return *text* in quotes, on one line, cut to what fits there."""
    cut = text if len(text) <= _SHOWN_CHARS else text[: _SHOWN_CHARS - 1] + "…"
    return f'"{make_printable(cut)}"'


def _describe_size(query: Query, audio_bytes: int) -> str:
    length_s = find_length_s(query, audio_bytes)
    return f"{audio_bytes:,} bytes" + (f", {length_s:.3f} s" if length_s else "")


def _read(entry: Entry) -> _Seen:
    try:
        if entry.kind == "sent":
            return entry, decode_command(entry.value)
        if entry.kind == "received":
            return entry, decode_event(entry.value)
    except RemoteProtocolError:
        pass  # shown as it stands
    return entry, None


def _show(run: Sequence[_Seen], query: Query) -> _Shown:
    """Return what a row says of *run*: of several chunks, or of one entry."""
    entry, message = run[0]
    if entry.kind not in {"sent", "received"}:
        return _show_other(entry, query)
    by: Actor = "client" if entry.kind == "sent" else "server"
    label = message.context_id if isinstance(message, _Labelled) else None
    if isinstance(message, Chunk):
        what, detail = _describe_chunks(run, query)
    else:
        what, detail = _describe_message(entry, message)
    return by, what, make_printable(label or ""), detail


def _describe_chunks(run: Sequence[_Seen], query: Query) -> tuple[str, str]:
    audio = b"".join(chunk.audio for _, chunk in run if isinstance(chunk, Chunk))
    detail = describe_audio(query, audio)
    if len(run) == 1:
        return "chunk", detail
    took_ns = run[-1][0].time_ns - run[0][0].time_ns
    return f"{len(run):,} chunks", f"{detail}, within {took_ns / _NS_PER_S:.3f} s"


def _describe_message(entry: Entry, message: Command | Event | None) -> tuple[str, str]:
    what = type(message).__name__.lower()
    match message:
        case None:
            return "message", describe_text(entry.value)
        case Text(text):
            return what, describe_text(text)
        case Timestamps():
            return what, _describe_words(message)
        case ErrorEvent(text):
            return "error", describe_text(text)
        case Unknown(name):
            return "unknown", describe_text(name)
        case _:
            return what, ""


def _describe_words(times: Timestamps) -> str:
    if not times.words:
        return "no words"
    span = f"{times.start[0]:.3f} to {times.end[-1]:.3f} s"
    return f"words: {len(times.words)}, {span}: {describe_text(' '.join(times.words))}"


def _show_other(entry: Entry, query: Query) -> _Shown:
    try:
        match entry.kind:
            case "received_binary":
                binary = msgspec.json.decode(entry.value, type=bytes)
                return "server", "binary", "", f"{len(binary):,} bytes"
            case "take" | "withdrawn":
                return _show_take(entry, query)
            case "sealed":
                trailer = decode_checked(entry.value, Trailer)
                detail = f"entries: {trailer.entries:,}, takes: {len(trailer.takes):,}"
                return "recorder", "sealed", "", detail
        return _show_connection(entry)
    except (TranscriptError, msgspec.MsgspecError):
        return "recorder", entry.kind, "", f"damaged: {describe_text(entry.value)}"


def _show_take(entry: Entry, query: Query) -> _Shown:
    take = decode_checked(entry.value, TakeRecord)
    ended = f"ended by {take.ended}" + (", inferred" if take.inferred else "")
    size = _describe_size(query, take.audio_bytes)
    named = f"segment {take.segment[:_SHOWN_DIGITS]}, id {take.id[:_SHOWN_DIGITS]}"
    detail = make_printable(f"{ended}; {take.chars} characters, {size}; {named}")
    return "recorder", entry.kind, make_printable(take.context_id), detail


def _show_connection(entry: Entry) -> _Shown:
    note = msgspec.json.decode(entry.value, type=_Note)
    match entry.kind:
        case "opened":
            detail = str(note.status)
        case "refused":
            detail = f"{note.status} {describe_text(note.body)}"
        case "closed":
            detail = f"{note.code} {note.reason and describe_text(note.reason)}".strip()
        case "lost":
            detail = describe_text(note.how)
        case _:
            detail = note.payload
    return note.by, entry.kind, "", detail
