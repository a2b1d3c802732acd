"""A run, added up from its reports."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from fakes.manifests import make_job, make_manifest
from rimebatch.cli.exit_codes import ExitCode
from rimebatch.cli.tally import Tally
from rimebatch.manifest.plan import make_plan
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

ONE = make_job("one", "Eins.", "Zwei.")  # 10 characters in two segments
TWO = make_job("two", "Drei.")  # 5 in one


class Clock:
    """A clock that the test winds on."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        """Return what it shows, in seconds."""
        return self.now_s


def make_tally(*reports: Report, clock: Clock | None = None) -> Tally:
    """Return the tally of a run of both jobs after *reports*."""
    tally = Tally(make_plan(make_manifest(ONE, TWO)), clock or Clock())
    for report in reports:
        tally.add(report)
    return tally


def done(job: str, audio_s: float = 1.0) -> JobResult:
    """Return the report of a job that is complete."""
    return JobResult(job, "done", 1, 0, 0, audio_s, (f"{job}.wav", f"{job}.json"))


def failed(job: str, cause: Cause | None = None) -> JobResult:
    """Return the report of a job that failed."""
    what = f"{job}: the line was lost"
    return JobResult(job, "failed", 1, 0, 0, error=what, cause=cause)


def stopped(job: str) -> JobResult:
    """Return the report of a job of which some was not sent."""
    return JobResult(job, "stopped", 1, 0, 0)


def test_before_the_first_report() -> None:
    """What the plan knows is there at once, and every job waits."""
    tally = make_tally()

    assert ["waiting", "waiting"] == [job.state for job in tally.jobs.values()]
    assert [2, 1] == [job.segments for job in tally.jobs.values()]
    assert (15, 0, 0) == (tally.to_send_chars, tally.sent_chars, tally.reused_chars)
    assert (0, 0, 0.0) == (tally.finished, tally.takes, tally.audio_s)


def test_a_run_believes_what_it_finds_on_record() -> None:
    """What a job finds when its turn comes replaces what the plan believed."""
    tally = make_tally(JobStarted("one", 2, 1, 5, 5))

    assert "running" == tally.jobs["one"].state
    assert (10, 5) == (tally.to_send_chars, tally.reused_chars)


def test_segments() -> None:
    """A segment costs when it is asked for, and lasts when it is on record."""
    tally = make_tally(
        SegmentAsked("one", 1, 5),
        TakeRecorded("one", 1, 5, 0.5, inferred=False),
        SegmentAsked("one", 2, 5),
    )

    assert (10, 1) == (tally.sent_chars, tally.takes)
    assert (0.5, 0.5) == (tally.recorded_s, tally.audio_s)


def test_lines() -> None:
    """It knows how many connections are open now."""
    tally = make_tally(
        LineChanged("one", is_open=True),
        LineChanged("two", is_open=True),
        LineChanged("one", is_open=False),
    )

    assert 1 == tally.lines


def test_a_job_that_is_done() -> None:
    """Its length is that of its file, however much of it is new; its file is named."""
    tally = make_tally(TakeRecorded("one", 1, 5, 0.5, inferred=False), done("one", 9.0))

    assert "done" == tally.jobs["one"].state
    assert "one.wav" == tally.jobs["one"].file
    assert (9.0, 0.5, 1) == (tally.audio_s, tally.recorded_s, tally.finished)


def test_a_job_that_failed() -> None:
    """What it did not send will not be sent, and its error is kept."""
    tally = make_tally(SegmentAsked("one", 1, 5), failed("one"))

    assert 5 + 5 == tally.to_send_chars
    assert ("", "one: the line was lost") == (
        tally.jobs["one"].file,
        tally.jobs["one"].error,
    )


def test_interruption() -> None:
    """Jobs that had not ended are stopped; the others keep their state."""
    tally = make_tally(done("one"), JobStarted("two", 1, 1, 5, 0))

    tally.stop()

    assert ["done", "stopped"] == [job.state for job in tally.jobs.values()]


def test_a_take_that_was_withdrawn() -> None:
    """It is no take any more, and what it cost is wasted."""
    tally = make_tally(
        SegmentAsked("one", 1, 5),
        TakeRecorded("one", 1, 5, 0.5, inferred=True),
        TakeWithdrawn("one", 1, 5),
    )

    assert 0 == tally.takes
    assert 5 == tally.ledger.amounts("one").wasted_chars


def test_a_take_that_was_rejected() -> None:
    """There is as much more to send, whether it was of this run or an earlier one."""
    rejected = TakeRejected("one", 1, 5, "all of its 0.50 s are silent")
    tally = make_tally(JobStarted("one", 2, 1, 5, 5), rejected)

    assert 5 + 5 + 5 == tally.to_send_chars
    assert (0, 10) == (
        tally.ledger.amounts("one").reused_chars,
        tally.ledger.amounts("one").missing_chars,
    )


def test_failed_checks() -> None:
    """What is wrong with a job's takes is kept, whether it is done or failed."""
    silent = FailedCheck(1, "Eins.", "silence", "all of it is silent", 0.5, 0.0)
    tally = make_tally(replace(done("one"), failed_checks=(silent,)))

    assert (silent,) == tally.jobs["one"].failed_checks


