"""New transcripts out of old ones: cut short, or without what was spoken.

What is kept of a sound transcript stays sound: commits move with the bytes that they
cover, and a new trailer seals it all. The header says what it was made of, and how. No
transcript is ever changed in its place.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec
import xxhash
from msgspec.structs import replace

from rimebatch.errors import OutputError, SecretError, TranscriptError
from rimebatch.files import PRIVATE, write_whole
from rimebatch.transcript.entries import (
    Entry,
    Header,
    Side,
    TakeRecord,
    Trailer,
    decode_checked,
    decode_entry,
    encode_checked,
    encode_entry,
    encode_message,
)
from rimebatch.transcript.reader import read_entries, read_header
from rimebatch.transcript.redactor import Redactor
from rimebatch.transcript.sums import LineSums
from rimebatch.transcript.verify import verify_transcript

VANTAGE: Final = "derived"

_NOTHING: Final = Entry(number=0, time_ns=0, kind="opened", value="", start=0, end=0)


class _Closed(msgspec.Struct):
    by: Side
    code: int
    reason: str


def cut_transcript(source: Path, at: int, code: int | None = None) -> bytes:
    """Return the transcript at *source* as if it had ended after entry *at*.

    Args:
        source: A sound transcript, sealed or not.
        at: How many entries to keep.
        code: With what the server closes then; ``None`` for a line that is lost.
            Where it has closed by then, or the line was lost, nothing is added.

    Raises:
        TranscriptError: It is damaged or too short, or the server has nothing to
            close yet.
    """
    _check_sound(source)
    kept = list(islice(_read_unsealed(source), at))
    if len(kept) < at:
        raise TranscriptError(f"{source}: it has {len(kept)} entries; cut before")
    is_open = any(entry.kind == "opened" for entry in kept)
    if code is not None and not is_open:
        raise TranscriptError(
            f"{source}: no connection is open after entry {at}; it can only be lost"
        )
    if not any(map(_is_end, kept)):
        kept.append(_make_end(kept[-1] if kept else _NOTHING, code))
    how = "lost" if code is None else str(code)
    return reseal(_derive(source, {"by": "cut", "at": str(at), "how": how}), kept)


def redact_transcript(source: Path, redactor: Redactor) -> bytes:
    """Return the transcript at *source* as *redactor* would have had it recorded.

    Args:
        source: A sound transcript, sealed or not.
        redactor: What to hide.

    Raises:
        TranscriptError: It is damaged.
        SecretError: A credential stands in what would be returned.
    """
    _check_sound(source)
    header = _derive(source, {"by": "redact", "text": redactor.text})
    hidden = (_redact(entry, redactor) for entry in _read_unsealed(source))
    content = reseal(header, hidden)
    if redactor.find_secret(content):
        raise SecretError(
            f"{source}: a credential stands in it, so nothing was written; replace "
            "that credential, and delete the transcript"
        )
    return content


def reseal(header: Header, entries: Iterable[Entry]) -> bytes:
    """Return the transcript of *entries*, with commits and a trailer that fit it.

    Args:
        header: The first line.
        entries: Numbered from 1 without a gap, of one transcript, without a trailer;
            where each begins tells which of them a commit covers, and their values
            may have been replaced.

    Raises:
        TranscriptError: A commit does not cover whole entries.
    """
    content = bytearray(header.encode())
    places: dict[int, int] = {}  # where lines begin, by where they began
    takes: dict[TakeRecord, None] = {}
    number = time_ns = 0
    for entry in entries:
        number, time_ns = entry.number, entry.time_ns
        places[entry.start] = len(content)
        value = entry.value
        if entry.kind in {"take", "withdrawn"}:
            take = _move(decode_checked(value, TakeRecord), places, content)
            value = encode_checked(take).decode()
            takes[take] = None
            if entry.kind == "withdrawn":
                del takes[take]
        content += _encode(entry, value)
    trailer = _make_trailer(bytes(content), number, tuple(takes))
    line = encode_entry(number + 1, time_ns, "sealed", encode_checked(trailer))
    return bytes(content + line)


def write_transcript(path: Path, content: bytes, *, source: Path, force: bool) -> None:
    """Write *content* to *path*, whole or not at all, for this user alone.

    Args:
        path: Not *source* itself.
        content: The transcript.
        source: What it was made of.
        force: Whether another file at *path* may be replaced.

    Raises:
        OutputError: There is one that may not, or it cannot be written.
    """
    try:
        _check_free(path, source, force=force)
        write_whole(path, content, mode=PRIVATE)
    except OSError as error:
        raise OutputError(f"{path}: cannot write: {error.strerror}") from error


def _check_free(path: Path, source: Path, *, force: bool) -> None:
    if not path.exists():
        return
    if path.samefile(source):
        what = "this is the transcript itself, which never changes"
        raise OutputError(f"{path}: {what}; write to another file")
    if not force:
        raise OutputError(f"{path}: exists already; --force replaces it")


def _check_sound(source: Path) -> None:
    """Refuse to seal damage anew, which would hide it."""
    if damages := verify_transcript(source).damages:
        where = f"entry {damages[0].first}"
        raise TranscriptError(
            f"{source}: damaged: {where}: {damages[0].what}; `rimebatch verify` on "
            "its output folder says what that costs"
        )


def _read_unsealed(source: Path) -> Iterator[Entry]:
    return (entry for entry in read_entries(source) if entry.kind != "sealed")


def _derive(source: Path, how: Mapping[str, str]) -> Header:
    with source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    derived = {"from": digest, **how}
    return replace(read_header(source), vantage=VANTAGE, derived=derived)


def _is_end(entry: Entry) -> bool:
    """Whether nothing can come from the server after *entry*."""
    if entry.kind == "closed":
        return _read_closed(entry).by == "server"
    return entry.kind in {"refused", "lost"}


def _read_closed(entry: Entry) -> _Closed:
    try:
        return msgspec.json.decode(entry.value, type=_Closed)
    except msgspec.MsgspecError as error:
        raise TranscriptError(f"entry {entry.number}: {error}") from error


def _make_end(last: Entry, code: int | None) -> Entry:
    """Return the entry after *last* by which the server is gone."""
    value: dict[str, str | int] = {"by": "server", "how": "the transcript was cut here"}
    if code is not None:
        value = {"by": "server", "code": code, "reason": ""}
    return replace(
        last,
        number=last.number + 1,
        kind="lost" if code is None else "closed",
        value=msgspec.json.encode(value).decode(),
        start=last.end,
    )


def _redact(entry: Entry, redactor: Redactor) -> Entry:
    match entry.kind:
        case "sent" | "received":
            return replace(entry, value=redactor.redact(entry.value))
        case "closed":
            closed = _read_closed(entry)
            hidden = replace(closed, reason=redactor.hide(closed.reason))
            return replace(entry, value=msgspec.json.encode(hidden).decode())
        case _:
            return entry


def _encode(entry: Entry, value: str) -> bytes:
    match entry.kind:
        case "sent" | "received" as kind:
            return encode_message(entry.number, entry.time_ns, kind, value)
        case kind:
            return encode_entry(entry.number, entry.time_ns, kind, value.encode())


def _move(
    take: TakeRecord, places: Mapping[int, int], content: bytearray
) -> TakeRecord:
    """Return *take* as it is committed where its entries now are."""
    try:
        start, end = places[take.start], places[take.end]
    except KeyError:
        what = f"take {take.id[:12]} does not begin and end where entries do"
        raise TranscriptError(f"{what}; it cannot be moved") from None
    covered = bytes(content[start:end])
    digest = xxhash.xxh3_128_hexdigest(covered)
    same = digest == take.digest
    return replace(
        take,
        id=take.id if same else _content_id(covered),
        start=start,
        end=end,
        digest=digest,
    )


def _content_id(covered: bytes) -> str:
    entries = (decode_entry(line, 0) for line in BytesIO(covered))
    heard = [entry.value for entry in entries if entry.kind == "received"]
    wire = "".join(f"{message}\n" for message in heard)
    return xxhash.xxh3_128_hexdigest(wire.encode("utf-8", "surrogatepass"))


def _make_trailer(
    content: bytes, entries: int, takes: tuple[TakeRecord, ...]
) -> Trailer:
    sums = LineSums()
    sums.add(*BytesIO(content))
    return Trailer(entries=entries, takes=takes, sums=sums.sums)
