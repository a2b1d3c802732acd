"""Recordings in a few words, as replay sees them; and as transcripts on disk."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec

from fakes.transcripts import HEADER
from rimebatch.replay import Ended, Heard, Opening, Recording, Sent, Step
from rimebatch.transcript import Header, TranscriptWriter
from rimebatch.transcript.entries import Side
from rimebatch.ws3 import (
    Chunk,
    Clear,
    Done,
    Eos,
    ErrorEvent,
    Flush,
    Query,
    Text,
    Timestamps,
    encode_command,
    encode_event,
)

_MILLISECOND_NS: Final = 1_000_000

QUERY: Final[Query] = (
    ("speaker", "luna"),
    ("audioFormat", "pcm"),
    ("samplingRate", "8000"),
    ("segment", "never"),
)
BY_SENTENCE: Final[Query] = (*QUERY[:-1], ("segment", "bySentence"))

FLUSH: Final = encode_command(Flush())
CLEAR: Final = encode_command(Clear())
EOS: Final = encode_command(Eos())


def text(words: str, context_id: str | None = None) -> str:
    """Return the command to speak *words*."""
    return encode_command(Text(words, context_id))


def chunk(context_id: str | None = None, audio: bytes = b"\1\2") -> str:
    """Return the event with *audio*."""
    return encode_event(Chunk(audio, context_id))


def times(context_id: str | None = None) -> str:
    """Return the event that times the word "One."."""
    return encode_event(Timestamps(("One.",), (0.0,), (0.1,), context_id))


def done(context_id: str | None = None) -> str:
    """Return the event that ends a take."""
    return encode_event(Done(context_id))


def error(words: str = "no") -> str:
    """Return the event by which a service complains."""
    return encode_event(ErrorEvent(words))


def said(message: str, after_ms: float = 0) -> Sent:
    """Return a message of the client, so long after the step before it."""
    return Sent(0, round(after_ms * _MILLISECOND_NS), message)


def heard(message: str | bytes, after_ms: float = 100) -> Heard:
    """Return a message of the server, so long after the step before it."""
    return Heard(0, round(after_ms * _MILLISECOND_NS), message)


def ended(
    by: Side = "server", code: int = 1000, reason: str = "", after_ms: float = 10
) -> Ended:
    """Return the end by that side, so long after the step before it."""
    return Ended(0, round(after_ms * _MILLISECOND_NS), by, code, reason)


def take(context_id: str, chunks: int = 2) -> tuple[Step, ...]:
    """Return the steps of one take: asked for, some chunks, done."""
    return (
        said(text(f"{context_id.title()}.", context_id)),
        said(FLUSH),
        *(heard(chunk(context_id, bytes([n, n]))) for n in range(chunks)),
        heard(done(context_id)),
    )


def farewell() -> tuple[Step, ...]:
    """Return how a conversation ends that ends well."""
    return said(EOS), ended(), ended("client", after_ms=0)


def make(
    *steps: Step,
    name: str = "0001.jsonl",
    query: Query = QUERY,
    job: str = "job",
    opening: Opening | None = None,
    faulty_from: int | None = None,
) -> Recording:
    """Return a recording of *steps*, numbered, their times added up.

    Args:
        steps: As `said`, `heard` and `ended` make them.
        name: Of the transcript.
        query: That of the header.
        job: That of the header.
        opening: By default an acceptance after 50 ms.
        faulty_from: As in `Recording`.
    """
    opening = opening or Opening(1, 50 * _MILLISECOND_NS, 101)
    header = msgspec.structs.replace(HEADER, job=job, query=query)
    numbered = tuple(_number(steps, opening))
    return Recording(name, header, opening, numbered, faulty_from)


def _number(steps: tuple[Step, ...], opening: Opening) -> Iterator[Step]:
    time_ns = opening.time_ns
    for number, step in enumerate(steps, start=opening.number + 1):
        time_ns += step.time_ns
        yield replace(step, number=number, time_ns=time_ns)


def write(path: Path, recording: Recording, header: Header | None = None) -> Path:
    """Write the sealed transcript of *recording*, which was accepted; return *path*."""
    time_ns = recording.opening.time_ns
    with TranscriptWriter(path, header or recording.header, lambda: time_ns) as writer:
        writer.opened(101, recording.opening.headers)
        for step in recording.steps:
            time_ns = step.time_ns
            _write_step(writer, step)
    return path


def _write_step(writer: TranscriptWriter, step: Step) -> None:
    match step:
        case Sent(message=message):
            writer.sent(message)
        case Heard(message=bytes(message)):
            writer.received_binary(message)
        case Heard(message=str(message)):
            writer.received(message)
        case Ended(by=by, code=1006, reason=reason):
            writer.lost(by, reason)
        case Ended(by=by, code=code, reason=reason):
            writer.closed(by, code, reason)
