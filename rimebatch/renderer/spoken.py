"""What was spoken when: a job as captions, timing files and the report see it.

The text is the printed one, as the manifest has it; what the service made of it shows
only in the times. Knows no file format, and no service.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A stretch of the printed text, and when it is heard.

    Attributes:
        char_start: Where it begins in its segment's text, in code points.
        char_end: Where it ends; white space and punctuation may lie between words.
        start: Its first frame.
        end: The frame after its last; never before *start*.
    """

    char_start: int
    char_end: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class SpokenSegment:
    """A segment on the timeline of its file.

    Attributes:
        text: As it is printed.
        paragraph: Which paragraph of the job it belongs to, from 0.
        start: Its first frame.
        end: The frame after its last; pauses lie between segments, in none of them.
        words: In order, without overlap, inside the segment; none where the service
            told no times.
    """

    text: str
    paragraph: int
    start: int
    end: int
    words: tuple[SpokenWord, ...] = ()


@dataclass(frozen=True, slots=True)
class SpokenJob:
    """A whole job.

    Attributes:
        title: For people.
        language: As the service names it, like ``eng``.
        rate_hz: Frames per second.
        frames: The length of the file.
        segments: In order, without overlap.
    """

    title: str
    language: str
    rate_hz: int
    frames: int
    segments: tuple[SpokenSegment, ...]


def join_words(words: Iterable[SpokenWord]) -> tuple[SpokenWord, ...]:
    """Return *words* without overlap, neither in the text nor in time.

    Those that read the same part of the text aloud, as several words do a number,
    become one.

    Args:
        words: Of one segment, in the order in which they begin.
    """
    joined: list[SpokenWord] = []
    for word in words:
        told = word
        if joined and told.char_start < joined[-1].char_end:
            last = joined.pop()
            char_end, end = max(last.char_end, told.char_end), max(last.end, told.end)
            told = replace(last, char_end=char_end, end=end)
        elif joined:
            joined[-1] = replace(joined[-1], end=min(joined[-1].end, told.start))
        joined.append(told)
    return tuple(joined)
