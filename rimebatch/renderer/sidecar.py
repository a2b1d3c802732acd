"""The words sidecar: JSON beside the audio, on the audio's own timeline.

`docs/formats.md` is its reference. Two runs that end with the same takes write the same
bytes, whichever transcripts hold them: takes are named by their content.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec

from rimebatch.manifest.levels import Goal
from rimebatch.manifest.placement import NO_PAUSES
from rimebatch.manifest.plan import PlannedJob, Segment
from rimebatch.renderer.checks import Finding
from rimebatch.renderer.leveling import Fitted
from rimebatch.renderer.mix import Doubt
from rimebatch.renderer.timeline import PlacedJob, PlacedTake, PlacedWord, find_pauses
from rimebatch.transcript.reader import RecordedTake
from rimebatch.ws3.query import Parameter

FORMAT_VERSION: Final = 2

RENDER_VERSION: Final = 1  # raise it when the same takes render to other bytes

_DECIBELS_DIGITS: Final = 2  # what ffmpeg prints is coarser
_SECONDS_DIGITS: Final = 6  # microseconds: finer than a frame at any rate


class _Audio(msgspec.Struct):
    """The file that the times count in."""

    file: str
    sampling_rate_hz: int
    frames: int
    seconds: float


class _Loudness(msgspec.Struct):
    """How loud the audio is that the times count in, and what was done about it."""

    target: str
    peak: str
    gain_db: float | None
    loudness_lufs: float | None
    rms_db: float | None
    peak_db: float | None
    true_peak_db: float | None
    shortfall: str | None


class _Segment(msgspec.Struct):
    """One segment and where it lies; its words are ``words[first_word:][:words]``."""

    text: str
    paragraph: int
    char_start: int
    char_end: int
    gaps: Sequence[tuple[int, int]]
    start_frame: int
    end_frame: int
    start_s: float
    end_s: float
    timing: str
    take: str
    failed_checks: list[str]
    first_word: int
    words: int


class _Word(msgspec.Struct):
    """One word as the service wrote it, and where the job's text has it."""

    text: str
    segment: int
    char_start: int | None
    char_end: int | None
    start_s: float
    end_s: float
    service_start_s: float
    service_end_s: float
    flags: tuple[str, ...]


class _Sidecar(msgspec.Struct):
    """The whole file, in the order in which it is written."""

    rimebatch_words: int
    inputs_sha256: str
    job: str
    title: str
    voice: dict[str, Parameter]
    files: Sequence[str]
    audio: _Audio
    loudness: _Loudness | None
    segments: list[_Segment]
    words: list[_Word]


class _Length(msgspec.Struct):
    """The length of the audio."""

    frames: int


class Stamp(msgspec.Struct):
    """The part of a sidecar that tells whether it is current.

    Attributes:
        inputs_sha256: What its files were made of.
        audio: How long the audio beside it is.
        files: The names of all files of the job; none before version 2.
    """

    inputs_sha256: str
    audio: _Length
    files: tuple[str, ...] = ()


def digest_inputs(job: PlannedJob, takes: Mapping[str, RecordedTake]) -> str:
    """Return the digest of all that decides what *job* renders to, and whether."""
    parts = [
        [
            *(segment.text, segment.start, segment.end, segment.paragraph),
            *(segment.gaps, take.record.id, take.picked),
        ]
        for segment in job.segments
        for take in [takes[segment.key]]
    ]
    # By its frames, a pause that the job does not have decides nothing.
    output = [find_pauses(job), replace(job.output, pauses=NO_PAUSES)]
    versions = [RENDER_VERSION, FORMAT_VERSION]
    inputs = [*versions, job.id, job.title, job.track, job.query, job.checks, *output]
    return hashlib.sha256(msgspec.json.encode([*inputs, parts])).hexdigest()


