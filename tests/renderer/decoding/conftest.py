"""What the tests of decoding have in common: takes of which only the audio matters."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from rimebatch.manifest.load import Job, Voice
from rimebatch.manifest.plan import PlannedJob, Segment, plan_job
from rimebatch.transcript.reader import RecordedTake
from rimebatch.ws3.events import Chunk, Done, Event

Record = Callable[
    [Path, PlannedJob, Callable[[Segment], Sequence[Event]]],
    Mapping[str, RecordedTake],
]


@pytest.fixture(scope="session")
def record_audio(
    record: Record,
) -> Callable[[Path, Sequence[bytes]], list[RecordedTake]]:
    """Return a recorder: in which folder, and what came over one connection."""

    def record_each(folder: Path, parts: Sequence[bytes]) -> list[RecordedTake]:
        text = "\n\n".join(f"Part {number}." for number in range(len(parts)))
        voice = Voice(
            {"audioFormat": "mp3", "samplingRate": 24_000, "segment": "never"}
        )
        job = plan_job(Job("ch01", None, voice, text, None), 500)
        audio = dict(zip((s.key for s in job.segments), parts, strict=True))

        def speak(segment: Segment) -> Sequence[Event]:
            label = segment.context_id
            return [Chunk(audio[segment.key], label), Done(label)]

        takes = record(folder, job, speak)
        return [takes[segment.key] for segment in job.segments]

    return record_each
