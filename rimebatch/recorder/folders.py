"""Where in the output folder of a batch the things of a job lie."""

from pathlib import Path

from rimebatch.transcript import JobTranscripts


def transcripts_of(folder: Path, job_id: str) -> JobTranscripts:
    """Return where the transcripts of a job lie in the output *folder* of a batch."""
    return JobTranscripts(folder / "transcripts" / job_id)


def plan_of(folder: Path, job_id: str) -> Path:
    """Return where the plan of a job is kept in the output *folder* of a batch."""
    return folder / "plans" / f"{job_id}.json"


def list_recorded(folder: Path) -> list[str]:
    """Return the jobs with transcripts in the output *folder* of a batch, by name."""
    return sorted(path.name for path in (folder / "transcripts").glob("*/"))


def list_planned(folder: Path) -> list[str]:
    """Return the jobs with a plan in the output *folder* of a batch, by name."""
    return sorted(path.stem for path in (folder / "plans").glob("*.json"))
