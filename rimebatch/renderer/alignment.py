"""Where in the printed text each spoken word stands.

It knows strings, and neither takes nor times.

Theory of operation. Words are compared by their *key*: their letters and digits,
without case, accents and punctuation. The longest common subsequence of the keys of the
service's words and of those of the text's, cut at white space, ties down what is equal.
In a gap between two of these the same is done letter by letter, which finds words that
were fused, split or spelt in another way. What then remains beside something that is
not made of letters alone (``1984``, ``$5``, markup) is how that was read aloud. What is
none of this was invented, and stands nowhere.

The subsequence is found in bits (Hyyrö 2004), with a few operations on long integers
for each word; difflib would be quadratic, and passes over what is frequent.
"""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

from rimebatch.manifest.markup import MARKUPS
from rimebatch.transcript.redactor import MASK

# The bits that a comparison keeps grow with the square of this: 12 MB. A segment has
# at most 1,000 characters; what a script has beyond it may stand nowhere.
_MOST: Final = 10_000

_MARKUP: Final = re.compile("|".join(markup.pattern.pattern for markup in MARKUPS))

_SYMBOLS: Final = "%‰&@#§"  # read aloud, though to Unicode they are punctuation


class Span(NamedTuple):
    """The characters ``text[start:end]``."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Alignment:
    """What the words of a service have to do with a text.

    Attributes:
        spans: Where each of them stands, or ``None``. Neither starts nor ends ever run
            backwards. Punctuation belongs to the letters before it, or, at the start
            of a word, to those after it. All words that read the same number aloud
            have its span.
        share: The share of the text's letters that they account for, 0 to 1; ``None``
            where it has none, or the words are hidden. Numbers, symbols and markup are
            left out, as they may be read in any way.
    """

    spans: tuple[Span | None, ...]
    share: float | None


class _Letter(NamedTuple):
    """A letter or digit of a key, and its span with the punctuation around it."""

    char: str
    word: int
    span: Span


@dataclass(slots=True)
class _Word:
    """What stands between white space.

    Attributes:
        number: Which word of the text it is, from 0.
        span: Where it stands.
        printed: As it stands there.
        letters: Its letters and digits; none if it has none.
        is_plain: Whether it can be read in one way only.
        heard: How many of its letters are accounted for.
    """

    number: int
    span: Span
    printed: str
    letters: str
    is_plain: bool
    heard: int = 0

    @property
    def key(self) -> str:
        """What it is compared by: all of it where there are no letters."""
        return self.letters or self.printed

    def find_letters(self) -> Iterator[_Letter]:
        """Yield its letters, each with the whole span unless it is plain."""
        found = [
            (letter, at)
            for at, char in enumerate(self.printed, self.span.start)
            for letter in _plain_letters(char)
        ]
        starts = [self.span.start, *(at for _, at in found[1:])]
        ends = [*starts[1:], self.span.end]
        for (letter, at), start, end in zip(found, starts, ends, strict=False):
            own = Span(start, max(end, at + 1)) if self.is_plain else self.span
            yield _Letter(letter, self.number, own)


@lru_cache(maxsize=8)  # a take is checked, then placed, in a few threads at once
def align(words: tuple[str, ...], text: str) -> Alignment:
    """Find *words*, in the order in which they were spoken, in *text*.

    It takes less than a millisecond for a segment, and never fails. Words that a
    transcript hides stand nowhere.
    """
    if words and all(word == MASK for word in words):
        return Alignment((None,) * len(words), None)
    spoken, printed = [_make_key(word) for word in words], _find_words(text)
    spans: list[Span | None] = [None] * len(words)
    equal = _match(spoken, [word.key for word in printed])
    for at, of in equal:
        spans[at] = printed[of].span
        printed[of].heard = len(printed[of].letters)
    borders = [(-1, -1), *equal, (len(words), len(printed))]
    for (at, of), (next_at, next_of) in pairwise(borders):
        gap = slice(at + 1, next_at)
        spans[gap] = _align_gap(spoken[gap], printed, range(of + 1, next_of))
    plain = [word for word in printed if word.is_plain]
    letters = sum(len(word.letters) for word in plain)
    share = sum(word.heard for word in plain) / letters if letters else None
    return Alignment(tuple(spans), share)


def _find_words(text: str) -> list[_Word]:
    # Markup may be read in any way, as a number may.
    readings = _MARKUP.sub(lambda match: "0" * len(match[0]), text)
    words = []
    for number, match in enumerate(re.finditer(r"\S+", text)):
        span = Span(*match.span())
        letters = "".join(map(_plain_letters, match[0]))
        plain = all(map(is_plain, readings[span.start : span.end]))
        words.append(_Word(number, span, match[0], letters, plain))
    return words


def _make_key(word: str) -> str:
    return "".join(map(_plain_letters, word)) or word.strip()


@cache  # there are only so many characters
def _plain_letters(char: str) -> str:
    """Return the letters and digits of *char*, without case and accents."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKD", char.casefold())))


