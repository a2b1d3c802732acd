"""Reading transcripts back: header, entries, and the takes that count.

A transcript without its trailer (a crash) is readable up to its last whole line. A
damaged line costs the takes whose bytes it touches and no others.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Final

import msgspec
import xxhash

from rimebatch.errors import TranscriptError
from rimebatch.transcript.entries import (
    FORMAT_VERSION,
    Entry,
    Header,
    TakeRecord,
    Trailer,
    decode_checked,
    decode_entry,
    decode_events,
    header_version,
    line_kind,
)
from rimebatch.ws3.events import Event, decode_event, make_event

_TAIL_BYTES: Final = 1024 * 1024  # a trailer of 2,500 takes, a day of speech


@dataclass(frozen=True, slots=True)
class RecordedTake:
    """A take on record.

    Attributes:
        path: The transcript that holds it.
        record: Its commit.
        picked: Whether it counts because somebody picked it.
    """

    path: Path
    record: TakeRecord
    picked: bool = False


def read_header(path: Path) -> Header:
    """Return the first line of the transcript at *path*.

    Raises:
        TranscriptError: It cannot be read, or a newer RimeBatch wrote it.
    """
    try:
        with path.open("rb") as file:
            line = _read_first_line(path, file)
    except OSError as error:
        raise _cannot_read(path, error) from error
    if header_version(line) is None:
        raise TranscriptError(f"{path}: not a transcript")
    try:
        return msgspec.json.decode(line, type=Header)
    except (ValueError, RecursionError) as error:
        raise TranscriptError(f"{path}: damaged header: {error}") from None


def read_entries(path: Path) -> Iterator[Entry]:
    """Yield every entry of the transcript at *path*, the trailer included.

    An unfinished last line, left by a crash, is no entry.

    Raises:
        TranscriptError: A whole line is not an entry, and the message names its byte;
            or the file cannot be read, or a newer RimeBatch wrote it.
    """
    try:
        with path.open("rb") as file:
            _read_first_line(path, file)
            for start, line in _read_lines(file):
                yield _decode_entry(path, line, start)
    except OSError as error:
        raise _cannot_read(path, error) from error


def read_takes(path: Path, *, verify: bool = False) -> list[RecordedTake]:
    """Return the takes that the transcript at *path* holds, oldest first.

    Args:
        path: A transcript, sealed or not, damaged or not.
        verify: Whether to read every byte and leave out the takes that are damaged.
            Otherwise a sealed transcript is believed, and only its ends are read.

    Raises:
        TranscriptError: It cannot be read at all, or a newer RimeBatch wrote it.
    """
    try:
        with path.open("rb") as file:
            _read_first_line(path, file)
            takes = None if verify else _takes_in_trailer(file)
            if takes is None:
                takes = _scan_takes(file)
    except OSError as error:
        raise _cannot_read(path, error) from error
    return [RecordedTake(path, take) for take in takes]


def read_messages(take: RecordedTake) -> list[str]:
    """Return what the server sent within *take*, as exact wire texts in order.

    Raises:
        TranscriptError: The bytes do not have the digest of the commit, or the file
            cannot be read.
    """
    return _list_messages(take, _read_covered(take))


def read_events(take: RecordedTake) -> Iterator[Event]:
    """Yield the events in what the server sent within *take*, in order.

    They are those of `read_messages`, and so are the errors; it is only quicker.

    Raises:
        TranscriptError: As `read_messages` does.
        RemoteProtocolError: A message is not an event.
    """
    covered = _read_covered(take)
    events = decode_events(covered)
    if events is None:
        return map(decode_event, _list_messages(take, covered))
    return map(make_event, events)


def _read_covered(take: RecordedTake) -> bytes:
    """Return the bytes that *take* covers, as it was committed."""
    try:
        with take.path.open("rb") as file:
            covered = _read_range(file, take.record)
    except OSError as error:
        raise _cannot_read(take.path, error) from error
    if covered is None:
        raise TranscriptError(f"{take.path}: take {take.record.id[:12]} is damaged")
    return covered


def _list_messages(take: RecordedTake, covered: bytes) -> list[str]:
    messages = []
    start = take.record.start
    for line in covered.splitlines(keepends=True):
        entry = _decode_entry(take.path, line, start)
        start = entry.end
        if entry.kind == "received":
            messages.append(entry.value)
    return messages


def read_length_ns(path: Path) -> int:
    """Return the time of the last whole entry of the transcript at *path*.

    Only the end of the file is read: where that is damaged, the time is 0.

    Raises:
        TranscriptError: It cannot be read at all, or a newer RimeBatch wrote it.
    """
    try:
        with path.open("rb") as file:
            _read_first_line(path, file)
            start, line = _read_last_line(file)
    except OSError as error:
        raise _cannot_read(path, error) from error
    try:
        return decode_entry(line, start).time_ns
    except TranscriptError:
        return 0


def _read_first_line(path: Path, file: BufferedReader) -> bytes:
    """Return the header's line; refuse a version whose lines mean we know not what."""
    line = file.readline()
    version = header_version(line) or 0
    if version > FORMAT_VERSION:
        raise TranscriptError(
            f"{path}: transcript version {version}; this RimeBatch reads up to "
            f"{FORMAT_VERSION}; please update it"
        )
    return line


