"""Why what is to be sent is sent, of all jobs of a plan, and how that is told."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

from rimebatch.errors import PlanError
from rimebatch.manifest.plan import Plan, PlannedJob, SegmentKey
from rimebatch.manifest.plan_file import read_planned_job
from rimebatch.manifest.reasons import Why, find_reasons
from rimebatch.recorder.folders import plan_of, transcripts_of
from rimebatch.transcript.choices import FRESH

Reasons: TypeAlias = Mapping[str, Mapping[SegmentKey, Why]]
"""By the id of a job, and by the key of each segment to be sent, in order."""


def find_why(plan: Plan, folder: Path, *, fresh: bool = False) -> Reasons:
    """Return why each segment of *plan* is sent that is not on record in *folder*.

    Where the plan that was last run is damaged everything to be sent passes for new:
    that is no reason not to go on, since the next run keeps its own.

    Args:
        plan: What is on record is marked there.
        folder: Of its outputs.
        fresh: Whether takes on record were left out of that because they are to be
            rejected.

    Raises:
        TranscriptError: What was chosen among the takes of a job cannot be read.
    """
    return {job.id: _find_why(job, folder, fresh=fresh) for job in plan.jobs}


def _find_why(
    job: PlannedJob, folder: Path, *, fresh: bool
) -> Mapping[SegmentKey, Why]:
    transcripts = transcripts_of(folder, job.id)
    rejected = transcripts.choices().rejected
    anew = {key for key, takes in rejected.items() if takes[-1].why == FRESH}
    if fresh:
        anew |= transcripts.takes().keys()
    return find_reasons(job, _read_last(folder, job.id), rejected.keys() - anew, anew)


def _read_last(folder: Path, job_id: str) -> PlannedJob | None:
    try:
        return read_planned_job(plan_of(folder, job_id))
    except PlanError:
        return None


def summarize(reasons: Iterable[Why]) -> str:
    """Return *reasons* with how often each holds: ``3 new, 1 text changed``."""
    counted = Counter(map(str, reasons))
    return ", ".join(f"{count:,} {reason}" for reason, count in counted.items())
