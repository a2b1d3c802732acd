"""The ledger: what became of every character, and how many more may be sent.

It adds up what a batch tells and decides nothing; the cap beside it decides whether the
next segment may be asked for. What is on record, the transcripts alone know: a ledger
that is lost costs nobody a take. It knows neither connections nor clocks nor files.

Theory of operation. Two equations hold at any moment, for each segment, job and run::

    planned = reused + recorded + missing
    sent    = recorded + wasted + in flight

A segment that is asked for is in flight until its take is on record, its line closes or
it is asked for once more; without a take it is wasted. Only the last take of a segment
counts as recorded, so a take that gave way to another is wasted too, and so is one that
was withdrawn. What was on record when a job's turn came is told for the job as a whole:
segments that nothing was sent for have no line of their own, and a take that is to be
replaced must be left out there.

Several runs may share a folder, and so its account. Each enters itself into what is
there at that moment, again and again: its own costs in place of what it entered before,
and how far the jobs are that it holds. Other runs and their jobs it leaves alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Final, Literal

from rimebatch.manifest.plan import Plan, PlannedJob
from rimebatch.recorder.reports import (
    JobResult,
    JobStarted,
    LineChanged,
    Report,
    SegmentAsked,
    TakeRecorded,
    TakeRejected,
    TakeWithdrawn,
)

KEPT_RUNS: Final = 100
"""So many runs are told apart; what older ones cost is one sum."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """Characters of a segment, a job or a run.

    Attributes:
        planned_chars: All there are to speak.
        reused_chars: On record before this run.
        recorded_chars: On record since this run.
        missing_chars: Not on record.
        sent_chars: Sent in this run.
        wasted_chars: Sent in this run for nothing.
        in_flight_chars: Sent and not answered yet; wasted, if the run was killed there.
    """

    planned_chars: int = 0
    reused_chars: int = 0
    recorded_chars: int = 0
    missing_chars: int = 0
    sent_chars: int = 0
    wasted_chars: int = 0
    in_flight_chars: int = 0

    def __add__(self, other: "Amounts") -> "Amounts":
        names = [field.name for field in fields(self)]
        return Amounts(*(getattr(self, name) + getattr(other, name) for name in names))

    @property
    def on_record_chars(self) -> int:
        """On record now."""
        return self.reused_chars + self.recorded_chars

    @property
    def balances(self) -> bool:
        """Whether every character is accounted for, and none twice."""
        answered_chars = self.recorded_chars + self.wasted_chars
        return (
            self.planned_chars == self.on_record_chars + self.missing_chars
            and self.sent_chars == answered_chars + self.in_flight_chars
            and all(getattr(self, field.name) >= 0 for field in fields(self))
        )


@dataclass(frozen=True, slots=True)
class JobState:
    """How far a job is.

    Attributes:
        state: What its last run came to; ``unfinished``: that run has not told.
        planned_chars: All there are to speak.
        on_record_chars: Those with a take.
        missing_chars: Those without.
    """

    state: Literal["done", "failed", "stopped", "unfinished"]
    planned_chars: int
    on_record_chars: int
    missing_chars: int


@dataclass(frozen=True, slots=True)
class JobEntry:
    """What one job cost in one run.

    Attributes:
        total: Of the whole job.
        segments: Of each segment that was sent, by its number, from 1, in the order in
            which they were first sent.
    """

    total: Amounts
    segments: Mapping[int, Amounts]


@dataclass(frozen=True, slots=True)
class RunEntry:
    """What one run cost.

    Attributes:
        wall: When it began, as RFC 3339; ``None`` where nobody was to know.
        total: Of all its jobs.
        jobs: Of each job that sent anything, by its id.
        number: Which run of the folder it was, from 1; 0 if nobody counted.
    """

    wall: str | None
    total: Amounts
    jobs: Mapping[str, JobEntry]
    number: int = 0


@dataclass(frozen=True, slots=True)
class Account:
    """All that the ledger of an output folder holds.

    Attributes:
        jobs: How far each job is that was ever planned there, by its id.
        runs: What each run cost, the newest last.
        earlier: What all runs before these cost together.
    """

    jobs: Mapping[str, JobState] = field(default_factory=dict)
    runs: tuple[RunEntry, ...] = ()
    earlier: Amounts = Amounts()

    def enter(self, run: RunEntry) -> "Account":
        """Return the account with *run* in it, in place of what was known of it."""
        others = [r for r in self.runs if (r.number, r.wall) != (run.number, run.wall)]
        runs = sorted([*others, run], key=lambda run: run.number)
        old, kept = runs[:-KEPT_RUNS], runs[-KEPT_RUNS:]
        earlier = sum((run.total for run in old), self.earlier)
        return replace(self, runs=tuple(kept), earlier=earlier)


class Ledger:
    """What a run has come to so far, to the character.

    Args:
        plan: What the run is to do.
        wall: When it began, as RFC 3339; ``None`` keeps it out of the account.
    """

    def __init__(self, plan: Plan, wall: str | None = None) -> None:
        self._jobs = {job.id: _JobLedger(job) for job in plan.jobs}
        self._wall = wall
        self._number: int | None = None

    def add(self, report: Report) -> None:
        """Count *report*."""
        job = self._jobs[report.job]
        match report:
            case JobStarted():
                job.start(report)
            case LineChanged(is_open=False):
                job.drop()
            case SegmentAsked():
                job.ask(report.segment, report.chars)
            case TakeRecorded():
                job.take(report.segment, report.chars)
            case TakeWithdrawn():
                job.withdraw(report.segment)
            case TakeRejected():
                job.reject(report.segment)
            case JobResult():
                job.result = report
            case _:
                pass  # to open a line costs nothing

    def amounts(self, job: str) -> Amounts:
        """Return what the job of this id has come to."""
        return self._jobs[job].total

    @property
    def total(self) -> Amounts:
        """What all jobs together have come to."""
        return sum((job.total for job in self._jobs.values()), Amounts())

    def check(self) -> None:
        """Make sure that the ledger balances and agrees with each job's own count.

        Raises:
            AssertionError: It does not, which is a bug.
        """
        for name, job in self._jobs.items():
            if not job.is_sound:
                raise AssertionError(
                    f"{name}: the ledger does not balance: {job.total}, {job.result}"
                )

    def enter_into(self, account: Account) -> Account:
        """Return *account*, of the folder at this moment, with this run in it.

        A job that no run has told of yet is as planned. One that this run has not begun
        with, or has told of already, stays as it is: another may have taken it up.
        """
        planned = {name: job.state for name, job in self._jobs.items()}
        news = {name: job.state for name, job in self._jobs.items() if job.has_news}
        jobs = {**planned, **account.jobs, **news}
        return replace(account, jobs=jobs).enter(self._make_entry(account))

    def entered(self, account: Account) -> None:
        """Note that *account*, returned by `enter_into`, is what is there now."""
        self._number = self._number or account.runs[-1].number
        for job in self._jobs.values():
            job.is_told = job.result is not None

    def _make_entry(self, account: Account) -> RunEntry:
        spent = {name: job.entry for name, job in self._jobs.items() if job.segments}
        newest = account.runs[-1].number if account.runs else 0
        return RunEntry(self._wall, self.total, spent, self._number or newest + 1)


class _JobLedger:
    """One job of a run.

    Attributes:
        segments: What came of each segment that was sent, by its number.
        result: How the job ended, once it has.
        is_told: Whether the account has that.
    """

    def __init__(self, job: PlannedJob) -> None:
        self.segments: dict[int, Amounts] = {}
        self.result: JobResult | None = None
        self.is_told = False
        self._has_begun = False
        self._planned_chars = job.chars
        self._reused_chars = job.chars - job.missing_chars
        self._wanted_chars = job.missing_chars
        self._segment_chars = [segment.chars for segment in job.segments]

    @property
    def total(self) -> Amounts:
        spent = sum(self.segments.values(), Amounts())
        return replace(
            spent,
            planned_chars=self._planned_chars,
            reused_chars=self._reused_chars,
            missing_chars=self._wanted_chars - spent.recorded_chars,
        )

    @property
    def is_sound(self) -> bool:
        total, result = self.total, self.result
        if not all(spent.balances for spent in (total, *self.segments.values())):
            return False
        if result is None:
            return True
        state_holds = result.state != "done" or not total.missing_chars
        return state_holds and result.sent_chars == total.sent_chars

    @property
    def state(self) -> JobState:
        total, ended = self.total, self.result.state if self.result else "held"
        return JobState(
            state="unfinished" if ended == "held" else ended,
            planned_chars=total.planned_chars,
            on_record_chars=total.on_record_chars,
            missing_chars=total.missing_chars,
        )

    @property
    def has_news(self) -> bool:
        """Whether this run knows better than the account how far the job is."""
        has_failed = self.result is not None and self.result.state == "failed"
        return (self._has_begun or has_failed) and not self.is_told

    @property
    def entry(self) -> JobEntry:
        return JobEntry(self.total, dict(self.segments))

    def start(self, found: JobStarted) -> None:
        """Believe what the run *found* on record, over what the plan believed."""
        self._has_begun = True
        self._reused_chars = found.reused_chars
        self._wanted_chars = found.missing_chars

    def ask(self, number: int, chars: int) -> None:
        """Count a segment that was sent; an earlier try of it is lost."""
        spent = _drop(self._spent(number))
        sent_chars = spent.sent_chars + chars
        self.segments[number] = replace(
            spent, sent_chars=sent_chars, in_flight_chars=chars
        )

    def take(self, number: int, chars: int) -> None:
        """Count a take; an earlier one of its segment has given way to it."""
        spent = self._spent(number)
        self.segments[number] = replace(
            spent,
            recorded_chars=chars,
            missing_chars=0,
            wasted_chars=spent.wasted_chars + spent.recorded_chars,
            in_flight_chars=spent.in_flight_chars - chars,
        )

    def withdraw(self, number: int) -> None:
        """Count the take of a segment as wasted: it was cut."""
        spent = self._spent(number)
        self.segments[number] = replace(
            spent,
            recorded_chars=0,
            missing_chars=spent.missing_chars + spent.recorded_chars,
            wasted_chars=spent.wasted_chars + spent.recorded_chars,
        )

    def reject(self, number: int) -> None:
        """Count the take of a segment, of this run or an earlier one, as missing."""
        if number in self.segments:
            self.withdraw(number)
        else:
            chars = self._segment_chars[number - 1]
            self._reused_chars -= chars
            self._wanted_chars += chars

    def drop(self) -> None:
        """Give up what is in flight: its line is closed."""
        self.segments = {n: _drop(spent) for n, spent in self.segments.items()}

    def _spent(self, number: int) -> Amounts:
        chars = self._segment_chars[number - 1]
        unspent = Amounts(planned_chars=chars, missing_chars=chars)
        return self.segments.get(number, unspent)


def _drop(spent: Amounts) -> Amounts:
    """Return *spent* with what is in flight wasted."""
    wasted_chars = spent.wasted_chars + spent.in_flight_chars
    return replace(spent, wasted_chars=wasted_chars, in_flight_chars=0)


class Budget:
    """How many characters a run may send, all its jobs together.

    Args:
        max_chars: The most; ``None`` for no end.

    Attributes:
        is_reached: Whether something was refused. From then on everything is, so that
            the run stops there and does not pick what is short enough.
    """

    def __init__(self, max_chars: int | None) -> None:
        self.is_reached = False
        self._max_chars = max_chars
        self._sent_chars = 0

    def may_send(self, chars: int) -> bool:
        """Decide whether *chars* may be sent, and count them as sent if so.

        Asked before each segment is, also before one is asked for again.
        """
        sent_chars = self._sent_chars + chars
        if self._max_chars is not None and sent_chars > self._max_chars:
            self.is_reached = True
        if not self.is_reached:
            self._sent_chars = sent_chars
        return not self.is_reached
