"""From JOB:SEGMENTS on a command line to segments of the plan; for takes and retake."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

import click

from rimebatch.cli.planning import show_ids
from rimebatch.manifest.mistakes import quote
from rimebatch.manifest.plan import PlannedJob, Segment
from rimebatch.manifest.plan_file import read_planned_job
from rimebatch.recorder.folders import list_planned, plan_of

_RANGE: Final = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")


@dataclass(frozen=True, slots=True)
class Selection:
    """Some segments of a job.

    Attributes:
        job: As planned when it was last run, with nothing on record.
        segments: By their numbers, from 1, in the order of the job.
    """

    job: PlannedJob
    segments: Mapping[int, Segment]


def select(folder: Path, words: str) -> Selection:
    """Return what *words* name: ``ch01``, ``ch01:3``, ``ch01:3-5`` or ``ch01:3,7-9``.

    Args:
        folder: Of the outputs of a run.
        words: A job by itself stands for all of its segments.

    Raises:
        click.BadParameter: There is no such job or segment.
        PlanError: The plan of the job is damaged.
    """
    job_id, colon, ranges = words.partition(":")
    ids = list_planned(folder)
    if job_id not in ids:
        jobs = f"the jobs are {show_ids(ids)}" if ids else "none was ever run there"
        raise click.BadParameter(f"{folder} has no job {job_id}; {jobs}")
    job = read_planned_job(plan_of(folder, job_id))
    segments = dict(enumerate(job.segments, start=1))
    if not colon:
        return Selection(job, segments)
    parts = [_count(part, len(segments)) for part in ranges.split(",")]
    wanted = set(chain.from_iterable(parts))
    return Selection(job, {n: s for n, s in segments.items() if n in wanted})


def _count(part: str, most: int) -> range:
    """Return the numbers that *part* stands for: ``3``, or ``3-5``."""
    found = _RANGE.fullmatch(part)
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not 1 <= first <= last <= most:
        what = f"{quote(part)} names no segments; they have numbers from 1 to {most}"
        raise click.BadParameter(f"{what}, as in 3 or 3,7-9")
    return range(first, last + 1)
