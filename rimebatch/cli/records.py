"""From the paths of a command line to the records that lie there, job by job."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import click

from rimebatch.errors import PlanError, TranscriptError
from rimebatch.manifest import load_manifest
from rimebatch.manifest.plan import PlannedJob, make_plan
from rimebatch.manifest.plan_file import read_planned_job
from rimebatch.recorder.folders import (
    list_planned,
    list_recorded,
    plan_of,
    transcripts_of,
)
from rimebatch.transcript import JobTranscripts

_MANIFESTS: Final = {".yaml", ".yml"}
_TRANSCRIPTS: Final = "transcripts"

outdir_argument: Final = click.argument(
    "folder",
    metavar="OUTDIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
"""Adds the output folder of a run to a command, as its parameter ``folder``."""


@dataclass(frozen=True, slots=True)
class JobRecord:
    """What is on disk of one job.

    Attributes:
        id: Of the job; of a transcript by itself, its path.
        transcripts: Oldest first, without those that a crash left empty.
        folder: Where its files are; ``None`` where only transcripts were named.
        plan: What its files are made by; ``None`` if that is not known.
    """

    id: str
    transcripts: tuple[Path, ...]
    folder: Path | None = None
    plan: PlannedJob | None = None


def find_records(path: Path, out: Path) -> list[JobRecord]:
    """Return what *path* leads to.

    Args:
        path: A transcript, a job's folder of them, an output folder, or a manifest.
        out: Under which the output folders of manifests lie.

    Raises:
        TranscriptError: There is no record.
        ManifestError: The manifest has mistakes.
        PlanError: The plan of a job is damaged.
    """
    records = list(_find(path, out))
    if not any(record.transcripts for record in records):
        raise TranscriptError(
            f"{path}: no transcripts there; name a transcript, a folder of them, an "
            "output folder, or a manifest that has been run"
        )
    return records


def list_jobs(folder: Path) -> list[str]:
    """Return the jobs that have a plan in the output *folder* of a run, by name.

    Raises:
        PlanError: There are none.
    """
    jobs = list_planned(folder)
    if not jobs:
        what = f"{folder}: there are no plans; name the folder of a run"
        raise PlanError(f"{what}, like outputs/hello")
    return jobs


def _find(path: Path, out: Path) -> Iterator[JobRecord]:
    resolved = path.resolve()  # "." has no name
    if path.suffix in _MANIFESTS:
        yield from _find_of_manifest(path, out)
    elif path.is_file():
        yield JobRecord(str(path), (path,))
    elif (path / _TRANSCRIPTS).is_dir():
        yield from _find_in_outputs(path)
    elif resolved.parent.name == _TRANSCRIPTS:
        yield _find_of_job(resolved.parent.parent, resolved.name)
    else:
        yield JobRecord(resolved.name, _list_transcripts(JobTranscripts(path)))


def _find_of_manifest(path: Path, out: Path) -> Iterator[JobRecord]:
    """Yield what is on disk of the jobs of a manifest.

    Their files are as the manifest was when they were made, so the plan that was kept
    goes before its own.
    """
    manifest = load_manifest(path)
    planned = {job.id: job for job in make_plan(manifest).jobs}
    for record in _find_in_outputs(out / manifest.name):
        if plan := planned.get(record.id):
            yield replace(record, plan=record.plan or plan)


def _find_in_outputs(folder: Path) -> Iterator[JobRecord]:
    """Yield what is on disk of each job that has a plan or transcripts."""
    for job_id in sorted({*list_recorded(folder), *list_planned(folder)}):
        yield _find_of_job(folder, job_id)


def _find_of_job(folder: Path, job_id: str) -> JobRecord:
    plan = plan_of(folder, job_id)
    return JobRecord(
        job_id,
        _list_transcripts(transcripts_of(folder, job_id)),
        folder,
        read_planned_job(plan) if plan.exists() else None,
    )


def _list_transcripts(transcripts: JobTranscripts) -> tuple[Path, ...]:
    return tuple(path for path in transcripts.paths() if path.stat().st_size)
