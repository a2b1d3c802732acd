"""Segments and words as files for listening closely: Praat, Audacity, tables.

Knows what each format allows and escapes; must not know cues. Times are those of the
words themselves, to the microsecond; white space within a text is single spaces.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from rimebatch.renderer.captions.stamps import to_seconds
from rimebatch.renderer.spoken import SpokenJob, SpokenSegment, SpokenWord

_COLUMNS: Final = (
    "segment",
    "word",
    "char_start",
    "char_end",
    "start_s",
    "end_s",
    "text",
)


class _Interval(NamedTuple):
    """A text, and the frames in which it is heard."""

    start: int
    end: int
    text: str


def write_textgrid(job: SpokenJob) -> str:
    """Return *job* as a Praat TextGrid in long format, with the tiers segments, words.

    No interval there is without length: the text of one goes with the next, or at the
    end with the last. A segment without word times has no words.
    """
    segments = map(_whole, job.segments)
    words = (word for segment in job.segments for word in _list_words(segment))
    return "\n".join(
        [
            'File type = "ooTextFile"',
            'Object class = "TextGrid"',
            "",
            "xmin = 0",
            f"xmax = {to_seconds(job.frames, job.rate_hz)}",
            "tiers? <exists>",
            "size = 2",
            "item []:",
            *_write_tier(1, "segments", segments, job),
            *_write_tier(2, "words", words, job),
            "",
        ]
    )


def write_audacity(job: SpokenJob) -> str:
    """Return *job* as labels for Audacity, one for each word.

    A segment without word times is one label.
    """
    return "".join(
        f"{to_seconds(start, job.rate_hz)}\t{to_seconds(end, job.rate_hz)}\t{text}\n"
        for segment in job.segments
        for start, end, text in _list_words(segment) or [_whole(segment)]
    )


def write_csv(job: SpokenJob) -> str:
    """Return *job* as CSV by RFC 4180, a row for each word, after a row of names.

    Segments and words count from 1. A segment without word times is one row, whose
    ``word`` is empty. What a spreadsheet makes of a text like ``=1+1`` is up to it.
    """
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    writer.writerow(_COLUMNS)
    for number, segment in enumerate(job.segments, start=1):
        unheard = SpokenWord(0, len(segment.text), segment.start, segment.end)
        for index, word in enumerate(segment.words or [unheard], start=1):
            writer.writerow(
                [
                    number,
                    index if segment.words else "",
                    word.char_start,
                    word.char_end,
                    to_seconds(word.start, job.rate_hz),
                    to_seconds(word.end, job.rate_hz),
                    _collapse(segment.text[word.char_start : word.char_end]),
                ]
            )
    return table.getvalue()


def _whole(segment: SpokenSegment) -> _Interval:
    return _Interval(segment.start, segment.end, _collapse(segment.text))


def _list_words(segment: SpokenSegment) -> list[_Interval]:
    return [
        _Interval(
            word.start,
            word.end,
            _collapse(segment.text[word.char_start : word.char_end]),
        )
        for word in segment.words
    ]


def _collapse(text: str) -> str:
    return " ".join(text.split())


def _write_tier(
    number: int, name: str, intervals: Iterable[_Interval], job: SpokenJob
) -> Iterator[str]:
    filled = list(_fill_gaps(_join_empty(intervals), job.frames))
    yield f"    item [{number}]:"
    yield '        class = "IntervalTier"'
    yield f'        name = "{name}"'
    yield "        xmin = 0"
    yield f"        xmax = {to_seconds(job.frames, job.rate_hz)}"
    yield f"        intervals: size = {len(filled)}"
    for index, (start, end, text) in enumerate(filled, start=1):
        quoted = text.replace('"', '""')
        yield f"        intervals [{index}]:"
        yield f"            xmin = {to_seconds(start, job.rate_hz)}"
        yield f"            xmax = {to_seconds(end, job.rate_hz)}"
        yield f'            text = "{quoted}"'


def _join_empty(intervals: Iterable[_Interval]) -> list[_Interval]:
    """Return *intervals* with those of no length joined to others."""
    joined: list[_Interval] = []
    texts: list[str] = []
    for start, end, text in intervals:
        texts.append(text)
        if start < end:
            joined.append(_Interval(start, end, " ".join(texts)))
            texts = []
    if joined and texts:
        start, end, text = joined.pop()
        joined.append(_Interval(start, end, " ".join([text, *texts])))
    return joined


def _fill_gaps(intervals: Iterable[_Interval], frames: int) -> Iterator[_Interval]:
    """Yield *intervals*, and ones without text between them and at the ends."""
    reached = 0
    for interval in [*intervals, _Interval(frames, frames, "")]:
        if reached < interval.start:
            yield _Interval(reached, interval.start, "")
        if interval.start < interval.end:
            yield interval
        reached = interval.end