@cache
def is_plain(char: str) -> bool:
    """Whether *char* is neither a number nor a symbol, which are read aloud."""
    return unicodedata.category(char)[0] not in "NS" and char not in _SYMBOLS


def _align_gap(
    spoken: Sequence[str], printed: Sequence[_Word], gap: range
) -> list[Span | None]:
    """Return the spans of words none of which is equal to one in the *gap*.

    Args:
        spoken: Their keys.
        printed: All words of the text; is told which letters are accounted for.
        gap: Which of them stand between those that are found already.
    """
    if not spoken or not gap:
        return [None] * len(spoken)
    letters = [letter for number in gap for letter in printed[number].find_letters()]
    said = [(char, at) for at, key in enumerate(spoken) for char in key]
    found: list[list[int]] = [[] for _ in spoken]
    for of_said, of_letters in _match(
        [char for char, _ in said], [letter.char for letter in letters]
    ):
        found[said[of_said][1]].append(of_letters)
    spans: list[Span | None] = [None] * len(spoken)
    for at, places in enumerate(found):
        if places and _is_likely(places, len(spoken[at])):
            first, last = letters[places[0]].span, letters[places[-1]].span
            spans[at] = Span(first.start, last.end)
            for place in places:
                printed[letters[place].word].heard += 1
    readable = [printed[n].span for n in gap if not printed[n].is_plain]
    return _read_aloud(spans, readable)


def _is_likely(places: Sequence[int], length: int) -> bool:
    """Whether these letters of the text are a spoken word of that *length*.

    They must be half of those between the first and the last, so that letters here and
    there make no word; and a third of the word, as in "mr" for "mister".
    """
    return 2 * len(places) > places[-1] - places[0] and 3 * len(places) >= length


def _read_aloud(
    spans: Sequence[Span | None], readable: Sequence[Span]
) -> list[Span | None]:
    """Give the words without a span what is *readable* where they stand."""
    starts, ends = [span.start for span in readable], [span.end for span in readable]
    before: list[int] = []  # how many of the readable end before the word
    least = 0
    for span in spans:
        if span:
            at = bisect_left(starts, span.start)
            least = max(at, bisect_left(ends, span.end))
        before.append(least)
    after: list[int] = []
    most = len(readable)
    for span in reversed(spans):
        if span:
            most = min(bisect_right(starts, span.start), bisect_right(ends, span.end))
        after.append(most)
    return [
        Span(starts[first], ends[beyond - 1])
        if span is None and first < beyond
        else span
        for span, first, beyond in zip(spans, before, reversed(after), strict=True)
    ]


def _match(left: Sequence[str], right: Sequence[str]) -> list[tuple[int, int]]:
    """Return a longest common subsequence, as pairs of an index in each, in order."""
    left, right = left[:_MOST], right[:_MOST]
    places: dict[str, int] = {}
    for at, item in enumerate(right):
        places[item] = places.get(item, 0) | 1 << at
    # A bit that is 0 says that with this item of the right the subsequence grows.
    row = (1 << len(right)) - 1
    everywhere, rows = row, [row]
    for item in left:
        equal = row & places.get(item, 0)
        row = (row + equal | row - equal) & everywhere
        rows.append(row)
    pairs = []
    i, j = len(left), len(right)
    while i and j:
        if rows[i] >> j - 1 & 1:
            j -= 1
        elif not rows[i - 1] >> j - 1 & 1:
            i -= 1
        else:
            i, j = i - 1, j - 1
            pairs.append((i, j))
    return pairs[::-1]
