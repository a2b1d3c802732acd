"""From JOB:SEGMENTS on a command line to segments of the plan."""

from pathlib import Path

import click
import pytest

from fakes.manifests import make_planned
from rimebatch.cli.selecting import select
from rimebatch.manifest.plan_file import write_planned_job
from rimebatch.recorder.folders import plan_of

JOB = make_planned("One.", "Two.", "Three.", "Four.", "Five.")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the outputs of a job of five segments."""
    write_planned_job(plan_of(tmp_path, "job"), JOB)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        ("job", [1, 2, 3, 4, 5]),
        ("job:3", [3]),
        ("job:2-4", [2, 3, 4]),
        ("job:5,1-2,2", [1, 2, 5]),
        ("job:1-5", [1, 2, 3, 4, 5]),
    ],
)
def test_segments(folder: Path, words: str, numbers: list[int]) -> None:
    """A job stands for all of its segments; numbers come in the order of the job."""
    selection = select(folder, words)

    assert JOB == selection.job
    assert {n: JOB.segments[n - 1] for n in numbers} == selection.segments
    assert numbers == list(selection.segments)


@pytest.mark.parametrize(
    "part", ["", "0", "6", "x", "-2", "3-", "4-2", "1-999999999", "²", "2 - 3", "1,"]
)
def test_no_segments(folder: Path, part: str) -> None:
    """Whatever names no segment is said to, with what would."""
    with pytest.raises(click.BadParameter, match="numbers from 1 to 5, as in 3 or 3,7"):
        select(folder, f"job:{part}")


@pytest.mark.parametrize("words", ["boj", "boj:1", "../plans/job", ""])
def test_no_job(folder: Path, words: str) -> None:
    """A job that is not there is answered with those that are."""
    with pytest.raises(click.BadParameter, match=r"; the jobs are job$"):
        select(folder, words)


def test_no_jobs(tmp_path: Path) -> None:
    """In any other folder there is nothing to name."""
    with pytest.raises(click.BadParameter, match="has no job a; none was ever run"):
        select(tmp_path, "a")
