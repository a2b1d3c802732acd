"""The timeline of one job: takes and pauses one after another, counted in frames.

A segment's zero is the number of frames before it, never a sum of word ends: the last
word's end is not the length of the audio, and adding it up drifts. Seconds appear only
where a pause comes from the plan, and where a word leaves for a file.

A word also has its place in print; how that is found, `alignment` knows.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import Final

from rimebatch.manifest.headings import find_headings
from rimebatch.manifest.parameters import DEFAULT_LANG
from rimebatch.manifest.plan import PlannedJob
from rimebatch.renderer.alignment import Span, align
from rimebatch.renderer.sound import count_resampled
from rimebatch.renderer.spoken import SpokenJob, SpokenSegment, SpokenWord, join_words
from rimebatch.renderer.takes import Sound, Timing
from rimebatch.transcript.redactor import MASK

# Rime's own examples lie on grids of 0.16 to 0.18 s (docs@Aug), and one of 0.012 s that
# nobody would notice.
_FINE_S: Final = 0.1
_FEWEST_GAPS: Final = 5  # that one of those examples has; fewer fit some grid by chance
_OFF_GRID: Final = 0.05  # of the grid; times may be rounded
_MULTIPLES: Final = (1, 2, 3)  # of the grid, that the smallest gap may be

_HALF_FRAME: Final = 0.5  # what a time may lose by being rounded


class WordFlag(StrEnum):
    """What is wrong with the times of a word, as the service sent them."""

    EARLY = "early"  # it begins before the take
    OVERRUN = "overrun"  # it ends, or even begins, beyond the audio
    REVERSED = "reversed"  # it begins before the one in front, or ends before itself


@dataclass(frozen=True, slots=True)
class PlacedWord:
    """A word on the timeline of its file, in frames.

    Attributes:
        text: The service's token; where the transcript hides it, the one that is
            printed at its place, if the service counted as many.
        start: Inside its segment, never before the word in front of it.
        end: Inside its segment, never before *start*.
        raw_start_s: As the service sent it, from the zero of its synthesis.
        raw_end_s: The same for the end.
        flags: What is wrong with these two, in alphabetical order.
        span: Where in the text of its segment it stands; ``None`` for nowhere.
    """

    text: str
    start: int
    end: int
    raw_start_s: float
    raw_end_s: float
    flags: tuple[WordFlag, ...] = ()
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class PlacedTake:
    """A take on the timeline: frames ``start`` to ``end``, and its words."""

    start: int
    end: int
    timing: Timing
    words: tuple[PlacedWord, ...]


@dataclass(frozen=True, slots=True)
class PlacedJob:
    """The timeline of a whole job.

    Attributes:
        takes: One for each segment, in order, without overlap.
        frames: The length of the file.
        rate_hz: Frames per second.
    """

    takes: tuple[PlacedTake, ...]
    frames: int
    rate_hz: int

    def at_rate(self, rate_hz: int) -> "PlacedJob":
        """Return the same timeline in frames of another rate.

        Each place is moved by itself, so nothing adds up.
        """
        if rate_hz == self.rate_hz:
            return self

        def move(frame: int) -> int:
            return count_resampled(frame, self.rate_hz, rate_hz)

        takes = (
            replace(
                take,
                start=move(take.start),
                end=move(take.end),
                words=tuple(
                    replace(word, start=move(word.start), end=move(word.end))
                    for word in take.words
                ),
            )
            for take in self.takes
        )
        return PlacedJob(tuple(takes), move(self.frames), rate_hz)


def find_pauses(job: PlannedJob) -> list[int]:
    """Return how many frames of silence come before each segment of *job*, and last."""
    pauses = job.output.pauses
    segments = job.segments
    headings = find_headings((s.paragraph, s.text) for s in segments)
    seconds = [pauses.head]
    for one, other in pairwise(segments):
        if one.paragraph == other.paragraph:
            seconds.append(pauses.segment)
        elif headings.isdisjoint((one.paragraph, other.paragraph)):
            seconds.append(pauses.paragraph)
        else:
            seconds.append(pauses.heading)
    return [round(pause * job.rate_hz) for pause in (*seconds, pauses.tail)]


def place(
    sound: Sound, text: str, start: int, rate_hz: int, kept: range | None = None
) -> PlacedTake:
    """Return *sound* placed at frame *start*.

    The service's times are estimates that overrun, overlap or run backwards. They are
    clamped into the take and made monotonic; the raw values stay beside them.

    Args:
        sound: The whole take.
        text: That of its segment.
        start: Where on the timeline the first of its frames lies that is heard.
        rate_hz: Frames per second.
        kept: Which of them are heard; ``None`` for all.
    """
    length = len(sound.samples)
    kept = range(length) if kept is None else kept
    end, offset = start + len(kept), start - kept.start
    tokens = _unhide(sound.tokens, text)
    spans = align(tokens, text).spans
    words = []
    before, earliest = -math.inf, start
    for word, token, span in zip(sound.words, tokens, spans, strict=True):
        begins = word.zero + word.start_s * rate_hz
        ends = word.zero + word.end_s * rate_hz
        word_start = _clamp(offset + begins, earliest, end)
        word_end = _clamp(offset + ends, word_start, end)
        flags = _find_flags(begins, ends, before, length)
        raw_s = word.start_s, word.end_s
        words.append(PlacedWord(token, word_start, word_end, *raw_s, flags, span))
        before, earliest = begins, word_start
    return PlacedTake(start, end, _judge(sound), tuple(words))


def to_spoken(job: PlannedJob, placed: PlacedJob) -> SpokenJob:
    """Return *job* as captions and timing files see it.

    Words that the text does not have are left out, and those that read the same part
    of it aloud are one.
    """
    return SpokenJob(
        title=job.title,
        language=str(job.parameters.get("lang", DEFAULT_LANG)),
        rate_hz=placed.rate_hz,
        frames=placed.frames,
        segments=tuple(
            SpokenSegment(
                text=segment.text,
                paragraph=segment.paragraph,
                start=take.start,
                end=take.end,
                words=join_words(
                    SpokenWord(*word.span, word.start, word.end)
                    for word in take.words
                    if word.span is not None
                ),
            )
            for segment, take in zip(job.segments, placed.takes, strict=True)
        ),
    )


def _unhide(tokens: tuple[str, ...], text: str) -> tuple[str, ...]:
    """Return *tokens* with hidden ones as they stand at their place of *text*."""
    printed = text.split()
    if len(printed) != len(tokens):
        return tokens  # which is whose, nothing says
    return tuple(
        word if token == MASK else token
        for token, word in zip(tokens, printed, strict=True)
    )


def _find_flags(
    begins: float, ends: float, before: float, length: int
) -> tuple[WordFlag, ...]:
    """Return what is wrong with a word, to half a frame.

    Args:
        begins: The frame of the take in which it begins.
        ends: The frame in which it ends.
        before: The one in which the word in front of it begins.
        length: How many frames the take has.
    """
    wrong = {
        WordFlag.EARLY: begins < -_HALF_FRAME,
        WordFlag.OVERRUN: max(begins, ends) > length + _HALF_FRAME,
        WordFlag.REVERSED: begins < before or ends < begins,
    }
    return tuple(flag for flag, is_so in wrong.items() if is_so)


def _judge(sound: Sound) -> Timing:
    """Return what the times of *sound* rest on, and if on a grid that is heard."""
    borders = {border for word in sound.words for border in (word.start_s, word.end_s)}
    gaps = [later - one for one, later in pairwise(sorted(borders))]
    if sound.timing is not Timing.SERVICE or len(gaps) < _FEWEST_GAPS:
        return sound.timing
    grids_s = (min(gaps) / multiple for multiple in _MULTIPLES)
    is_coarse = any(_lie_on(grid_s, gaps) for grid_s in grids_s if grid_s > _FINE_S)
    return Timing.COARSE if is_coarse else Timing.SERVICE


def _lie_on(grid: float, gaps: Iterable[float]) -> bool:
    off = _OFF_GRID * grid
    return all((gap + off) % grid <= 2 * off for gap in gaps)


def _clamp(frame: float, low: int, high: int) -> int:
    return round(min(max(frame, low), high))
