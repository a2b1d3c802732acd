"""The timeline of one job: takes one after another, counted in frames.

A segment's zero is the number of frames placed before it, never a sum of word ends:
the last word's end is not the length of the audio, and adding it up drifts.

Seconds appear only where a word leaves for a file.
"""

from dataclasses import dataclass

from rimebatch.renderer.takes import Sound, Timing


@dataclass(frozen=True, slots=True)
class PlacedWord:
    """A word on the timeline of its file, in frames.

    Attributes:
        text: The service's token.
        start: Inside its segment, never before the word in front of it.
        end: Inside its segment, never before *start*.
        raw_start_s: As the service sent it, from the zero of its synthesis.
        raw_end_s: The same for the end.
    """

    text: str
    start: int
    end: int
    raw_start_s: float
    raw_end_s: float


@dataclass(frozen=True, slots=True)
class PlacedTake:
    """A take on the timeline: frames ``start`` to ``end``, and its words."""

    start: int
    end: int
    timing: Timing
    words: tuple[PlacedWord, ...]


def place(sound: Sound, start: int, rate_hz: int) -> PlacedTake:
    """Return *sound* placed at frame *start*.

    The service's times are estimates that overrun, overlap or run backwards. They are
    clamped into the take and made monotonic; the raw values stay beside them.
    """
    end = start + len(sound.samples)
    words = []
    earliest = start
    for word in sound.words:
        zero = start + word.zero
        word_start = _clamp(zero + word.start_s * rate_hz, earliest, end)
        word_end = _clamp(zero + word.end_s * rate_hz, word_start, end)
        earliest = word_start
        words.append(
            PlacedWord(word.text, word_start, word_end, word.start_s, word.end_s)
        )
    return PlacedTake(start, end, sound.timing, tuple(words))


def _clamp(frame: float, low: int, high: int) -> int:
    return round(min(max(frame, low), high))
