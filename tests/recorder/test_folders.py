"""Tests of where the things of a job lie."""

from pathlib import Path

from rimebatch.recorder.folders import plan_of, transcripts_of


def test_places(tmp_path: Path) -> None:
    """Each job has transcripts and a plan of its own; to ask makes neither."""
    assert tmp_path / "transcripts/job" == transcripts_of(tmp_path, "job").folder
    assert tmp_path / "plans/job.json" == plan_of(tmp_path, "job")
    assert [] == list(tmp_path.iterdir())
