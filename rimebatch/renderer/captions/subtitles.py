"""Cues as files that players show: SubRip, WebVTT, LRC.

Knows what each format allows and escapes; must not know how cues are made.

All three have Unix line ends. No player is known to need others, and what ffmpeg
writes has them too.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from html import escape
from itertools import pairwise
from operator import attrgetter
from typing import Final

from rimebatch.renderer.captions.cues import Cue, make_cues
from rimebatch.renderer.captions.stamps import format_clock, to_millis
from rimebatch.renderer.spoken import SpokenJob, SpokenSegment

_OPENING: Final = re.compile(r"(?<=\s)\S*$")  # quotes that the next word begins with


def write_srt(job: SpokenJob) -> str:
    """Return *job* as SubRip.

    The format has no escapes, so the text stands there as it is printed, ``<`` too.
    """
    blocks = []
    for number, (start, end, cue) in enumerate(_time_cues(job), start=1):
        times = f"{format_clock(start, ',')} --> {format_clock(end, ',')}"
        blocks.append("\n".join([str(number), times, *cue.texts, ""]))
    return "\n".join(blocks)


def write_vtt(job: SpokenJob) -> str:
    """Return *job* as WebVTT, with a time at each word.

    Where the service told none, the cue is of the class ``estimated``.
    """
    blocks = ["WEBVTT\n"]
    if any(not segment.words for segment in job.segments):
        blocks.append(
            "NOTE\nCues of the class estimated have no word times of the service:\n"
            "their text is spread over the time of its segment by characters.\n"
        )
    for start, end, cue in _time_cues(job):
        times = f"{format_clock(start, '.')} --> {format_clock(end, '.')}"
        blocks.append("\n".join([times, *_mark_up(cue, start, end, job.rate_hz), ""]))
    return "\n".join(blocks)


def write_lrc(job: SpokenJob) -> str:
    """Return *job* as LRC, each cue on one line, and an empty line where the last ends.

    Hundredths are cut off: a line is never late. There are no times for single words,
    because players that do not know them print them.
    """
    cues = list(_time_cues(job))
    heads = [
        f"[ti:{' '.join(job.title.split())}]",
        f"[length:{_format_lrc(to_millis(job.frames, job.rate_hz))}]",
    ]
    lines = [f"[{_format_lrc(start)}]{cue.text}" for start, _, cue in cues]
    tail = [f"[{_format_lrc(end)}]" for _, end, _ in cues[-1:]]
    return "\n".join([*heads, *lines, *tail, ""])


def _time_cues(job: SpokenJob) -> Iterator[tuple[int, int, Cue]]:
    """Yield cues with first and last millisecond, without overlap, none without length.

    Only cues that have no length to begin with are later than their frames.
    """
    earliest = 0
    for cue in make_cues(job):
        start = max(to_millis(cue.start, job.rate_hz), earliest)
        earliest = max(to_millis(cue.end, job.rate_hz), start + 1)
        yield start, earliest, cue


def _format_lrc(millis: int) -> str:
    minutes, millis = divmod(millis, 60_000)
    return f"{minutes:02d}:{millis // 1000:02d}.{millis % 1000 // 10:02d}"


def _mark_up(cue: Cue, start: int, end: int, rate_hz: int) -> Iterator[str]:
    """Yield the lines of *cue*; times are inside it, each later than the one before."""
    if not cue.segment.words:
        for text in cue.texts:
            yield f"<c.estimated>{_escape(text)}</c>"
        return
    latest = start
    for line in cue.lines:
        marked = ""
        for frame, word in _cut_line(cue.segment, *line):
            millis = to_millis(frame, rate_hz)
            if latest < millis < end:
                latest = millis
                marked += f"<{format_clock(millis, '.')}>"
            space = " " * word[-1].isspace()
            marked += f"<c>{_escape(' '.join(word.split()))}</c>{space}"
        yield marked


def _cut_line(
    segment: SpokenSegment, char_start: int, char_end: int
) -> list[tuple[int, str]]:
    """Return a line of *segment* as words, all between them too, and their starts."""
    first = bisect_right(segment.words, char_start, key=attrgetter("char_end"))
    end = bisect_left(segment.words, char_end, key=attrgetter("char_start"))
    words = segment.words[first:end]
    cuts = [char_start]
    for before, word in pairwise(words):
        gap = segment.text[before.char_end : word.char_start]
        opening = _OPENING.search(gap)
        cuts.append(before.char_end + opening.start() if opening else word.char_start)
    frames = [word.start for word in words] or [0]  # with what comes before it
    borders = zip(frames, pairwise([*cuts, char_end]), strict=True)
    return [(frame, segment.text[a:b]) for frame, (a, b) in borders if a < b]


def _escape(text: str) -> str:
    return escape(text, quote=False)
