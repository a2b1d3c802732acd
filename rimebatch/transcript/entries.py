"""The format of a transcript, version 1: what one line holds, and how it is written.

A line is a JSON object. Its last key names what happened, and its value is the thing
itself, so that ``jq 'select(.received.type == "timestamps")'`` finds what it says. A
message stands verbatim as that value: escapes, spacing and number spellings are where
parser bugs live, and parsing and printing again would lose them. The few messages that
cannot stand there unchanged (not JSON, or JSON over several lines) are written as an
escaped string under ``sent_text`` or ``received_text`` instead.

What later runs believe without reading the rest, a take's commit and the trailer, ends
in a check sum of its own.
"""

import json
import re
import zlib
from typing import Final, Literal, TypeAlias, TypeVar, get_args

import msgspec

from rimebatch.errors import TranscriptError
from rimebatch.transcript.sums import Sums
from rimebatch.ws3.events import EventFields
from rimebatch.ws3.query import Query

FORMAT_VERSION: Final = 1

Kind: TypeAlias = Literal[
    "opened",
    "refused",
    "sent",
    "received",
    "received_binary",
    "ping",
    "pong",
    "closed",
    "lost",
    "take",
    "withdrawn",
    "sealed",
]

Side: TypeAlias = Literal["client", "server"]


class RecordedManners(msgspec.Struct, frozen=True):
    """How a session treated the service, which decides what it said and when.

    Attributes:
        done: Whether it took the service to send ``done``: ``auto``, ``always`` or
            ``never``.
        silence_limit_s: How long it waited for an event before it gave up.
    """

    done: Literal["auto", "always", "never"]
    silence_limit_s: float


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The first line: which connection this is the record of.

    Attributes:
        rimebatch_transcript: The version of the format.
        job: The manifest's id of the job.
        attempt: Which connection of that job, from 1.
        vantage: Where it was recorded; ``client`` is the recorder itself, ``proxy`` the
            recording proxy.
        endpoint: Scheme, host, port and path; never a key.
        query: The synthesis arguments, in the order of the wire.
        client: Versions of what spoke.
        wall: When, as RFC 3339 in whole seconds; for people, never used by replay.
        manners: Those of the session; without one, as at a proxy, there is no field.
        derived: Of a transcript that was made from another one: the digest of that
            file, by what it was made, and how. A recording does without the field.
    """

    rimebatch_transcript: int = FORMAT_VERSION
    job: str
    attempt: int
    vantage: str
    endpoint: str
    query: Query
    client: dict[str, str]
    wall: str | None
    manners: RecordedManners | None = None
    derived: dict[str, str] | None = None

    def encode(self) -> bytes:
        """Return the line, with its line feed."""
        optional = {"manners", "derived"}
        fields = {
            name: value
            for name, value in msgspec.structs.asdict(self).items()
            if value is not None or name not in optional
        }
        return msgspec.json.encode(fields) + b"\n"


class TakeRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A commit: this take is complete, and these bytes of the file prove it.

    Attributes:
        segment: The key of what was spoken.
        context_id: The label it was sent under.
        id: XXH3 over the messages of the take alone, without times: the same
            audio and words, in the same messages, have the same id in any transcript.
        start: Where the entries it covers begin in the file, in bytes.
        end: Where they end.
        digest: XXH3 of those bytes.
        ended: How its end was known.
        inferred: Whether the service gave no end of its own.
        audio_bytes: Bytes of audio in it.
        chars: Characters that were sent for it.
    """

    segment: str
    context_id: str
    id: str
    start: int
    end: int
    digest: str
    ended: str
    inferred: bool
    audio_bytes: int
    chars: int


