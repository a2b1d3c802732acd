"""What a batch tells while it runs: plain values, for whoever shows them.

Each is told at the moment it happens, from the task it happens in; a listener must not
wait.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

State: TypeAlias = Literal["done", "failed", "stopped", "held"]
"""How a job ended; see `JobResult`."""

Cause: TypeAlias = Literal["endpoint", "storage", "outage", "checks"]


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
class TakeRejected:
    """A take on record failed its checks, and its segment is missing again.

    Attributes:
        job: The id of the job.
        segment: Which one of it, from 1.
        chars: Characters that will be sent for another take.
        what: What is wrong with it; nothing that was to be spoken is in it.
    """

    job: str
    segment: int
    chars: int
    what: str


@dataclass(frozen=True, slots=True)
class FailedCheck:
    """Something that is wrong with a take that counts.

    Attributes:
        segment: Whose take it is, from 1.
        text: Of the segment.
        check: What it was checked for.
        what: What was found, as a sentence.
        measured: In the unit of the check: seconds, or a share.
        limit: What *measured* is on the wrong side of.
    """

    segment: int
    text: str
    check: str
    what: str
    measured: float
    limit: float


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
            some of it may not be sent in this run, and is missing. ``held``: another
            process works at it, and nothing was done; *error* says which.
        segments: How many it has.
        sent_chars: Characters sent in this run, wasted ones included.
        reused_chars: Characters that were on record before.
        audio_s: Length of its audio.
        files: What it was rendered to, audio first.
        error: One line: what went wrong, and where.
        cause: What is to blame, if that is known: the ``storage`` here, the
            ``endpoint``, which refuses everybody or cannot be trusted, an ``outage``,
            after which the same run may well succeed, or the ``checks``, which takes
            failed that are worth no further one.
        failed_checks: What is wrong with takes that count. A job may be done all the
            same, if the manifest has it so.
    """

    job: str
    state: State
    segments: int
    sent_chars: int
    reused_chars: int
    audio_s: float = 0.0
    files: tuple[str, ...] = ()
    error: str | None = None
    cause: Cause | None = None
    failed_checks: tuple[FailedCheck, ...] = ()


Report: TypeAlias = (
    JobStarted
    | LineChanged
    | SegmentAsked
    | TakeRecorded
    | TakeWithdrawn
    | TakeRejected
    | AttemptFailed
    | JobResult
)

Listener: TypeAlias = Callable[[Report], None]
