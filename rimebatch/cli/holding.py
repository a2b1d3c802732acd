"""Keeping every other run out of a folder of outputs; shared by run and render."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from rimebatch.cli.clock import read_wall_time
from rimebatch.manifest.plan import Plan
from rimebatch.recorder.job import transcripts_of
from rimebatch.renderer import is_rendered
from rimebatch.transcript.locks import hold


def hold_to_run(plan: Plan, folder: Path) -> AbstractContextManager[None]:
    """Hold *folder* while *plan* is run, unless all its files are there already.

    A run that has nothing to do may go on beside another, and on a read-only disk.

    Raises:
        HeldError: Another run holds it; raised on entering, as the next one.
        OutputError: It cannot be held.
        TranscriptError: A transcript cannot be read.
    """
    return _hold(folder, when=not _is_current(plan, folder))


def hold_to_render(plan: Plan, folder: Path) -> AbstractContextManager[None]:
    """Hold *folder* while *plan* is rendered, if a job of it can be.

    Raises:
        HeldError: Another run holds it; raised on entering, as the next one.
        OutputError: It cannot be held.
    """
    return _hold(folder, when=any(not job.missing for job in plan.jobs))


def _hold(folder: Path, *, when: bool) -> AbstractContextManager[None]:
    if not when:
        return nullcontext()
    return hold(folder / "transcripts", read_wall_time())


def _is_current(plan: Plan, folder: Path) -> bool:
    """Whether every job has files, made of what is on record."""
    return all(
        is_rendered(job, transcripts_of(folder, job.id).takes(), folder)
        for job in plan.jobs
    )
