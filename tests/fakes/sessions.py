"""A session over a service in memory, and what came of it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pytest

from fakes.manifests import make_planned
from fakes.services import FakeService, sound_of
from fakes.transcripts import open_transcript, read_audio, read_kinds
from rimebatch.errors import RimeBatchError
from rimebatch.manifest.plan import PlannedJob, Segment
from rimebatch.recorder.session import Manners, Session
from rimebatch.transcript import (
    RecordedTake,
    TakeRecord,
    TranscriptWriter,
    read_takes,
)
from rimebatch.ws3 import Text, decode_command, decode_event

TEXTS: Final = ("The first one.", "Here is number two.", "And, at last, the third.")
ALWAYS: Final = Manners(done="always", bytes_per_sample=2)
NEVER: Final = Manners(done="never", bytes_per_sample=2)
AUTO: Final = Manners(done="auto", bytes_per_sample=2)


class Recording:
    """One job's session, from the opening of its connection; it watches itself.

    Args:
        folder: Where its transcript goes; it is made if need be.
        service: Whom it talks to.
        job: What to say: a job, or the texts of its segments.
        manners: How to treat the service.

    Attributes:
        path: The transcript.
        seen: What it was told as a `Watch`, as "asked", "took" or "withdrew" and a
            text.
        may_not_be_sent: Texts that it does not allow.
        stopped_at: The text in flight when it ended, and the bytes heard of it.
    """

    def __init__(
        self,
        folder: Path,
        service: FakeService,
        job: PlannedJob | Iterable[str] = TEXTS,
        manners: Manners = ALWAYS,
    ) -> None:
        folder.mkdir(exist_ok=True)
        self.path = folder / "0001.jsonl"
        self.service = service
        self.job = job if isinstance(job, PlannedJob) else make_planned(*job)
        self.seen: list[str] = []
        self.may_not_be_sent: set[str] = set()
        self.stopped_at: tuple[str, int] | None = None
        self._manners = manners

    async def run(self, kind: type[TranscriptWriter] = TranscriptWriter) -> None:
        """Record the job, into a transcript of that *kind*."""
        with open_transcript(self.path, kind) as transcript:
            async with self.service.connect(self.job.query, transcript) as line:
                session = Session(line, transcript, self._manners, self)
                try:
                    await session.record(self.job.segments)
                finally:
                    if segment := session.in_flight:
                        self.stopped_at = (segment.text, session.heard_bytes)

    async def fail(self, kind: type[RimeBatchError]) -> str:
        """Record the job, which fails with an error of that *kind*; return its text."""
        with pytest.raises(kind) as caught:
            await self.run()

        assert "sealed" == read_kinds(self.path)[-1]

        return str(caught.value)

    def may_ask(self, segment: Segment) -> bool:
        """Allow *segment* or not."""
        return segment.text not in self.may_not_be_sent

    def asked(self, segment: Segment) -> None:
        """Note that *segment* is being sent."""
        self.seen.append(f"asked {segment.text}")

    def took(self, segment: Segment, take: TakeRecord) -> None:
        """Note that a *take* of *segment* is on record."""
        assert segment.key == take.segment

        self.seen.append(f"took {segment.text}")

    def withdrew(self, take: TakeRecord) -> None:
        """Note that *take* does not count after all."""
        texts = {str(segment.key): segment.text for segment in self.job.segments}
        self.seen.append(f"withdrew {texts[take.segment]}")

    @property
    def takes(self) -> list[RecordedTake]:
        """The takes that can be read back, every byte verified."""
        return read_takes(self.path, verify=True)

    @property
    def recorded(self) -> list[str]:
        """The texts of those takes, each of which holds its sound and no other."""
        by_key = {str(segment.key): segment.text for segment in self.job.segments}
        texts = [by_key[take.record.segment] for take in self.takes]

        assert list(map(sound_of, texts)) == list(map(read_audio, self.takes))

        return texts

    @property
    def ends(self) -> list[str]:
        """How the end of each take was known."""
        return [take.record.ended for take in self.takes]

    @property
    def steps(self) -> list[str]:
        """The conversation in short: what was said, and for which text events came."""
        texts = {segment.context_id: segment.text for segment in self.job.segments}
        steps = []
        for direction, message in self.service.lines[0].wire:
            if direction == "received":
                event = decode_event(message)
                text = texts[str(getattr(event, "context_id", ""))]
                steps.append(f"{type(event).__name__} of {text}")
            else:
                command = decode_command(message)
                name = type(command).__name__
                steps.append(command.text if isinstance(command, Text) else name)
        return steps