def test_a_ledger_of_somebody_else() -> None:
    """It gets every report."""
    plan = make_plan(make_manifest(ONE, TWO))
    ledger = Ledger(plan)
    Tally(plan, Clock(), ledger).add(SegmentAsked("one", 1, 5))

    assert 5 == ledger.total.sent_chars


def test_the_cap() -> None:
    """Where it left something undone the exit code is 8, whatever else failed."""
    budget = Budget(1)
    tally = Tally(make_plan(make_manifest(ONE, TWO)), Clock(), budget=budget)
    tally.add(done("one"))
    budget.may_send(2)
    tally.add(stopped("two"))

    assert ("stopped", 2) == (tally.jobs["two"].state, tally.finished)
    assert ExitCode.CAP == tally.exit_code


def test_exit_code() -> None:
    """All done is 0, some failed is 3, all failed is 1; stopped is not done."""
    assert ExitCode.PARTLY == make_tally(done("one"), stopped("two")).exit_code
    assert ExitCode.DONE == make_tally(done("one"), done("two")).exit_code
    assert ExitCode.PARTLY == make_tally(done("one"), failed("two")).exit_code
    assert ExitCode.FAILED == make_tally(failed("one"), failed("two")).exit_code


def test_exit_code_of_a_cause() -> None:
    """What no job would fare better with is said whatever else was done or failed."""
    endpoint, storage = failed("one", "endpoint"), failed("two", "storage")

    assert ExitCode.ENDPOINT == make_tally(endpoint, done("two")).exit_code
    assert ExitCode.STORAGE == make_tally(done("one"), storage).exit_code
    assert ExitCode.STORAGE == make_tally(endpoint, storage).exit_code


def test_exit_code_of_an_outage() -> None:
    """Where the next run may well succeed as it is, that is said: 75."""
    assert 75 == make_tally(done("one"), failed("two", "outage")).exit_code


def test_exit_code_of_checks() -> None:
    """It is 10 where nothing else has failed; what stops a run goes first."""
    checks = failed("one", "checks")

    assert 10 == make_tally(checks, done("two")).exit_code
    assert 10 == make_tally(checks, failed("two", "checks")).exit_code
    assert 10 == make_tally(checks, held("two")).exit_code
    assert 1 == make_tally(checks, failed("two")).exit_code
    assert 5 == make_tally(checks, failed("two", "endpoint")).exit_code
    assert 6 == make_tally(checks, failed("two", "storage")).exit_code
    assert 75 == make_tally(checks, failed("two", "outage")).exit_code


def held(job: str) -> JobResult:
    """Return the report of a job that another process is at."""
    return JobResult(job, "held", 1, 0, 0, error=f"{job}: in use")


def test_exit_code_of_held_jobs() -> None:
    """A job that another run is at is no failure; any other trouble goes first."""
    assert ExitCode.LATER == make_tally(done("one"), held("two")).exit_code
    assert ExitCode.LATER == make_tally(held("one"), stopped("two")).exit_code
    assert ExitCode.FAILED == make_tally(held("one"), failed("two")).exit_code
    assert (
        ExitCode.STORAGE == make_tally(held("one"), failed("two", "storage")).exit_code
    )


def test_a_job_that_is_held() -> None:
    """Nothing of it will be sent, and it has ended."""
    tally = make_tally(held("one"))

    assert (5, 1) == (tally.to_send_chars, tally.finished)


def test_times_real_time() -> None:
    """It is seconds recorded for each second gone by; at the start it is nothing."""
    clock = Clock()
    tally = make_tally(TakeRecorded("one", 1, 5, 30.0, inferred=False), clock=clock)

    assert 0.0 == tally.times_real_time

    clock.now_s += 2

    assert (2.0, 15.0) == (tally.elapsed_s, tally.times_real_time)


@given(st.lists(st.sampled_from(["one", "two"])), st.integers(0, 2))
def test_totals_are_sums_over_jobs(asked: list[str], ended: int) -> None:
    """Whatever is reported, in any order, the totals are the sums of the jobs."""
    tally = make_tally(
        *(SegmentAsked(job, 1, 3) for job in asked),
        *(done(job) for job in ("one", "two")[:ended]),
    )
    jobs = tally.jobs.values()

    assert 3 * len(asked) == tally.sent_chars == sum(job.sent_chars for job in jobs)
    assert ended == tally.finished
    assert sum(job.to_send_chars for job in jobs) == tally.to_send_chars
