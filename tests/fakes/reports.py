"""A run to make a page of, with texts that would be programs, and its audio."""

from pathlib import Path

import numpy as np
import soundfile

from fakes.spoken import RATE_HZ, make_segment
from rimebatch.renderer.report import (
    JobCosts,
    Note,
    PastRun,
    ReportJob,
    ReportRun,
    ReportSegment,
)
from rimebatch.renderer.spoken import SpokenJob, SpokenSegment

HOSTILE = "</script><script>alert(1)</script><!--<script><img src=x onerror=alert(2)>"

TEXTS = (
    ("Chapter One", 0),
    ("It was “late”, and 🦊 & Bob <b>slept</b>.", 1),
    ("Nobody spoke.", 1),
    (f"Then: {HOSTILE} - all $of it ${{title}}.", 2),
    ("The end came at noon.", 3),
)
FAULT = Note("fault", "3 words were not heard")
NOTICE = Note("notice", "it has no word times")


def make_job(job: str, title: str, notes: dict[int, Note]) -> ReportJob:
    """Return a job that speaks `TEXTS`, without its audio."""
    segments: list[SpokenSegment] = []
    for text, paragraph in TEXTS:
        start = segments[-1].end if segments else 0
        segments.append(make_segment(text, start=start, paragraph=paragraph))
    spoken = SpokenJob(title, "eng", RATE_HZ, segments[-1].end, tuple(segments))
    known = tuple(
        ReportSegment(
            is_heading=number == 0,
            chars=len(text),
            tries=2 if number in notes else 1,
            notes=(notes[number],) if number in notes else (),
        )
        for number, (text, _) in enumerate(TEXTS)
    )
    costs = JobCosts("done", sent_chars=300, wasted_chars=40)
    return ReportJob(
        *(job, "done", f"{job}.wav", b"\x80\x7f", "-20.0 dB RMS", spoken),
        *(known, 2, 2.5, 0, costs),
    )


def make_run() -> ReportRun:
    """Return a run of two jobs, the second of a title that would be a program."""
    jobs = (
        make_job("ch01", "Chapter One", {1: FAULT, 3: NOTICE}),
        make_job("ch 02#?", HOSTILE, {4: FAULT}),
    )
    runs = (PastRun("2026-11-23T12:00:00Z", 260, 300, 40),)
    return ReportRun("book & co", 0.05, jobs, runs)


def write_audio(folder: Path, run: ReportRun) -> None:
    """Write a tone of the right length for each job of *run*."""
    for job in run.jobs:
        times = np.arange(job.spoken.frames) / job.spoken.rate_hz
        tone = np.sin(2 * np.pi * 220 * times) * 8000 * (times % 1)
        soundfile.write(folder / job.audio_file, tone.astype(np.int16), RATE_HZ)
