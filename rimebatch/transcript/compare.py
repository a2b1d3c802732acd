"""The difference of two transcripts: what was asked, what came back, and when.

Two conversations are the same if their queries, their messages and their ends are.
Times may differ, and so may where, when and by whom they were recorded. Audio is
compared and never shown. This module knows no terminal.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from pathlib import Path
from statistics import median
from typing import Final, TypeAlias

import msgspec

from rimebatch.manifest.mistakes import make_printable
from rimebatch.transcript.entries import Header
from rimebatch.transcript.heard import HeardTake, HeardTranscript, read_heard
from rimebatch.transcript.view import Row, describe_audio, describe_text, make_rows
from rimebatch.ws3.query import Query

_NS_PER_S: Final = 1_000_000_000

# Of a header; the query decides what is heard, and the time of day is always another.
_NOTED: Final = (
    "job",
    "attempt",
    "vantage",
    "endpoint",
    "client",
    "manners",
    "derived",
)

_MEASURES: Final[dict[str, Callable[[HeardTake], int | None]]] = {
    "first audio": lambda take: take.first_audio_ns,
    "whole take": lambda take: take.duration_ns,
    "longest gap": lambda take: take.longest_gap_ns,
}

_Pair: TypeAlias = tuple[HeardTake | None, HeardTake | None]


@dataclass(frozen=True, slots=True)
class Timing:
    """How one time of the takes differs, over those that both transcripts have.

    Attributes:
        measure: ``first audio`` and ``whole take``, from when it was asked for, or the
            ``longest gap`` between its messages.
        median_a_s: Of the first transcript, in seconds.
        median_b_s: Of the second one.
        largest_s: The largest difference; positive where the second takes longer.
        take: Whose that is.
    """

    measure: str
    median_a_s: float
    median_b_s: float
    largest_s: float
    take: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two transcripts.

    Attributes:
        takes: How many each of the two has.
        equal_takes: How many came back the same, message for message.
        differences: What makes two conversations of them; empty if they are one.
        notes: What else their headers say differently.
        timings: Of the takes that both have.
        are_times_equal: Whether all was said at the same times, to the nanosecond.
    """

    takes: tuple[int, int]
    equal_takes: int
    differences: tuple[str, ...]
    notes: tuple[str, ...]
    timings: tuple[Timing, ...]
    are_times_equal: bool


def compare_transcripts(a: Path, b: Path) -> Comparison:
    """Return what differs between the transcripts at *a* and *b*.

    Raises:
        TranscriptError: One of them cannot be read, or is damaged.
    """
    former, latter = read_heard(a), read_heard(b)
    pairs = pair_takes(former.takes, latter.takes)
    return Comparison(
        takes=(len(former.takes), len(latter.takes)),
        equal_takes=sum(x.messages == y.messages for x, y in pairs if x and y),
        differences=tuple(_find_differences(former, latter, pairs)),
        notes=tuple(_compare_headers(former.header, latter.header)),
        timings=tuple(_compare_times(pairs)),
        are_times_equal=former.times_ns == latter.times_ns,
    )


def pair_takes(a: Sequence[HeardTake], b: Sequence[HeardTake]) -> list[_Pair]:
    """Return which take of *a* answers to which of *b*; ``None`` for none.

    By the segment; where one of the two has no commits, by the label; where no label
    is in both, by the order.
    """
    name_of: Callable[[HeardTake], str]
    for name_of in (lambda take: take.segment, lambda take: take.context_id):
        in_a, in_b = _number(a, name_of), _number(b, name_of)
        every = dict.fromkeys([*in_a, *in_b])
        if in_a.keys() & in_b.keys() and all(name for name, _ in every):
            return [(in_a.get(key), in_b.get(key)) for key in every]
    return list(zip_longest(a, b))


def _number(
    takes: Sequence[HeardTake], name_of: Callable[[HeardTake], str]
) -> dict[tuple[str, int], HeardTake]:
    """Return *takes* by their names, and how often each name came before."""
    seen: Counter[str] = Counter()
    numbered = {}
    for take in takes:
        name = name_of(take)
        numbered[name, seen[name]] = take
        seen[name] += 1
    return numbered


def _find_differences(
    a: HeardTranscript, b: HeardTranscript, pairs: Sequence[_Pair]
) -> Iterator[str]:
    yield from _compare_queries(a.header.query, b.header.query)
    yield from _compare_sent(a, b)
    found = [
        f"{_name(n, pair)}: {difference}"
        for n, pair in enumerate(pairs, start=1)
        for difference in _compare_pair(pair, a.header.query, b.header.query)
    ]
    yield from found
    heard_a, heard_b = ([one.entry.value for one in x.heard] for x in (a, b))
    if heard_a != heard_b and not found:
        differ = (x != y for x, y in zip_longest(heard_a, heard_b))
        first = list(differ).index(True) + 1
        yield f"received: message {first:,} is the first that differs, in no take"
    # Which of two closes came first is a race, where both sides were done.
    if sorted(a.ends) != sorted(b.ends):
        ends = (", ".join(x.ends) or "no end" for x in (a, b))
        yield f"end: {' against '.join(ends)}"


