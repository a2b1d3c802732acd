"""What happened on one connection, as values: between a transcript and other formats.

A conversation holds what was said and how the line fared. The commits of a transcript
are about bytes of one file, and do not leave it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import msgspec

from rimebatch.errors import SecretError, TranscriptError
from rimebatch.transcript.entries import Entry, Header, Side
from rimebatch.transcript.reader import read_entries, read_header
from rimebatch.transcript.redactor import Redactor
from rimebatch.transcript.store import JobTranscripts
from rimebatch.transcript.writer import TranscriptWriter

OF_THE_FILE: Final = frozenset({"take", "withdrawn", "sealed"})
"""Kinds of entries that are about the file, and tell of no happening."""

_Hex: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^(?:[0-9a-f]{2})*\Z")]


class _Timed(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag=str.lower
):
    # Nanoseconds since the connection was begun; 292 years of them.
    t: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class Opened(_Timed, frozen=True):
    """The handshake succeeded."""

    status: int
    headers: dict[str, str]


class Refused(_Timed, frozen=True):
    """The handshake was answered with anything but an upgrade."""

    status: int
    headers: dict[str, str]
    body: str


class Sent(_Timed, omit_defaults=True, frozen=True):
    """A message of the client."""

    message: str = ""


class Received(_Timed, omit_defaults=True, frozen=True):
    """A message of the server."""

    message: str = ""


class ReceivedBinary(_Timed, omit_defaults=True, tag="received_binary", frozen=True):
    """A binary message of the server."""

    message: bytes = b""


class Ping(_Timed, frozen=True):
    """A ping."""

    by: Side
    payload: _Hex


class Pong(_Timed, frozen=True):
    """A pong."""

    by: Side
    payload: _Hex


class Closed(_Timed, frozen=True):
    """A close frame."""

    by: Side
    code: int
    reason: str


class Lost(_Timed, frozen=True):
    """The line ended, or was given up, without a closing handshake."""

    how: str
    by: Side = "server"


Message: TypeAlias = Sent | Received | ReceivedBinary
Happening: TypeAlias = Opened | Refused | Message | Ping | Pong | Closed | Lost


@dataclass(frozen=True, slots=True)
class Conversation:
    """One connection.

    Attributes:
        header: Of its transcript.
        happenings: All that happened on it, in the order of the record.
    """

    header: Header
    happenings: tuple[Happening, ...]


def read_conversation(path: Path) -> Conversation:
    """Return what the transcript at *path* holds, whether it is sealed or not.

    Raises:
        TranscriptError: It cannot be read, or an entry is not what its kind says.
    """
    header = read_header(path)
    try:
        return Conversation(header, tuple(_read_happenings(read_entries(path))))
    except ValueError as error:
        raise TranscriptError(f"{path}: {error}") from error


def write_conversation(
    conversation: Conversation, transcripts: JobTranscripts, redactor: Redactor
) -> Path:
    """Write *conversation* as the next of *transcripts*, sealed; return its path.

    Raises:
        OutputError: It cannot be written.
        SecretError: The redactor found a credential in it; no file is left.
    """
    times = [happening.t for happening in conversation.happenings]
    clock = chain(times, repeat(times[-1] if times else 0))  # the last: for the seal
    writer = transcripts.create(lambda _: conversation.header, clock.__next__, redactor)
    try:
        with writer:
            for happening in conversation.happenings:
                _write_happening(happening, writer)
    except SecretError:
        writer.path.unlink()
        raise
    return writer.path


def _read_happenings(entries: Iterable[Entry]) -> Iterator[Happening]:
    for entry in entries:
        if entry.kind not in OF_THE_FILE:
            try:
                yield read_happening(entry)
            except ValueError as error:
                raise ValueError(f"entry {entry.number}: {error}") from error


def read_happening(entry: Entry) -> Happening:
    """Return what *entry* tells; it is none of `OF_THE_FILE`.

    Raises:
        ValueError: It does not hold what its kind should.
    """
    fields: dict[str, object]
    match entry.kind:
        case "sent" | "received":
            fields = {"message": entry.value}
        case "received_binary":
            fields = {"message": msgspec.json.decode(entry.value, type=str)}
        case _:
            fields = msgspec.json.decode(entry.value, type=dict[str, object])
    fields |= {"kind": entry.kind, "t": entry.time_ns}
    happening: Happening = msgspec.convert(fields, type=Happening)
    return happening


def _write_happening(happening: Happening, writer: TranscriptWriter) -> None:
    match happening:
        case Opened(status=status, headers=headers):
            writer.opened(status, headers)
        case Refused(status=status, headers=headers, body=body):
            writer.refused(status, headers, body)
        case Ping(by=by, payload=payload):
            writer.ping(by, bytes.fromhex(payload))
        case Pong(by=by, payload=payload):
            writer.pong(by, bytes.fromhex(payload))
        case Closed(by=by, code=code, reason=reason):
            writer.closed(by, code, reason)
        case Lost(by=by, how=how):
            writer.lost(by, how)
        case message:
            _write_message(message, writer)


def _write_message(message: Message, writer: TranscriptWriter) -> None:
    match message:
        case Sent(message=text):
            writer.sent(text)
        case Received(message=text):
            writer.received(text)
        case binary:
            writer.received_binary(binary.message)