class Trailer(msgspec.Struct, frozen=True, kw_only=True):
    """The last line: nothing is missing before it, and what takes there are.

    Attributes:
        entries: How many lines stand between header and trailer.
        takes: All commits that count, so that a plan need read no more than this.
        sums: Whether a line was damaged, and which (`rimebatch.transcript.sums`).
    """

    entries: int
    takes: tuple[TakeRecord, ...]
    sums: Sums


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line between header and trailer, or the trailer.

    Attributes:
        number: Counts from 1, over all lines after the header.
        time_ns: Nanoseconds since the connection was begun, on the recorder's clock.
        kind: What happened.
        value: For a message, its exact wire text; for anything else, JSON.
        start: Where the line begins in the file, in bytes.
        end: Where it ends, line feed included.
    """

    number: int
    time_ns: int
    kind: Kind
    value: str
    start: int
    end: int


Checked = TypeVar("Checked", bound=msgspec.Struct)

_raw: Final = msgspec.json.Decoder(msgspec.Raw)

# The writer's own spellings, so they can be matched exactly.
_HEADER: Final = re.compile(rb'\{"rimebatch_transcript":(\d{1,9}),')
_LINE: Final = re.compile(rb'\{"n":(\d{1,15}),"t":(\d{1,19}),"([a-z_]{1,20})":')
_CHECK: Final = ',"check":"'
_KINDS: Final = frozenset(get_args(Kind))
_ESCAPED_KINDS: Final = {"sent_text": "sent", "received_text": "received"}

_MOST_BRACKETS: Final = 200  # jq 1.6 reads 256 levels; Python's own limit is near 1,000


def header_version(line: bytes) -> int | None:
    """Return the version of the format that *line* announces; ``None`` if it is none.

    Known before anything else of the line is, since a later version may differ in all
    the rest.
    """
    match = _HEADER.match(line)
    return int(match[1]) if match else None


def encode_checked(record: msgspec.Struct) -> bytes:
    """Return *record* as JSON, with a check sum of it all as its last field."""
    return _add_check_sum(msgspec.json.encode(record)[:-1].decode()).encode()


def decode_checked(value: str, kind: type[Checked]) -> Checked:
    """Return the record of that *kind* in *value*.

    Raises:
        TranscriptError: It is damaged, or not such a record.
    """
    fields = value.rpartition(_CHECK)[0]
    if value != _add_check_sum(fields):
        raise TranscriptError(f"damaged {kind.__name__}: its check sum differs")
    try:
        return msgspec.json.decode(value, type=kind)
    except msgspec.MsgspecError as error:
        raise TranscriptError(f"not a {kind.__name__}: {error}") from None


def _add_check_sum(fields: str) -> str:
    return f'{fields}{_CHECK}{zlib.crc32(fields.encode()):08x}"}}'


def encode_entry(number: int, time_ns: int, kind: Kind, value: bytes) -> bytes:
    """Return the line for *value*, which is JSON on one line already."""
    return b'{"n":%d,"t":%d,"%s":%s}\n' % (number, time_ns, kind.encode(), value)


def encode_message(
    number: int,
    time_ns: int,
    kind: Literal["sent", "received"],
    message: str,
    *,
    is_plain: bool = False,
) -> bytes:
    """Return the line for *message*, verbatim if it can stand there unchanged.

    Args:
        number: Of the entry.
        time_ns: When.
        kind: What happened to it.
        message: The wire text.
        is_plain: Whether it is known that it can, so that it need not be looked at.
    """
    try:
        wire = message.encode()
        if is_plain or _is_plain_json(wire):
            return encode_entry(number, time_ns, kind, wire)
    except UnicodeEncodeError:
        pass  # a lone surrogate: escaped below
    # json, not msgspec: it can write a lone surrogate, as an ASCII escape.
    escaped = json.dumps(message).encode()
    return b'{"n":%d,"t":%d,"%s_text":%s}\n' % (number, time_ns, kind.encode(), escaped)


def _is_plain_json(wire: bytes) -> bool:
    """Whether *wire* is one JSON value on one line, with nothing around it."""
    if b"\n" in wire or b"\r" in wire or wire != wire.strip() or _is_deep(wire):
        return False
    try:
        _raw.decode(wire)
    except msgspec.DecodeError:
        return False
    return True


def _is_deep(wire: bytes) -> bool:
    """Whether *wire* may be nested more deeply than readers of JSON bear."""
    if wire.find(b"{", 1) < 0 and b"[" not in wire:  # as audio: spares a count
        return False
    return wire.count(b"[") + wire.count(b"{") > _MOST_BRACKETS


def line_kind(line: bytes) -> str | None:
    """Return what *line* says it is, the rest of it unread; ``None`` if nothing."""
    match = _LINE.match(line)
    return match[3].decode() if match else None


class _PlainLine(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A line as nearly all of a take's are."""

    n: int
    t: int
    received: EventFields | msgspec.UnsetType = msgspec.UNSET
    sent: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    ping: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    pong: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_plain_lines: Final = msgspec.json.Decoder(_PlainLine)


def decode_events(lines: bytes) -> list[EventFields] | None:
    """Return the fields of each event that was received in *lines*, all in one go.

    It takes a fourth of the time that `decode_entry` and `decode_event` would need.

    Args:
        lines: Bytes with the digest of their commit, so that the spelling of what is
            around each message, which is the writer's, is not looked at.

    Returns:
        ``None`` if they are not all as plain as usual, be they damaged or merely odd.
    """
    if not lines.endswith(b"\n"):
        return None
    try:
        plain = _plain_lines.decode_lines(lines)
    except (ValueError, RecursionError):
        return None
    return [line.received for line in plain if line.received is not msgspec.UNSET]


def decode_entry(line: bytes, start: int) -> Entry:
    """Return the entry in *line*, which begins at byte *start* and ends in a line feed.

    Raises:
        TranscriptError: It is not a line that this version writes. The message says
            at which byte, not what stands there.
    """
    match = _LINE.match(line)
    if match is None or not line.endswith(b"}\n"):
        raise TranscriptError(f"byte {start}: not a transcript entry")
    name = match[3].decode()
    kind = _ESCAPED_KINDS.get(name, name)
    read_value = _unescape if name in _ESCAPED_KINDS else _check_json
    try:
        value = read_value(line[match.end() : -2].decode())
    except (ValueError, RecursionError) as error:
        raise TranscriptError(f"byte {start}: damaged entry: {error}") from None
    if kind not in _KINDS:
        raise TranscriptError(
            f"byte {start}: unknown kind of entry; a newer RimeBatch?"
        )
    return Entry(
        number=int(match[1]),
        time_ns=int(match[2]),
        kind=kind,  # type: ignore[arg-type]  # checked against the Literal just above
        value=value,
        start=start,
        end=start + len(line),
    )


def _unescape(value: str) -> str:
    text = json.loads(value)
    if not isinstance(text, str):
        raise ValueError("not a string")  # noqa: TRY004  # of the file, not of the type
    return text


def _check_json(value: str) -> str:
    _raw.decode(value)
    return value