def _read_lines(file: BufferedReader) -> Iterator[tuple[int, bytes]]:
    """Yield the whole lines that follow, each with its first byte's position."""
    start = file.tell()
    for line in file:
        if line.endswith(b"\n"):
            yield start, line
        start += len(line)


def _decode_entry(path: Path, line: bytes, start: int) -> Entry:
    try:
        return decode_entry(line, start)
    except TranscriptError as error:
        raise TranscriptError(f"{path}: {error}") from error


def _takes_in_trailer(file: BufferedReader) -> tuple[TakeRecord, ...] | None:
    """Return what the trailer lists; ``None`` if there is no sound trailer."""
    start, line = _read_last_line(file)
    if line_kind(line) != "sealed" or start + len(line) < file.tell():
        return None  # not sealed, or by a trailer longer than the tail: the scan knows
    try:
        return decode_checked(decode_entry(line, start).value, Trailer).takes
    except TranscriptError:
        return None


def _read_last_line(file: BufferedReader) -> tuple[int, bytes]:
    """Return where the last whole line begins, and that line; of a long one its end."""
    size = file.seek(0, os.SEEK_END)
    start = file.seek(max(0, size - _TAIL_BYTES))
    tail = file.read()
    end = tail.rfind(b"\n") + 1
    begin = tail.rfind(b"\n", 0, max(end - 1, 0)) + 1
    return start + begin, tail[begin:end]


def _scan_takes(file: BufferedReader) -> tuple[TakeRecord, ...]:
    """Return all takes that count, and whose commit and bytes are undamaged."""
    file.seek(0)
    takes: dict[TakeRecord, None] = {}
    for start, line in _read_lines(file):
        kind = line_kind(line)
        if kind in {"take", "withdrawn"} and (take := _decode_commit(line, start)):
            takes[take] = None
            if kind == "withdrawn":
                del takes[take]
    return tuple(take for take in takes if _read_range(file, take))


def _decode_commit(line: bytes, start: int) -> TakeRecord | None:
    try:
        return decode_checked(decode_entry(line, start).value, TakeRecord)
    except TranscriptError:
        return None  # a damaged commit commits nothing


def _read_range(file: BufferedReader, take: TakeRecord) -> bytes | None:
    """Return the bytes that *take* covers; ``None`` if they are not what it says."""
    size = file.seek(0, os.SEEK_END)
    if not 0 <= take.start < take.end <= size:
        return None
    file.seek(take.start)
    covered = file.read(take.end - take.start)
    return covered if xxhash.xxh3_128_hexdigest(covered) == take.digest else None


def _cannot_read(path: Path, error: OSError) -> TranscriptError:
    return TranscriptError(f"{path}: cannot be read: {error.strerror}")
