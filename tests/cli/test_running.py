"""Following a run: what is shown at its end, and which exit code it has."""

from dataclasses import replace
from pathlib import Path

import pytest

from fakes.manifests import make_job, make_manifest
from fakes.users import Line, read_lines
from rimebatch.cli.exit_codes import ExitCode
from rimebatch.cli.running import Run, follow
from rimebatch.errors import EndpointError
from rimebatch.manifest.plan import Plan, make_plan
from rimebatch.manifest.sources import Sources
from rimebatch.recorder.ledger import Budget
from rimebatch.recorder.reports import (
    FailedCheck,
    JobResult,
    JobStarted,
    LineChanged,
    Report,
    SegmentAsked,
    TakeRecorded,
)

ONE_DONE = JobResult("one", "done", 1, 5, 0, 2.0, ("out/one.wav",))
TWO_DONE = JobResult("two", "done", 1, 0, 5, 3.0, ("out/two.wav",))
TWO_FAILED = JobResult("two", "failed", 1, 0, 0, error="two: the line was lost")

LONG_TEXT = "Zwei " * 30
SILENT = FailedCheck(1, LONG_TEXT, "silence", "all of its 0.50 s are silent", 0.5, 0.0)
SAID = f'two, segment 1 of 1: all of its 0.50 s are silent: "{LONG_TEXT[:39]}…"\n'


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


def test_a_job_that_is_held(plan: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    """Who has it is told on a line of its own, and programs learn how many are held."""
    held = JobResult("two", "held", 1, 0, 0, error="two: in use by pid 1")
    run = follow_to_the_end(plan, ONE_DONE, held, as_json=True)

    out, err = capsys.readouterr()
    last = read_lines(out)[-1]
    assert ExitCode.LATER is run.exit_code
    assert (1, 1, 0, 75) == (last.done, last.held, last.failed, last.exit_code)
    assert "Error: two: in use by pid 1" in err.splitlines()


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


def test_a_signal(plan: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    """A run that a signal has stopped has its exit code, whatever is complete."""
    with follow(plan, as_json=True, quiet=False) as run:
        run.tell(ONE_DONE)
        run.interrupted = ExitCode.TERMINATED

    out, err = capsys.readouterr()
    last = read_lines(out)[-1]
    assert (1, 1, 143) == (last.done, last.stopped, last.exit_code)
    assert ExitCode.TERMINATED is run.exit_code
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


def test_one_line(plan: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    """People are told at the end what it came to, on one line of standard error."""
    asked, line = SegmentAsked("one", 1, 5), LineChanged("one", is_open=False)
    take = TakeRecorded("one", 1, 5, 2.0, inferred=False)
    again = JobResult("one", "done", 1, 10, 0, 2.0)
    reports = (JobStarted("one", 1, 1, 5, 0), asked, line, asked, take, again)

    follow_to_the_end(plan, *reports, TWO_FAILED)

    *_, summary, error = capsys.readouterr().err.splitlines()
    said = "1 of 2 jobs done: 10 characters sent, 5 wasted, 0:02.0 of audio in 0:00."
    assert summary.startswith(said)
    assert error.startswith("Error: ")


@pytest.mark.parametrize("quiet", [False, True])
def test_failed_checks(
    plan: Plan, capsys: pytest.CaptureFixture[str], *, quiet: bool
) -> None:
    """Each is told above the error of its job, with the beginning of the text."""
    doubtful = replace(TWO_FAILED, cause="checks", failed_checks=(SILENT,))
    run = follow_to_the_end(plan, ONE_DONE, doubtful, quiet=quiet)

    assert ExitCode.CHECKS is run.exit_code
    assert capsys.readouterr().err.endswith(f"{SAID}Error: two: the line was lost\n")


def test_warnings_of_checks(plan: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a job that is done all the same they are warnings; programs get the whole."""
    warned = replace(TWO_DONE, failed_checks=(SILENT,))
    run = follow_to_the_end(plan, ONE_DONE, warned, as_json=True)

    out, err = capsys.readouterr()
    _, two, _ = read_lines(out)
    assert ExitCode.DONE is run.exit_code
    assert f"warning: {SAID}" == err
    assert (SILENT,) == two.failed_checks


@pytest.mark.parametrize("as_json", [False, True])
def test_changed_files(
    tmp_path: Path, plan: Plan, capsys: pytest.CaptureFixture[str], *, as_json: bool
) -> None:
    """A file that changes during the run is named at its end."""
    file, sources = tmp_path / "one.txt", Sources()
    file.write_text("Eins.")
    sources.read(file)
    read = replace(plan, manifest=replace(plan.manifest, sources=sources.digests))
    file.write_text("Zwei.")

    follow_to_the_end(read, ONE_DONE, TWO_DONE, as_json=as_json)

    out, err = capsys.readouterr()
    said = "changed while the run went on; what was rendered is as it was at the start"
    assert f"{file}: {said}; the same command takes the change up" in err.splitlines()
    if as_json:
        changed, ended = read_lines(out)[-2:]
        assert ("file-changed", str(file)) == (changed.event, changed.file)
        assert "ended" == ended.event
