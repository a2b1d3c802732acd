"""Manifests out of a few words, as if they had been read from a file."""

from pathlib import Path
from typing import Literal

from rimebatch.manifest.load import Job, Manifest, Output, Voice
from rimebatch.manifest.plan import PlannedJob, plan_job
from rimebatch.manifest.take_checks import TakeChecks

RATE_HZ = 8000
MAX_CHARS = 500

UNCHECKED = TakeChecks(fastest_chars_per_s=1e9)
"""What is spoken in tests is a few bytes long, and too fast to be believed."""


def make_voice(segment: str = "never") -> Voice:
    """Return a voice that is quick to render."""
    return Voice(
        {
            "modelId": "arcana",
            "speaker": "luna",
            "lang": "eng",
            "audioFormat": "pcm",
            "samplingRate": RATE_HZ,
            "segment": segment,
        }
    )


def make_job(job_id: str, *paragraphs: str) -> Job:
    """Return a job that says *paragraphs*: a segment for each that is short."""
    return Job(job_id, None, make_voice(), "\n\n".join(paragraphs), None, UNCHECKED)


def make_script(job_id: str, *messages: dict[str, str]) -> Job:
    """Return a job that sends *messages* as they are."""
    return Job(job_id, None, make_voice("bySentence"), None, messages, UNCHECKED)


def make_manifest(
    *jobs: Job,
    concurrency: int = 4,
    done: Literal["auto", "always", "never"] = "always",
    silence_limit_s: float = 30.0,
) -> Manifest:
    """Return a manifest of *jobs*."""
    return Manifest(
        path=Path("book.yaml"),
        name="book",
        endpoint="local",
        concurrency=concurrency,
        output=Output(),
        jobs=jobs,
        max_chars=MAX_CHARS,
        done=done,
        silence_limit_s=silence_limit_s,
    )


def make_planned(*paragraphs: str) -> PlannedJob:
    """Return the plan of a job that says *paragraphs*, with nothing on record."""
    return plan_job(make_job("job", *paragraphs), MAX_CHARS)
