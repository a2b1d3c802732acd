"""Cues: what is on the screen together, from when to when, and in which lines.

Knows lengths and durations; must not know any file format.

Theory of operation
===================

Every segment is cut by itself, so no cue has text of two. Of all ways to cut its pieces
into cues of at most two lines, the one is taken whose costs add up to the least, as TeX
does with paragraphs: each break costs what the place is worth, and each cue what it
lacks. Then the end of each is moved into the silence behind it, where that helps
reading.

What is spoken faster than anybody reads stays so: nothing is left out.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Final

from rimebatch.manifest.sentences import Border
from rimebatch.renderer.captions.hearing import Hearing
from rimebatch.renderer.captions.pieces import (
    LINE_COLUMNS,
    Piece,
    count_columns,
    make_pieces,
)
from rimebatch.renderer.spoken import SpokenJob, SpokenSegment

# Netflix, Timed Text Style Guide, general requirements: two lines, 5/6 to 7 seconds;
# 17 characters a second is what it asked of English for adults, and of children's now.
_LINES: Final = 2
_SHORTEST_S: Final = 5 / 6
_LONGEST_S: Final = 7
_COLUMNS_PER_S: Final = 17
# The same, subtitle timing guidelines: two frames of film between cues, and gaps of up
# to half a second closed to that.
_GAP_S: Final = 2 / 24
_CHAIN_S: Final = 1 / 2
# BBC, subtitle guidelines: how long text may stay after its speech.
_LINGER_S: Final = 1.5

# Against the costs of breaks in `pieces`; found by looking at a book.
_COST_EMPTY: Final = 50  # of a cue with nothing in it, falling with the square
_COST_SENTENCE_INSIDE: Final = 20
_COST_SHORT: Final = 60
_COST_LONG: Final = 10_000  # more than any way to avoid it
_COST_UNEVEN: Final = 2  # for each column that one line is longer
_LINE_SHARE: Final = 1 / 2  # how much worse it makes a cue that its lines are bad


@dataclass(frozen=True, slots=True)
class Cue:
    """What is shown together.

    Attributes:
        segment: Where its text stands.
        start: Its first frame.
        end: The frame after its last; no later than the start of the next cue.
        lines: Where each line begins and ends in the segment's text, in code points;
            one line or two, without white space at their ends.
    """

    segment: SpokenSegment
    start: int
    end: int
    lines: tuple[tuple[int, int], ...]

    @property
    def texts(self) -> list[str]:
        """What is printed on each line, in single spaces."""
        return [self._print(*line) for line in self.lines]

    @property
    def text(self) -> str:
        """The same without line breaks, which do not always stand for a space."""
        return self._print(self.lines[0][0], self.lines[-1][1])

    def _print(self, char_start: int, char_end: int) -> str:
        return " ".join(self.segment.text[char_start:char_end].split())


def make_cues(job: SpokenJob) -> list[Cue]:
    """Return the cues of *job*, in order, without overlap.

    Every character of the text but white space stands in exactly one of them. None is
    longer than 7 seconds. One is shorter than 5/6 of a second, or faster to read than
    17 columns a second, only if the next begins too soon.
    """
    cues = [cue for segment in job.segments for cue in _cut(segment, job)]
    starts = [cue.start for cue in cues]
    followers = zip(cues, [*starts[1:], None], strict=False)
    return [replace(cue, end=_find_end(cue, start, job)) for cue, start in followers]


def _cut(segment: SpokenSegment, job: SpokenJob) -> Iterator[Cue]:
    pieces = make_pieces(segment.text, job.language)
    hearing = Hearing(segment)
    heard = [hearing.span(piece.char_start, piece.char_end) for piece in pieces]
    layout = _Layout(pieces)
    for first, end in pairwise(_find_cuts(pieces, layout, heard, job.rate_hz)):
        _, middle = layout.break_line(first, end)
        lines = tuple(
            (pieces[a].char_start, pieces[b - 1].char_end)
            for a, b in ((first, middle), (middle, end))
            if a < b
        )
        yield Cue(segment, heard[first][0], heard[end - 1][1], lines)


class _Layout:
    """Pieces laid out on one endless line, to be cut into lines and cues.

    A cue or line of pieces *first* to before *end* is named by these two.
    """

    def __init__(self, pieces: Sequence[Piece]) -> None:
        steps = (piece.columns + piece.is_spaced for piece in pieces)
        self._starts = list(accumulate(steps, initial=0))
        self._ends = [
            start + piece.columns
            for start, piece in zip(self._starts, pieces, strict=False)
        ]
        self.breaks = [piece.cost for piece in pieces]

    def measure(self, first: int, end: int) -> int:
        """Return the columns of a line."""
        return self._ends[end - 1] - self._starts[first]

    def fill(self, first: int) -> int:
        """Return the end of the longest line that begins with the piece *first*."""
        end = bisect_right(self._ends, self._starts[first] + LINE_COLUMNS)
        return min(max(end, first + 1), len(self._ends))

    def break_line(self, first: int, end: int) -> tuple[int, int]:
        """Return what it costs to make lines of a cue, and the end of the first."""
        longest = self.fill(first)
        if end <= longest:
            return 0, end
        earliest = bisect_left(
            self._starts, self._ends[end - 1] - LINE_COLUMNS, first + 1
        )
        return min(
            (self._price(first, middle, end), middle)
            for middle in range(min(earliest, longest), longest + 1)
        )

    def _price(self, first: int, middle: int, end: int) -> int:
        uneven = abs(self.measure(first, middle) - self.measure(middle, end))
        return self.breaks[middle - 1] + _COST_UNEVEN * uneven


def _find_cuts(
    pieces: Sequence[Piece],
    layout: _Layout,
    heard: Sequence[tuple[int, int]],
    rate_hz: int,
) -> list[int]:
    """Return where cues begin, and the end of the last: the way that costs least."""
    count = len(pieces)
    sentences = (piece.border is Border.SENTENCE for piece in pieces)
    passed = list(accumulate(sentences, initial=0))
    shortest, longest = _SHORTEST_S * rate_hz, _LONGEST_S * rate_hz

    def price(first: int, end: int) -> float:
        length = heard[end - 1][1] - heard[first][0]
        emptiness = 1 - layout.measure(first, end) / (LINE_COLUMNS * _LINES)
        return (
            layout.breaks[end - 1] * (end < count)
            + _COST_EMPTY * emptiness**2
            + _COST_SENTENCE_INSIDE * (passed[end - 1] - passed[first])
            + _COST_SHORT * (length < shortest)
            + _COST_LONG * (length > longest)
        )

    costs = [0.0] * (count + 1)
    nexts = [count] * (count + 1)
    for first in reversed(range(count)):
        costs[first] = float("inf")
        for end in range(first + 1, layout.fill(layout.fill(first)) + 1):
            cost = costs[end] + price(first, end)
            if cost < costs[first]:  # else its lines are not worth the time
                cost += _LINE_SHARE * layout.break_line(first, end)[0]
            if cost < costs[first]:
                costs[first], nexts[first] = cost, end
    cuts = [0]
    while cuts[-1] < count:
        cuts.append(nexts[cuts[-1]])
    return cuts


def _find_end(cue: Cue, following: int | None, job: SpokenJob) -> int:
    """Return the frame at which *cue* goes, before that at which the next comes."""
    wanted_s = max(_SHORTEST_S, count_columns(cue.text) / _COLUMNS_PER_S)
    wanted = cue.start + round(wanted_s * job.rate_hz)
    linger, gap, chain, longest = (
        round(seconds * job.rate_hz)
        for seconds in (_LINGER_S, _GAP_S, _CHAIN_S, _LONGEST_S)
    )
    end = max(cue.end, min(wanted, cue.end + linger))
    if following is None:
        end = min(end, job.frames)
    elif following - end <= chain:
        has_gap = following - cue.end >= gap
        end = following - gap if has_gap else following
    return min(end, cue.start + longest)
