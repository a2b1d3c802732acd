"""Following a run: what is shown at its end, and which exit code it has."""

import pytest

from fakes.manifests import make_job, make_manifest
from fakes.users import Line, read_lines
from rimebatch.cli.exit_codes import ExitCode
from rimebatch.cli.running import Run, follow
from rimebatch.errors import EndpointError
from rimebatch.manifest.plan import Plan, make_plan
from rimebatch.recorder.ledger import Budget
from rimebatch.recorder.reports import (
    JobResult,
    JobStarted,
    Report,
    SegmentAsked,
    TakeRecorded,
)

ONE_DONE = JobResult("one", "done", 1, 5, 0, 2.0, ("out/one.wav",))
TWO_DONE = JobResult("two", "done", 1, 0, 5, 3.0, ("out/two.wav",))
TWO_FAILED = JobResult("two", "failed", 1, 0, 0, error="two: the line was lost")


@pytest.fixture
def plan() -> Plan:
    """A plan of two jobs of one segment each."""
    return make_plan(make_manifest(make_job("one", "Eins."), make_job("two", "Zwei.")))


def follow_to_the_end(
    plan: Plan,
    *reports: Report,
    end: BaseException | None = None,
    as_json: bool = False,
    quiet: bool = False,
) -> Run:
    """Follow a run that tells *reports* and then ends, with *end* if it is given."""
    with follow(plan, as_json=as_json, quiet=quiet) as run:
        for report in reports:
            run.tell(report)
        if end:
            raise end
    return run


@pytest.mark.parametrize(
    ("reports", "code"),
    [
        ([ONE_DONE, TWO_DONE], ExitCode.DONE),
        ([ONE_DONE, TWO_FAILED], ExitCode.PARTLY),
    ],
)
def test_exit_code(plan: Plan, reports: list[Report], code: ExitCode) -> None:
    """A run that ends by itself has the exit code of its tally."""
    assert code is follow_to_the_end(plan, *reports).exit_code


def test_people(plan: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    """People get a table at the end, and below it a line for each error."""
    follow_to_the_end(plan, ONE_DONE, TWO_FAILED)

    out, err = capsys.readouterr()
    rows = [row.split()[0] for row in out.splitlines()]
    assert ["job", "one", "two", "total"] == rows
    assert "Error: two: the line was lost" == err.splitlines()[-1]


def test_quiet(plan: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    """Those who want quiet get errors alone."""
    follow_to_the_end(plan, ONE_DONE, TWO_FAILED, quiet=True)

    assert ("", "Error: two: the line was lost\n") == capsys.readouterr()


def test_programs(plan: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    """Programs get the sums as the last line; people still get the errors."""
    started = JobStarted("one", 1, 1, 5, 0)
    asked = SegmentAsked("one", 1, 5)
    take = TakeRecorded("one", 1, 5, 2.0, inferred=False)
    reports = (started, asked, asked, take, ONE_DONE, TWO_FAILED)
    follow_to_the_end(plan, *reports, as_json=True)

    out, err = capsys.readouterr()
    assert "Error: two: the line was lost\n" == err
    assert read_lines(out)[-1] == Line(
        rimebatch=1,
        event="ended",
        jobs=2,
        done=1,
        failed=1,
        stopped=0,
        planned_chars=10,
        recorded_chars=5,
        missing_chars=5,
        sent_chars=10,
        wasted_chars=5,
        audio_s=2.0,
        exit_code=3,
    )


@pytest.mark.parametrize(
    "end", [KeyboardInterrupt(), BaseExceptionGroup("a nursery", [KeyboardInterrupt()])]
)
def test_ctrl_c(
    plan: Plan, capsys: pytest.CaptureFixture[str], end: BaseException
) -> None:
    """Ctrl-C, however deep it strikes, shows what is complete and how to go on."""
    run = follow_to_the_end(plan, ONE_DONE, end=end)

    out, err = capsys.readouterr()
    assert ExitCode.INTERRUPTED is run.exit_code
    assert ["done", "stopped"] == [job.state for job in run.tally.jobs.values()]
    assert "stopped" in out
    assert "run the same command again" in err.splitlines()[-1]


def test_the_cap(plan: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    """A run that may send no more says what is missing, and how to go on."""
    budget = Budget(5)
    with follow(plan, as_json=False, quiet=True, budget=budget) as run:
        budget.may_send(6)
        run.tell(ONE_DONE)
        run.tell(JobResult("two", "stopped", 1, 0, 0))

    out, err = capsys.readouterr()
    assert ExitCode.CAP is run.exit_code
    assert "" == out
    assert (
        "Stopped at the cap: 10 characters of 1 jobs are missing; the same command, or "
        "one with a higher --max-chars, goes on from there.\n"
    ) == err


def test_ctrl_c_for_programs(plan: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    """Programs are told how many jobs were stopped, and what is on record of them."""
    take = TakeRecorded("one", 1, 5, 0.5, inferred=False)
    follow_to_the_end(plan, take, TWO_DONE, end=KeyboardInterrupt(), as_json=True)

    last = read_lines(capsys.readouterr().out)[-1]
    assert (1, 1, 130) == (last.done, last.stopped, last.exit_code)
    assert 0.5 + 3.0 == last.audio_s


def test_whoever_reads_has_gone(plan: Plan) -> None:
    """A reader who leaves, as ``head`` does, stops the run as Ctrl-C would."""
    end = ExceptionGroup("a nursery", [BrokenPipeError()])

    run = follow_to_the_end(plan, ONE_DONE, end=end)

    assert ["done", "stopped"] == [job.state for job in run.tally.jobs.values()]


@pytest.mark.parametrize("end", [EndpointError("no key"), ZeroDivisionError()])
def test_any_other_error(
    plan: Plan, capsys: pytest.CaptureFixture[str], end: Exception
) -> None:
    """An error of the run as a whole leaves as it is, without table or sums."""
    with pytest.raises(type(end)) as error:
        follow_to_the_end(plan, end=end)

    assert end is error.value
    assert ("", "") == capsys.readouterr()
