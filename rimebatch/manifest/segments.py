"""Cuts a text into segments that one request may carry.

Must not know YAML, jobs, keys or prices: text in, pieces of it out. What a good place
for a cut is, `rimebatch.manifest.sentences` knows.

Theory of operation
===================

*White space* is what `str.isspace` says, no-break spaces included. A run of it counts
as one space, so re-wrapping a paragraph changes no segment. Byte order marks, word
joiners and zero-width spaces are not white space; they are sent as they stand, but
nobody can speak them.

*Paragraphs* stand apart by a line that is empty or all white space, whatever the line
ends (LF, CRLF, CR, NEL, U+2028), or by U+2029. Form feeds and tabs are only white
space. Every paragraph is cut by itself, so an edit in one moves nothing in another.

A paragraph that fits the limit is one segment. One that does not is split at its best
borders, the sentence ends if it has any; what still does not fit, at the best borders
within; and so on down to graphemes. At each level the parts are packed together again,
into as few pieces as possible, and those as even as possible: two halves read better
than a full segment and a rest of two words. The price is that an edit may move every
cut within its own paragraph.

What cannot be spoken (``* * *``) goes with a neighbour in its paragraph where that
fits, and else is a segment of its own, marked as not speakable.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from rimebatch.manifest.sentences import Token, make_tokens, split_graphemes

MAX_CHARS = 500  # per request, by the ws3 page; later pages of Rime's say 1,000

_LINE_END = r"(?>\r\n|[\n\r\x85\u2028])"  # atomic: a CRLF is never two line ends
_BLANK_LINE = re.compile(rf"{_LINE_END}[^\S\n\r\x85\u2028\u2029]*+{_LINE_END}|\u2029")
_WIDE_SPACE = re.compile(r"\s{2,}")


@dataclass(frozen=True, slots=True)
class SegmentText:
    """A piece of a text, small enough to be sent at once.

    Attributes:
        text: What is sent: no white space at its ends, single spaces within.
        start: Where it begins in the source text, in code points.
        end: Where it ends there; the source has ``[start, end)``.
        paragraph: Which paragraph of the source it belongs to, from 0.
        speakable: Whether a voice can say any of it: it has a letter or a digit
            (Unicode categories L and N).
        gaps: Where the source has more white space than the one space: where that is in
            *text*, and how many characters more.
    """

    text: str
    start: int
    end: int
    paragraph: int
    speakable: bool
    gaps: tuple[tuple[int, int], ...] = ()


def count_chars(text: str) -> int:
    """Return the larger of the code points and the UTF-16 units in *text*.

    Nobody says which of them Rime counts. Every code point takes one unit or two, so
    the units are never fewer.
    """
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def split_text(text: str, max_chars: int = MAX_CHARS) -> list[SegmentText]:
    """Cut *text* into segments, in order.

    Args:
        text: Any text, of any number of paragraphs.
        max_chars: The most that `count_chars` may say of a segment, at least 1. A
            single grapheme beyond it, such as a long emoji, still goes out whole.

    Returns:
        Segments that hold every character of *text* that is not white space, once and
        in order. None for a text without any. Takes time linear in its length.
    """
    return [
        segment
        for number, (start, end) in enumerate(_paragraphs(text))
        for segment in _cut_paragraph(text, start, end, number, max_chars)
    ]


def _paragraphs(text: str) -> list[tuple[int, int]]:
    """Return where each paragraph that is not all white space starts and ends."""
    gaps = [gap.span() for gap in _BLANK_LINE.finditer(text)]
    starts = [0, *(end for _, end in gaps)]
    ends = [*(start for start, _ in gaps), len(text)]
    spans = zip(starts, ends, strict=True)
    return [(start, end) for start, end in spans if text[start:end].strip()]


def _cut_paragraph(
    text: str, start: int, end: int, paragraph: int, max_chars: int
) -> Iterator[SegmentText]:
    """Yield the segments of the *paragraph* that is ``text[start:end]``."""
    source = text[start:end].strip()
    start += text[start:end].index(source)
    gaps = _find_gaps(source)
    left_out = [0, *accumulate(more for _, more in gaps)]
    first = 0  # of the characters of the line, of which the pieces are the parts
    for piece in _cut_line(" ".join(source.split()), max_chars):
        said = piece.rstrip(" ")
        last = first + len(said)
        before, within = bisect_left(gaps, (first,)), bisect_left(gaps, (last,))
        yield SegmentText(
            text=said,
            start=start + first + left_out[before],
            end=start + last + left_out[within],
            paragraph=paragraph,
            speakable=any(map(str.isalnum, said)),
            gaps=tuple((at - first, more) for at, more in gaps[before:within]),
        )
        first += len(piece)


def _find_gaps(source: str) -> list[tuple[int, int]]:
    """Return where *source* has more white space than the one space of its line.

    Returns:
        Which character of the line that space is, and how much more the source has.
    """
    gaps: list[tuple[int, int]] = []
    left_out = 0
    for gap in _WIDE_SPACE.finditer(source):
        gaps.append((gap.start() - left_out, len(gap[0]) - 1))
        left_out += len(gap[0]) - 1
    return gaps


def _cut_line(line: str, limit: int) -> list[str]:
    """Return *line* as pieces within *limit*; most paragraphs are within it as such."""
    if count_chars(line) <= limit:
        return [line]
    return _fit(make_tokens(line), limit)


def _fit(tokens: Sequence[Token], limit: int) -> list[str]:
    """Join *tokens* into pieces within *limit*, cut at the best borders there are."""
    whole = "".join(token.text for token in tokens)
    if count_chars(whole.rstrip(" ")) <= limit:
        return [whole]
    if len(tokens) == 1:
        return _pack(split_graphemes(whole), limit)
    best = max(token.border for token in tokens[:-1])
    cuts = [at for at, token in enumerate(tokens[:-1], 1) if token.border is best]
    groups = (tokens[i:j] for i, j in pairwise([0, *cuts, len(tokens)]))
    return _pack([piece for group in groups for piece in _fit(group, limit)], limit)


def _pack(parts: Sequence[str], limit: int) -> list[str]:
    """Join neighbours among *parts* into the fewest pieces, as even as may be."""
    ends = list(accumulate(map(count_chars, parts)))
    starts = [0, *ends]
    inked_ends = [
        end - part.endswith(" ") for end, part in zip(ends, parts, strict=True)
    ]

    def fill(most: int) -> list[int]:
        """Return after how many parts to cut so that pieces have *most* characters."""
        cuts = [0]
        while (first := cuts[-1]) < len(parts):
            fitting = bisect_right(inked_ends, starts[first] + most, lo=first)
            cuts.append(max(fitting, first + 1))
        return cuts

    # The lowest limit that needs no more pieces leaves the longest of them shortest.
    fewest = len(fill(limit))
    lowest = bisect_left(range(limit), -fewest, key=lambda most: -len(fill(most)))
    return ["".join(parts[i:j]) for i, j in pairwise(fill(lowest))]
