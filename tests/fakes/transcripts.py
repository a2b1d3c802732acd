"""Transcripts to record into, and what they hold afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rimebatch.transcript import (
    Entry,
    Header,
    RecordedTake,
    TranscriptWriter,
    read_entries,
    read_messages,
)
from rimebatch.transcript.redactor import VERBATIM, Redactor
from rimebatch.ws3 import Chunk, decode_event

HEADER = Header(
    job="job",
    attempt=1,
    vantage="client",
    endpoint="ws://127.0.0.1/ws3",
    query=(),
    client={},
    wall=None,
)


@contextmanager
def open_transcript(
    path: Path,
    kind: type[TranscriptWriter] = TranscriptWriter,
    redactor: Redactor = VERBATIM,
) -> Iterator[TranscriptWriter]:
    """Yield a transcript at *path* whose clock stands still; seal it at the end."""
    with kind(path, HEADER, lambda: 0, redactor) as transcript:
        yield transcript


def read_kinds(path: Path) -> list[str]:
    """Return what kinds of entries the transcript at *path* holds, in order."""
    return [entry.kind for entry in read_entries(path)]


def read_last(path: Path, kind: str) -> Entry:
    """Return the last entry of that *kind* in the transcript at *path*."""
    return [entry for entry in read_entries(path) if entry.kind == kind][-1]


def read_audio(take: RecordedTake) -> bytes:
    """Return the audio in the bytes that *take* covers."""
    events = map(decode_event, read_messages(take))
    return b"".join(event.audio for event in events if isinstance(event, Chunk))


def damage(take: RecordedTake) -> None:
    """Change one byte of the audio that *take* covers; the file stays as long."""
    content = bytearray(take.path.read_bytes())
    place = content.index(b'"data":"', take.record.start) + len(b'"data":"')
    content[place] = ord("A") if content[place] != ord("A") else ord("B")
    take.path.write_bytes(content)
