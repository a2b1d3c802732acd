"""What a batch tells while it runs: plain values, for whoever shows them.

Each is told at the moment it happens, from the task it happens in; a listener must not
wait.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Cause: TypeAlias = Literal["endpoint", "storage"]


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
    """A segment is being sent: from here on it may be billed."""

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
class TakeWithdrawn:
    """A take that was on record turned out to be cut, and is missing again."""

    job: str
    segment: int
    chars: int


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """A connection came to nothing, or broke; there will be another.

    Attributes:
        job: Its id.
        attempt: Which connection of the job it was, from 1, in this run.
        error: One line: what went wrong, and where.
        wait_s: The pause before the next one. It may then have to wait for room.
    """

    job: str
    attempt: int
    error: str
    wait_s: float


@dataclass(frozen=True, slots=True)
class JobResult:
    """How a job ended.

    Attributes:
        job: Its id.
        state: ``done``: its files are complete. ``failed``: see *error*. ``stopped``:
            some of it may not be sent in this run, and is missing.
        segments: How many it has.
        sent_chars: Characters sent in this run, wasted ones included.
        reused_chars: Characters that were on record before.
        audio_s: Length of its audio.
        files: What it was rendered to, audio first.
        error: One line: what went wrong, and where.
        cause: What is to blame if no other job would fare better: the ``storage``
            here, or the ``endpoint``, which refuses the account or cannot be trusted.
    """

    job: str
    state: Literal["done", "failed", "stopped"]
    segments: int
    sent_chars: int
    reused_chars: int
    audio_s: float = 0.0
    files: tuple[str, ...] = ()
    error: str | None = None
    cause: Cause | None = None


Report: TypeAlias = (
    JobStarted
    | LineChanged
    | SegmentAsked
    | TakeRecorded
    | TakeWithdrawn
    | AttemptFailed
    | JobResult
)

Listener: TypeAlias = Callable[[Report], None]