def read_stamp(path: Path) -> Stamp | None:
    """Return what the sidecar at *path* was made of; ``None`` if that is unknown."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Stamp)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def make_sidecar(
    job: PlannedJob,
    takes: Mapping[str, RecordedTake],
    placed: PlacedJob,
    files: Sequence[str],
    doubts: Iterable[Doubt] = (),
    fitted: Fitted | None = None,
) -> bytes:
    """Return the sidecar of *job*, but for its last line feed.

    Args:
        job: What was said.
        takes: By segment key.
        placed: Where its takes lie in the audio.
        files: The names of all files of the job, the main audio first.
        doubts: About takes that failed their checks.
        fitted: What was done about the loudness, if anything was to be.
    """
    # No step is held while the next is made, nor all copied for a line feed: of a book
    # of 12 hours that would be 34 MB.
    return msgspec.json.format(
        msgspec.json.encode(_describe(job, takes, placed, files, doubts, fitted)),
        indent=1,
    )


def _describe(
    job: PlannedJob,
    takes: Mapping[str, RecordedTake],
    placed: PlacedJob,
    files: Sequence[str],
    doubts: Iterable[Doubt],
    fitted: Fitted | None,
) -> _Sidecar:
    frames, rate_hz = placed.frames, placed.rate_hz
    failed = {doubt.number: doubt.findings for doubt in doubts}
    segments: list[_Segment] = []
    words: list[_Word] = []
    for index, (segment, take) in enumerate(
        zip(job.segments, placed.takes, strict=True)
    ):
        take_id = takes[segment.key].record.id
        findings = failed.get(index + 1, ())
        segments.append(
            _make_segment(segment, take, take_id, findings, len(words), rate_hz)
        )
        words += (_make_word(word, index, segment, rate_hz) for word in take.words)
    return _Sidecar(
        rimebatch_words=FORMAT_VERSION,
        inputs_sha256=digest_inputs(job, takes),
        job=job.id,
        title=job.title,
        voice=dict(job.parameters),
        files=files,
        audio=_Audio(files[0], rate_hz, frames, _seconds(frames, rate_hz)),
        loudness=_make_loudness(job.output.loudness, fitted),
        segments=segments,
        words=words,
    )


def _make_segment(
    segment: Segment,
    take: PlacedTake,
    take_id: str,
    findings: Iterable[Finding],
    first_word: int,
    rate_hz: int,
) -> _Segment:
    return _Segment(
        text=segment.text,
        paragraph=segment.paragraph,
        char_start=segment.start,
        char_end=segment.end,
        gaps=segment.gaps,
        start_frame=take.start,
        end_frame=take.end,
        start_s=_seconds(take.start, rate_hz),
        end_s=_seconds(take.end, rate_hz),
        timing=take.timing.value,
        take=take_id,
        failed_checks=[finding.sentence for finding in findings],
        first_word=first_word,
        words=len(take.words),
    )


def _make_loudness(goal: Goal | None, fitted: Fitted | None) -> _Loudness | None:
    if goal is None or fitted is None:
        return None
    levels, leveling = fitted.levels, fitted.leveling
    return _Loudness(
        target=str(goal.target),
        peak=str(goal.peak),
        gain_db=None if leveling is None else leveling.gain_db,
        loudness_lufs=_decibels(levels.loudness_lufs),
        rms_db=_decibels(levels.rms_db),
        peak_db=_decibels(levels.peak_db),
        true_peak_db=_decibels(levels.true_peak_db),
        shortfall=fitted.shortfall,
    )


def _decibels(level: float) -> float | None:
    """Return *level* as it is written; silence has none."""
    return round(level, _DECIBELS_DIGITS) if math.isfinite(level) else None


def _make_word(
    word: PlacedWord, segment_index: int, segment: Segment, rate_hz: int
) -> _Word:
    start, end = segment.find_source(*word.span) if word.span else (None, None)
    return _Word(
        text=word.text,
        segment=segment_index,
        char_start=start,
        char_end=end,
        start_s=_seconds(word.start, rate_hz),
        end_s=_seconds(word.end, rate_hz),
        service_start_s=word.raw_start_s,
        service_end_s=word.raw_end_s,
        flags=word.flags,
    )


def _seconds(frames: int, rate_hz: int) -> float:
    return round(frames / rate_hz, _SECONDS_DIGITS)
