"""What a batch tells while it runs: plain values, for whoever shows them.

Each is told at the moment it happens, from the task it happens in; a listener must not
wait.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class JobStarted:
    """A job's turn has come.

    Attributes:
        job: Its id.
        segments: How many it has.
        missing: How many are not on record.
        missing_chars: Characters that will be sent.
        reused_chars: Characters that are on record.
    """

    job: str
    segments: int
    missing: int
    missing_chars: int
    reused_chars: int


@dataclass(frozen=True, slots=True)
class LineChanged:
    """A job has opened, or no longer has, a connection."""

    job: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class SegmentAsked:
    """A segment has been sent: from here on it is paid for."""

    job: str
    segment: int
    chars: int


@dataclass(frozen=True, slots=True)
class TakeRecorded:
    """A take is on record."""

    job: str
    segment: int
    chars: int
    audio_s: float
    inferred: bool


@dataclass(frozen=True, slots=True)
class JobResult:
    """How a job ended.

    Attributes:
        job: Its id.
        state: ``done``: its files are complete. ``failed``: see *error*.
        segments: How many it has.
        sent_chars: Characters sent in this run, wasted ones included.
        reused_chars: Characters that were on record before.
        audio_s: Length of its audio.
        files: What it was rendered to, audio first.
        error: One line: what went wrong, and where.
    """

    job: str
    state: Literal["done", "failed"]
    segments: int
    sent_chars: int
    reused_chars: int
    audio_s: float = 0.0
    files: tuple[str, ...] = ()
    error: str | None = None


Report: TypeAlias = JobStarted | LineChanged | SegmentAsked | TakeRecorded | JobResult

Listener: TypeAlias = Callable[[Report], None]
