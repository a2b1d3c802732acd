"""What a run has come to so far, added up from its reports.

The progress display, the final table and the exit code are all drawn from it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from rimebatch.cli.exit_codes import ExitCode
from rimebatch.manifest.plan import Plan, PlannedJob
from rimebatch.recorder.ledger import Budget, Ledger
from rimebatch.recorder.reports import (
    Cause,
    FailedCheck,
    JobResult,
    JobStarted,
    LineChanged,
    Report,
    SegmentAsked,
    TakeRecorded,
    TakeRejected,
    TakeWithdrawn,
)

_UNENDED: Final = {"waiting", "running"}


@dataclass(slots=True)
class JobTally:
    """One job so far.

    Attributes:
        job: Its id.
        segments: How many it has.
        reused_chars: Characters that were on record before.
        to_send_chars: Characters to send in all; those sent, once it has ended.
        takes: Segments recorded in this run.
        sent_chars: Characters sent in this run, wasted ones included.
        audio_s: Seconds recorded in this run; once it has ended, of its file.
    """

    job: str
    segments: int
    reused_chars: int
    to_send_chars: int
    takes: int = 0
    sent_chars: int = 0
    audio_s: float = 0.0
    state: str = "waiting"
    file: str = ""
    error: str | None = None
    cause: Cause | None = None
    failed_checks: tuple[FailedCheck, ...] = ()

    def end(self, result: JobResult) -> None:
        """Take over how the job ended."""
        self.state = result.state
        self.to_send_chars = self.sent_chars
        self.audio_s = result.audio_s
        self.file = result.files[0] if result.files else ""
        self.error = result.error
        self.cause = result.cause
        self.failed_checks = result.failed_checks


class Tally:
    """A run so far.

    Args:
        plan: What the run is to do.
        now_s: Seconds on any steady clock.
        ledger: Gets the reports as well; one of its own, if none is given.
        budget: What the run was held to, if anything.

    Attributes:
        ledger: What became of every character.
        jobs: By id, in the order of the plan.
        lines: Connections open now.
        recorded_s: Seconds of audio recorded in this run.
    """

    def __init__(
        self,
        plan: Plan,
        now_s: Callable[[], float],
        ledger: Ledger | None = None,
        budget: Budget | None = None,
    ) -> None:
        self.ledger = ledger or Ledger(plan)
        self.jobs = {job.id: _make_job(job) for job in plan.jobs}
        self.lines = 0
        self.recorded_s = 0.0
        self._budget = budget or Budget(None)
        self._now_s = now_s
        self._start_s = now_s()

    def add(self, report: Report) -> None:
        """Count *report*."""
        self.ledger.add(report)
        job = self.jobs[report.job]
        match report:
            case JobStarted():
                # What the run found on record, over what the plan believed.
                job.state = "running"
                job.to_send_chars = report.missing_chars
                job.reused_chars = report.reused_chars
            case LineChanged(is_open=is_open):
                self.lines += 1 if is_open else -1
            case SegmentAsked(chars=chars):
                job.sent_chars += chars
            case TakeRecorded(audio_s=audio_s):
                job.takes += 1
                job.audio_s += audio_s
                self.recorded_s += audio_s
            case TakeWithdrawn():
                job.takes -= 1
            case TakeRejected(chars=chars):
                job.to_send_chars += chars
            case JobResult():
                job.end(report)

    def stop(self) -> None:
        """Note that the run was interrupted: jobs without a result are stopped."""
        for job in self.jobs.values():
            if job.state in _UNENDED:
                job.state = "stopped"

    @property
    def elapsed_s(self) -> float:
        """Seconds since the run began."""
        return self._now_s() - self._start_s

    @property
    def times_real_time(self) -> float:
        """Seconds of audio recorded for each second of the run."""
        return self.recorded_s / self.elapsed_s if self.elapsed_s > 0 else 0.0

    @property
    def to_send_chars(self) -> int:
        """Characters to send in all, as far as is known."""
        return sum(job.to_send_chars for job in self.jobs.values())

    @property
    def sent_chars(self) -> int:
        """Characters sent."""
        return sum(job.sent_chars for job in self.jobs.values())

    @property
    def reused_chars(self) -> int:
        """Characters that were on record before."""
        return sum(job.reused_chars for job in self.jobs.values())

    @property
    def audio_s(self) -> float:
        """Seconds of audio of all jobs, recorded before or now."""
        return sum(job.audio_s for job in self.jobs.values())

    @property
    def finished(self) -> int:
        """Jobs that have a result."""
        return sum(job.state not in _UNENDED for job in self.jobs.values())

    @property
    def takes(self) -> int:
        """Segments recorded in this run."""
        return sum(job.takes for job in self.jobs.values())

    @property
    def exit_code(self) -> ExitCode:
        """What the run's exit code is, if it ended by itself.

        What a person must see to goes before what time or another run will settle.
        """
        states = [job.state for job in self.jobs.values()]
        causes = {job.cause for job in self.jobs.values()}
        failed = {job.cause for job in self.jobs.values() if job.state == "failed"}
        codes = (  # the first that fits
            (states.count("done") == len(states), ExitCode.DONE),
            ("storage" in causes, ExitCode.STORAGE),
            ("endpoint" in causes, ExitCode.ENDPOINT),
            ("outage" in causes, ExitCode.LATER),
            (self._budget.is_reached, ExitCode.CAP),
            (failed == {"checks"}, ExitCode.CHECKS),
            ("held" in states and "failed" not in states, ExitCode.LATER),
            ("done" in states, ExitCode.PARTLY),
        )
        return next((code for fits, code in codes if fits), ExitCode.FAILED)


def _make_job(job: PlannedJob) -> JobTally:
    reused_chars = job.chars - job.missing_chars
    return JobTally(job.id, len(job.segments), reused_chars, job.missing_chars)
