"""The words sidecar: JSON beside the audio, on the audio's own timeline.

`docs/formats.md` is its reference. Two runs that end with the same takes write the same
bytes, whichever transcripts hold them: takes are named by their content.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from rimebatch.manifest.plan import PlannedJob
from rimebatch.renderer.timeline import PlacedTake, PlacedWord
from rimebatch.transcript.reader import RecordedTake
from rimebatch.transcript.redactor import MASK
from rimebatch.ws3.query import Parameter

FORMAT_VERSION: Final = 1

RENDER_VERSION: Final = 1  # raise it when the same takes render to other bytes

_SECONDS_DIGITS: Final = 6  # microseconds: finer than a frame at any rate


class _Audio(msgspec.Struct):
    """The file that the times count in."""

    file: str
    sampling_rate_hz: int
    frames: int
    seconds: float


class _Segment(msgspec.Struct):
    """One segment and where it lies; its words are ``words[first_word:][:words]``."""

    text: str
    paragraph: int
    char_start: int
    char_end: int
    start_frame: int
    end_frame: int
    start_s: float
    end_s: float
    timing: str
    take: str
    first_word: int
    words: int


class _Word(msgspec.Struct):
    """One word as the service wrote it."""

    text: str
    segment: int
    start_s: float
    end_s: float
    service_start_s: float
    service_end_s: float


class _Sidecar(msgspec.Struct):
    """The whole file, in the order in which it is written."""

    rimebatch_words: int
    inputs_sha256: str
    job: str
    title: str
    voice: dict[str, Parameter]
    audio: _Audio
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
    """

    inputs_sha256: str
    audio: _Length


def digest_inputs(job: PlannedJob, takes: Mapping[str, RecordedTake]) -> str:
    """Return the digest of all that decides what *job* renders to, and whether."""
    parts = [
        [
            *(segment.text, segment.start, segment.end, segment.paragraph),
            *(take.record.id, take.picked),
        ]
        for segment in job.segments
        for take in [takes[segment.key]]
    ]
    versions = [RENDER_VERSION, FORMAT_VERSION]
    inputs = [*versions, job.id, job.title, job.query, job.checks, parts]
    return hashlib.sha256(msgspec.json.encode(inputs)).hexdigest()


def read_stamp(path: Path) -> Stamp | None:
    """Return what the sidecar at *path* was made of; ``None`` if that is unknown."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Stamp)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def make_sidecar(
    job: PlannedJob,
    takes: Mapping[str, RecordedTake],
    placed: Sequence[PlacedTake],
    audio_file: str,
    rate_hz: int,
) -> bytes:
    """Return the sidecar of *job*.

    Args:
        job: What was said.
        takes: By segment key.
        placed: One for each segment, in order.
        audio_file: The name of the audio beside it.
        rate_hz: Of the audio.
    """
    frames = placed[-1].end
    segments: list[_Segment] = []
    words: list[_Word] = []
    for index, (segment, take) in enumerate(zip(job.segments, placed, strict=True)):
        segments.append(
            _Segment(
                text=segment.text,
                paragraph=segment.paragraph,
                char_start=segment.start,
                char_end=segment.end,
                start_frame=take.start,
                end_frame=take.end,
                start_s=_seconds(take.start, rate_hz),
                end_s=_seconds(take.end, rate_hz),
                timing=take.timing.value,
                take=takes[segment.key].record.id,
                first_word=len(words),
                words=len(take.words),
            )
        )
        words += _make_words(take.words, index, segment.text, rate_hz)
    sidecar = _Sidecar(
        rimebatch_words=FORMAT_VERSION,
        inputs_sha256=digest_inputs(job, takes),
        job=job.id,
        title=job.title,
        voice=dict(job.parameters),
        audio=_Audio(audio_file, rate_hz, frames, _seconds(frames, rate_hz)),
        segments=segments,
        words=words,
    )
    return msgspec.json.format(msgspec.json.encode(sidecar), indent=1) + b"\n"


def _make_words(
    placed: Sequence[PlacedWord], segment: int, spoken: str, rate_hz: int
) -> list[_Word]:
    """Return the words of a segment; a hidden one is that at its place of *spoken*."""
    tokens = spoken.split()
    if len(tokens) != len(placed):
        tokens = [MASK] * len(placed)  # which is whose, nothing says
    return [
        _Word(
            text=token if word.text == MASK else word.text,
            segment=segment,
            start_s=_seconds(word.start, rate_hz),
            end_s=_seconds(word.end, rate_hz),
            service_start_s=word.raw_start_s,
            service_end_s=word.raw_end_s,
        )
        for word, token in zip(placed, tokens, strict=True)
    ]


def _seconds(frames: int, rate_hz: int) -> float:
    return round(frames / rate_hz, _SECONDS_DIGITS)
