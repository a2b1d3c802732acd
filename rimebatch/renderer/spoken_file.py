"""Reading what was spoken when back from the sidecar beside the audio.

The other way round is `sidecar`'s. Knows nothing of takes and transcripts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from rimebatch.errors import AudioError
from rimebatch.manifest.parameters import DEFAULT_LANG
from rimebatch.renderer.sidecar import FORMAT_VERSION
from rimebatch.renderer.spoken import (
    SpokenJob,
    SpokenSegment,
    SpokenWord,
    join_words,
)
from rimebatch.renderer.takes import Timing
from rimebatch.renderer.timeline import WordFlag
from rimebatch.ws3.query import Parameter


@dataclass(frozen=True, slots=True)
class Remarks:
    """What there is to say of the take of a segment.

    Attributes:
        timing: What its word times rest on.
        flags: What was wrong with some of them, in alphabetical order.
        failed_checks: A sentence for each.
    """

    timing: Timing
    flags: tuple[WordFlag, ...]
    failed_checks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SpokenFile:
    """A job on the timeline of its audio file.

    Attributes:
        audio: That file.
        job: What is spoken in it.
        remarks: One for each segment of it.
        level: How loud it was made, for people; "" where that was left alone.
    """

    audio: Path
    job: SpokenJob
    remarks: tuple[Remarks, ...]
    level: str = ""


class _Audio(msgspec.Struct):
    file: str
    sampling_rate_hz: int
    frames: int


class _Loudness(msgspec.Struct):
    loudness_lufs: float | None
    rms_db: float | None
    peak_db: float | None
    shortfall: str | None

    def describe(self) -> str:
        """Return the figures that are there, and what of the goal is not met."""
        figures = (
            (self.rms_db, "{:.1f} dB RMS"),
            (self.loudness_lufs, "{:.1f} LUFS"),
            (self.peak_db, "peak {:.1f} dB"),
        )
        found = [form.format(figure) for figure, form in figures if figure is not None]
        return ", ".join([*found, *([self.shortfall] if self.shortfall else [])])


class _Segment(msgspec.Struct):
    text: str
    paragraph: int
    char_start: int
    gaps: list[tuple[int, int]]
    start_frame: int
    end_frame: int
    timing: Timing
    failed_checks: tuple[str, ...]
    first_word: int
    words: int

    def find_char(self, at: int) -> int:
        """Return where in *text* character *at* of the job's text stands.

        It is none of the spaces that *text* has only one of.
        """
        char = at - self.char_start
        for space, more in self.gaps:
            if char > space:
                char -= more
        return char


class _Word(msgspec.Struct):
    char_start: int | None
    char_end: int | None
    start_s: float
    end_s: float
    flags: list[WordFlag]


class _Head(msgspec.Struct):
    rimebatch_words: int


class _Sidecar(msgspec.Struct):
    title: str
    voice: dict[str, Parameter]
    audio: _Audio
    loudness: _Loudness | None
    segments: list[_Segment]
    words: list[_Word]

    def words_of(self, segment: _Segment) -> list[_Word]:
        """Return the words of *segment*."""
        return self.words[segment.first_word : segment.first_word + segment.words]


def read_spoken(path: Path) -> SpokenFile:
    """Return what the sidecar at *path* says.

    Raises:
        AudioError: It cannot be read, or is of another version.
    """
    try:
        content = path.read_bytes()
        # Before all else: another version may differ in everything that follows.
        version = msgspec.json.decode(content, type=_Head).rimebatch_words
        if version != FORMAT_VERSION:
            raise _cannot_read(path, f"it is of version {version}")
        sidecar = msgspec.json.decode(content, type=_Sidecar)
    except (OSError, ValueError, RecursionError) as error:
        raise _cannot_read(path, str(error)) from error
    return SpokenFile(
        audio=path.parent / sidecar.audio.file,
        job=_make_job(sidecar),
        remarks=tuple(_remark(segment, sidecar) for segment in sidecar.segments),
        level=sidecar.loudness.describe() if sidecar.loudness else "",
    )


def _make_job(sidecar: _Sidecar) -> SpokenJob:
    audio = sidecar.audio
    return SpokenJob(
        title=sidecar.title,
        language=str(sidecar.voice.get("lang", DEFAULT_LANG)),
        rate_hz=audio.sampling_rate_hz,
        frames=audio.frames,
        segments=tuple(
            SpokenSegment(
                text=segment.text,
                paragraph=segment.paragraph,
                start=segment.start_frame,
                end=segment.end_frame,
                words=join_words(_list_words(segment, sidecar)),
            )
            for segment in sidecar.segments
        ),
    )


def _list_words(segment: _Segment, sidecar: _Sidecar) -> Iterator[SpokenWord]:
    """Yield the words of *segment* that stand in its text."""
    rate_hz = sidecar.audio.sampling_rate_hz
    for word in sidecar.words_of(segment):
        if word.char_start is not None and word.char_end is not None:
            yield SpokenWord(
                char_start=segment.find_char(word.char_start),
                char_end=segment.find_char(word.char_end - 1) + 1,
                start=round(word.start_s * rate_hz),
                end=round(word.end_s * rate_hz),
            )


def _remark(segment: _Segment, sidecar: _Sidecar) -> Remarks:
    flags = {flag for word in sidecar.words_of(segment) for flag in word.flags}
    return Remarks(segment.timing, tuple(sorted(flags)), segment.failed_checks)


def _cannot_read(path: Path, why: str) -> AudioError:
    return AudioError(
        f"{path}: cannot be read: {why}; `rimebatch render` makes it again"
    )
