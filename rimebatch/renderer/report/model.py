"""What the page shows of a run. Knows neither files nor HTML."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from rimebatch.renderer.spoken import SpokenJob

JobState: TypeAlias = Literal["done", "unrendered", "failed", "stopped", "unfinished"]
"""As in the ledger; ``unrendered``: all is on record, but the files are not of it."""


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody who listens should know of a segment.

    Attributes:
        level: ``fault``: it is not as it should be; ``notice``: it may be.
        what: A few words.
    """

    level: Literal["fault", "notice"]
    what: str


@dataclass(frozen=True, slots=True)
class ReportSegment:
    """What is known of a segment beside its text and times.

    Attributes:
        is_heading: Whether it is shown as one.
        chars: How many characters it bills.
        tries: How often it was sent until its take came; 0 where nobody knows.
        notes: What to know of it; none where all is well.
    """

    is_heading: bool
    chars: int
    tries: int = 0
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class JobCosts:
    """What the ledger says of a job, all its runs together.

    Attributes:
        state: What its last run came to.
        sent_chars: Characters that were ever sent.
        wasted_chars: Those of them that were sent for nothing.
        segments: By the number of each segment that was sent, from 1, the characters
            sent for it in the last run that sent any.
    """

    state: JobState = "unfinished"
    sent_chars: int = 0
    wasted_chars: int = 0
    segments: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReportJob:
    """One job of the page.

    Attributes:
        id: As in the manifest.
        state: How far it is.
        audio_file: The name of the audio beside the page; empty where there is none.
        peaks: The outline of the audio, as `rimebatch.renderer.peaks` has it.
        level: How loud it was made, for people; empty where that was left alone.
        spoken: Its text and times; all times are 0 where there is no audio.
        segments: One for each segment of *spoken*.
        connections: How many its transcripts are of.
        connected_s: How long these were open, one after another.
        missing_chars: Characters without a take.
        costs: What the ledger says of it.
    """

    id: str
    state: JobState
    audio_file: str
    peaks: bytes
    level: str
    spoken: SpokenJob
    segments: tuple[ReportSegment, ...]
    connections: int
    connected_s: float
    missing_chars: int
    costs: JobCosts

    @property
    def chars(self) -> int:
        """Characters in all segments."""
        return sum(segment.chars for segment in self.segments)


@dataclass(frozen=True, slots=True)
class PastRun:
    """What one run cost, in characters.

    Attributes:
        wall: When it began, as RFC 3339; empty where nobody was to know.
        recorded_chars: Characters that it put on record.
        sent_chars: Characters that it sent.
        wasted_chars: Those of them that were sent for nothing.
    """

    wall: str
    recorded_chars: int
    sent_chars: int
    wasted_chars: int


@dataclass(frozen=True, slots=True)
class ReportRun:
    """The whole page.

    Attributes:
        name: Of the output folder.
        price_usd: For 1,000 characters.
        jobs: In the order in which they are shown.
        runs: The newest last.
    """

    name: str
    price_usd: float
    jobs: tuple[ReportJob, ...]
    runs: tuple[PastRun, ...] = ()
