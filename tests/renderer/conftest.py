"""What the tests of the renderer have in common: a record, and a disk that fills up."""

import resource
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path
from typing import TypeAlias

import pytest

from rimebatch.manifest.plan import PlannedJob, Segment
from rimebatch.transcript.entries import Header
from rimebatch.transcript.reader import RecordedTake
from rimebatch.transcript.store import JobTranscripts
from rimebatch.transcript.writer import TranscriptWriter
from rimebatch.ws3.events import Event, encode_event
from rimebatch.ws3.takes import BYTES_PER_SAMPLE, OpenTakes

Speak: TypeAlias = Callable[[Segment], Sequence[Event]]
Record: TypeAlias = Callable[[Path, PlannedJob, Speak], Mapping[str, RecordedTake]]


@pytest.fixture(scope="session")
def record() -> Record:
    """Return a recorder: in which folder, which job, and how each segment is spoken."""

    def record_job(
        folder: Path, job: PlannedJob, speak: Speak
    ) -> Mapping[str, RecordedTake]:
        transcripts = JobTranscripts(folder / "transcripts" / job.id)
        times_ns = count()
        with transcripts.create(make_header, lambda: next(times_ns)) as writer:
            sample_bytes = BYTES_PER_SAMPLE.get(dict(job.query)["audioFormat"], 1)
            for segment in job.segments:
                takes = OpenTakes(sample_bytes, done_ends=not job.is_script)
                record_take(writer, takes, segment, speak(segment))
        return transcripts.takes(verify=True)

    return record_job


def make_header(attempt: int) -> Header:
    """Return the first line of a transcript."""
    return Header(
        job="ch01",
        attempt=attempt,
        vantage="client",
        endpoint="local",
        query=(),
        client={},
        wall=None,
    )


def record_take(
    writer: TranscriptWriter,
    takes: OpenTakes,
    segment: Segment,
    answer: Sequence[Event],
) -> None:
    """Record what is sent for *segment*, the *answer*, and its commit."""
    takes.ask(segment.context_id)
    start = writer.position
    for message in segment.messages:
        writer.sent(message)
    ended = None
    for event in answer:
        message = encode_event(event)
        writer.received(message)
        ended = takes.receive(event, message)
    writer.commit(
        ended or takes.close(),
        segment=segment.key,
        chars=segment.chars,
        start=start,
        end=writer.position,
    )


@pytest.fixture(scope="session")
def full_disk() -> Callable[[int], AbstractContextManager[None]]:
    """Return a context in which no file is written beyond so many bytes."""

    @contextmanager
    def limit(room_bytes: int) -> Iterator[None]:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room_bytes, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limit
