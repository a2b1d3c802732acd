"""Tests of where the things of a job lie."""

from pathlib import Path

from rimebatch.recorder.folders import (
    list_planned,
    list_recorded,
    plan_of,
    transcripts_of,
)


def test_places(tmp_path: Path) -> None:
    """Each job has transcripts and a plan of its own; to ask makes neither."""
    assert tmp_path / "transcripts/job" == transcripts_of(tmp_path, "job").folder
    assert tmp_path / "plans/job.json" == plan_of(tmp_path, "job")
    assert [] == list(tmp_path.iterdir())


def test_what_is_there(tmp_path: Path) -> None:
    """Jobs are listed by name, those with transcripts and those with a plan."""
    for job in ("two", "one"):
        transcripts_of(tmp_path, job).folder.mkdir(parents=True)
    plan_of(tmp_path, "one").parent.mkdir()
    plan_of(tmp_path, "one").touch()
    (tmp_path / "transcripts/.lock").touch()

    assert ["one", "two"] == list_recorded(tmp_path)
    assert ["one"] == list_planned(tmp_path)
    assert (
        [] == list_recorded(tmp_path / "nowhere") == list_planned(tmp_path / "nowhere")
    )