def _compare_queries(a: Query, b: Query) -> Iterator[str]:
    of_a, of_b = dict(a), dict(b)
    names = dict.fromkeys([*of_a, *of_b])
    differ = [name for name in names if of_a.get(name) != of_b.get(name)]
    for name in differ:
        yield _against(f"query: {name}", of_a.get(name), of_b.get(name))
    if a != b and not differ:
        yield "query: the same parameters in another order"


def _compare_headers(a: Header, b: Header) -> Iterator[str]:
    of_a, of_b = (msgspec.to_builtins(header) for header in (a, b))
    for name in _NOTED:
        if of_a[name] != of_b[name]:
            yield _against(name, of_a[name], of_b[name])


def _compare_sent(a: HeardTranscript, b: HeardTranscript) -> Iterator[str]:
    of_a, of_b = ([entry.value for entry in x.sent] for x in (a, b))
    for i, j, k, m in _changes(of_a, of_b):
        rows_a, rows_b = (
            make_rows(a.header, a.sent[i:j]),
            make_rows(b.header, b.sent[k:m]),
        )
        for x, y in zip_longest(map(_describe, rows_a), map(_describe, rows_b)):
            same = " (spelt differently)" if x == y else ""
            yield f"sent: {x or 'nothing'} against {y or 'nothing'}{same}"


def _describe(sent: Row) -> str:
    label = f" ({sent.context_id})" if sent.context_id else ""
    return f"{sent.what} {sent.detail}".rstrip() + label


def _compare_pair(pair: _Pair, a: Query, b: Query) -> Iterator[str]:
    x, y = pair
    if x is None or y is None:
        yield f"only in {'B' if x is None else 'A'}"
        return
    if x.messages == y.messages:
        return
    found = [*_compare_words(x, y), *_compare_audio(x, y, a, b)]
    yield from found or ["its messages differ in something else"]


def _compare_words(x: HeardTake, y: HeardTake) -> Iterator[str]:
    if x.words == y.words:
        zipped = zip(_times(x), _times(y), strict=True)
        if largest_s := max((abs(s - t) for s, t in zipped), default=0):
            yield f"times of words differ by up to {largest_s:.3f} s"
    for i, j, k, m in _changes(x.words, y.words):
        in_a, in_b = x.words[i:j], y.words[k:m]
        what = "changed" if in_a and in_b else "removed" if in_a else "added"
        words = (describe_text(" ".join(words)) for words in (in_a, in_b) if words)
        yield f"words {what}: {' against '.join(words)}"


def _compare_audio(x: HeardTake, y: HeardTake, a: Query, b: Query) -> Iterator[str]:
    of_x, of_y = b"".join(x.chunks), b"".join(y.chunks)
    if of_x != of_y:
        yield f"audio: {describe_audio(a, of_x)} against {describe_audio(b, of_y)}"
    elif x.chunks != y.chunks:
        yield f"the same audio in other chunks: {len(x.chunks)}, {len(y.chunks)}"


def _compare_times(pairs: Sequence[_Pair]) -> Iterator[Timing]:
    for measure, read_ns in _MEASURES.items():
        times = [
            (of_x / _NS_PER_S, of_y / _NS_PER_S, _name(n, (x, y)))
            for n, (x, y) in enumerate(pairs, start=1)
            if x and y
            for of_x, of_y in [(read_ns(x), read_ns(y))]
            if of_x is not None and of_y is not None
        ]
        if times:
            in_a, in_b, _ = zip(*times, strict=True)
            x_s, y_s, name = max(times, key=lambda time: abs(time[1] - time[0]))
            yield Timing(measure, median(in_a), median(in_b), y_s - x_s, name)


def _times(take: HeardTake) -> list[float]:
    return [
        time_s
        for times in take.timestamps
        for word in zip(times.start, times.end, strict=True)
        for time_s in word
    ]


def _changes(a: Sequence[str], b: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    """Yield the ranges, of *a* and of *b* in its place, wherever they differ."""
    matcher = SequenceMatcher(None, a, b, autojunk=False)
    for what, *ranges in matcher.get_opcodes():
        if what != "equal":
            i, j, k, m = ranges
            yield i, j, k, m


def _name(number: int, pair: _Pair) -> str:
    take = pair[0] or pair[1]
    label = take.context_id if take else ""
    return make_printable(f"take {number}" + (f" ({label})" if label else ""))


def _against(what: str, a: object, b: object) -> str:
    of_a, of_b = (_spell(value) for value in (a, b))
    return make_printable(f"{what}: {of_a} against {of_b}")


def _spell(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {what}" for name, what in value.items())
    return "nothing" if value is None else str(value)
