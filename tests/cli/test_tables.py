"""What people read at the end of a command."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.manifests import make_job, make_manifest
from rimebatch.cli.tables import (
    format_length,
    print_plan,
    print_tally,
)
from rimebatch.cli.tally import Tally
from rimebatch.cli.why import find_why
from rimebatch.manifest.load import Job
from rimebatch.manifest.plan import Plan, make_plan
from rimebatch.recorder.reports import (
    JobResult,
    JobStarted,
    Report,
    SegmentAsked,
    TakeRecorded,
)

ONE = make_job("one", "x" * 400, "y" * 200)
TWO = make_job("two", "z" * 400)


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0:00.0"),
        (9.96, "0:09.9"),
        (61.25, "1:01.2"),
        (3599.99, "59:59.9"),
        (3600, "1:00:00"),
        (45296.9, "12:34:56"),
    ],
)
def test_format_length(seconds: float, written: str) -> None:
    """Minutes and tenths below an hour, whole seconds from there on; never too much."""
    assert written == format_length(seconds)


@given(st.floats(0, 1e6))
def test_format_length_loses_less_than_it_shows(seconds: float) -> None:
    """Reading a length back gives the seconds, less than its last digit short."""
    parts = [float(part) for part in format_length(seconds).split(":")]
    read = sum(part * 60**power for power, part in enumerate(reversed(parts)))

    assert 0 <= seconds - read + 1e-6 < (0.1 if len(parts) == 2 else 1) + 2e-6


def read_lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return the lines that were printed, with one space between words."""
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def print_first(plan: Plan) -> None:
    """Print *plan*, which was never run before, at 1 USD."""
    print_plan(plan, find_why(plan, Path("nowhere")), 1.0)


def plan_lines(capsys: pytest.CaptureFixture[str], *jobs: Job) -> list[str]:
    """Return the lines printed for the first plan of *jobs*, at 1 USD."""
    print_first(make_plan(make_manifest(*jobs)))
    return read_lines(capsys)


def test_plan(capsys: pytest.CaptureFixture[str]) -> None:
    """Each job has a line, the sum of all comes last, and the basis is stated."""
    heading, one, two, total, basis = plan_lines(capsys, ONE, TWO)

    assert "job segments chars on record to send speech USD why" == heading
    assert "one 2 600 0 600 0:40.0 0.60 2 new" == one
    assert "two 1 400 0 400 0:26.6 0.40 1 new" == two
    assert "total 3 1,000 0 1,000 1:06.6 1.00 3 new" == total
    assert (
        "Speech and cost are estimates, of what is to be sent: 15 characters a second, "
        "1 USD for 1,000 characters."
    ) == basis


def test_plan_of_what_is_on_record(capsys: pytest.CaptureFixture[str]) -> None:
    """Only what is to be sent takes time and money."""
    manifest = make_manifest(ONE)
    keys = [segment.key for segment in make_plan(manifest).jobs[0].segments]

    print_first(make_plan(manifest, lambda _: keys[:1]))

    line = read_lines(capsys)[1]
    assert "one 2 600 400 200 0:13.3 0.20 1 new" == line


def test_no_total_of_one_job(capsys: pytest.CaptureFixture[str]) -> None:
    """A single job is not added up."""
    planned = plan_lines(capsys, TWO)
    print_tally(Tally(make_plan(make_manifest(TWO)), lambda: 0.0))

    lines = [*planned, *read_lines(capsys)]
    assert ["job", "two", "Speech", "job", "two"] == [line.split()[0] for line in lines]


def test_skipped(capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be spoken is listed, on one line whatever is in it."""
    *_, skipped = plan_lines(capsys, make_job("one", "Yes.", "*\n\x1b*", "No."))

    where = r'skipped "* \x1b*" at character 6'
    assert f"one: {where}: nothing in it can be spoken" == skipped


def tally_lines(capsys: pytest.CaptureFixture[str], *reports: Report) -> list[str]:
    """Return the lines printed for a run after *reports*."""
    tally = Tally(make_plan(make_manifest(ONE, TWO)), lambda: 0.0)
    for report in reports:
        tally.add(report)
    print_tally(tally)
    return read_lines(capsys)


def test_tally(capsys: pytest.CaptureFixture[str]) -> None:
    """Each job has a line with its state and its file; their sums come last."""
    heading, one, two, total = tally_lines(
        capsys,
        JobStarted("one", 2, 1, 200, 400),
        SegmentAsked("one", 2, 200),
        SegmentAsked("one", 2, 200),  # its line was lost
        TakeRecorded("one", 2, 200, 20.0, inferred=False),
        JobResult("one", "done", 2, 400, 400, 61.0, ("out/one.wav",)),
        JobResult("two", "failed", 1, 0, 0, error="two: lost"),
    )

    columns = "job segments chars sent reused wasted missing audio state file"
    assert columns == heading
    assert "one 2 400 400 200 0 1:01.0 done out/one.wav" == one
    assert "two 1 0 0 0 400 0:00.0 failed" == two
    assert "total 3 400 400 200 400 1:01.0" == total


def test_long_file_names_stay_whole(capsys: pytest.CaptureFixture[str]) -> None:
    """A name is never cut to the width of a terminal, so that it can be copied."""
    name = "/".join(["a [bold] :cat:"] * 15)
    result = JobResult("one", "done", 2, 0, 0, 1.0, (name,))
    _, one, *_ = tally_lines(capsys, result)

    assert one.endswith(f"done {name}")
