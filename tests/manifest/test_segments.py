"""Segments: nothing lost, nothing too long, nothing shared between paragraphs."""

# ruff: noqa: RUF001  # marks of many scripts, written as they look

from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rimebatch.manifest.segments import SegmentText, count_chars, split_text
from rimebatch.manifest.sentences import split_graphemes

# Letters, white space and whatever has a rule of its own.
PROSE = st.text("aAIé1 .!?…,;:—'“”’()。」\n\r\f\u00a0\u2029\u0301\u200d🇫🇷🏽")
TEXTS = PROSE | st.text()
LIMITS = st.integers(min_value=1, max_value=40)


def texts(source: str, max_chars: int = 500) -> list[str]:
    """Return what *source* is sent as."""
    return [segment.text for segment in split_text(source, max_chars)]


def ink(text: str) -> str:
    """Return *text* without its white space."""
    return "".join(text.split())


@pytest.mark.parametrize(
    ("text", "expected"), [("", 0), ("aé—", 3), ("👍🏽", 4), ("\ud83d", 1)]
)
def test_count_chars(text: str, expected: int) -> None:
    """Characters are UTF-16 units, which are never fewer than code points."""
    found = count_chars(text)

    assert expected == found


def test_segment() -> None:
    """A segment knows its text, its place in the source, and its paragraph."""
    expected = [
        SegmentText("One.", 0, 4, paragraph=0, speakable=True),
        SegmentText("Two is here.", 8, 21, 1, speakable=True, gaps=((6, 1),)),
    ]

    found = split_text("One.\n\n  Two\tis\n here.  ")

    assert expected == found


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", []),
        (" \n\r\n\t\u00a0\f\n", []),
        ("a\nb", ["a b"]),
        ("a\r\nb\rc\x0bd\fe\u2028f\x85g", ["a b c d e f g"]),
        ("a\n\nb\r\n\r\nc\r\rd\u2028\u2028e\x85\x85f", ["a", "b", "c", "d", "e", "f"]),
        ("a\n \t\u00a0\f\nb\r\n\u3000\r\nc", ["a", "b", "c"]),
        ("\n\n\na\n\n\n\n\nb\n\n\n", ["a", "b"]),
        ("a\u2029b\u2029\u2029c", ["a", "b", "c"]),
        ("a\n\fb", ["a b"]),
        ("\ufeffa\u200bb \u200b", ["\ufeffa\u200bb \u200b"]),
    ],
)
def test_paragraphs(source: str, expected: list[str]) -> None:
    """A line without ink parts two paragraphs, whatever ends it."""
    found = texts(source)

    assert expected == found


def test_paragraph_numbers() -> None:
    """Paragraphs are counted from 0, the empty ones left out."""
    expected = [(0, "One."), (0, "Two."), (1, "Six.")]

    segments = split_text("\n\nOne. Two.\n\n\n\nSix.", 5)

    assert expected == [(segment.paragraph, segment.text) for segment in segments]


@pytest.mark.parametrize(
    ("limit", "source"),
    [
        (20, "One two. Three four. |Five six."),
        (19, "One two. |Three four. |Five six."),
        (24, "Aa bb cc. |Dd ee. Ff gg hh. Ii."),
        (16, "Aa bb; cc, dd; |ee ff. Gg hh."),
        (14, "Aa bb, cc dd, |ee ff, gg hh."),
        (12, "Aa bb cc dd |ee ff gg."),
        (14, "Aa bb cc with |Mr. Dd ee."),
        (5, "with |Mr. |Dd"),
        (10, "A |well-known |fact"),
        (9, "We know—|“really”—|it is."),
        (4, "abcd|efgh|i. J"),
        (4, "e\u0301e\u0301|e\u0301e\u0301"),
        (4, "👍👍|👍"),
        (1, "a|👍🏽|a |👩‍👩‍👧"),
        (6, "你好。|他走了。|真的吗？"),
        (8, "你好。他走了。|真的？"),
    ],
)
def test_cuts(limit: int, source: str) -> None:
    """Cuts are few, even, and at the best borders there are."""
    expected = [part.strip() for part in source.split("|")]

    found = texts(source.replace("|", ""), limit)

    assert expected == found


@pytest.mark.parametrize(
    ("limit", "source", "expected"),
    [
        (9, "* * *\n\n—\n\nOne.", [("* * *", False), ("—", False), ("One.", True)]),
        (9, "— One. ”", [("— One. ”", True)]),
        (9, "One. Two. —", [("One.", True), ("Two. —", True)]),
        (4, "One. — Two.", [("One.", True), ("—", False), ("Two.", True)]),
        (1, "½ ५ 你 👍", [("½", True), ("५", True), ("你", True), ("👍", False)]),
    ],
)
def test_speakable(limit: int, source: str, expected: list[tuple[str, bool]]) -> None:
    """What no voice can say joins a neighbour in its paragraph, or is marked."""
    segments = split_text(source, limit)

    assert expected == [(segment.text, segment.speakable) for segment in segments]


def test_lone_surrogates() -> None:
    """Half a surrogate pair, which no UTF-8 file can hold, is a character like any."""
    expected = ["a\ud83d", "\ude00b"]

    found = texts("a\ud83d \ude00b", 2)

    assert expected == found


@given(TEXTS, LIMITS)
def test_nothing_is_lost(source: str, max_chars: int) -> None:
    """All segments, joined, are the text but for white space."""
    found = "".join(texts(source, max_chars))

    assert ink(source) == ink(found)


@given(TEXTS, LIMITS)
def test_places(source: str, max_chars: int) -> None:
    """A segment is where it says, and none overlaps the one before it."""
    segments = split_text(source, max_chars)

    places = [place for segment in segments for place in (segment.start, segment.end)]

    assert sorted(places) == places
    assert [segment.text for segment in segments] == [
        " ".join(source[segment.start : segment.end].split()) for segment in segments
    ]


@given(TEXTS | st.text("a \n\t"), LIMITS)
def test_gaps(source: str, max_chars: int) -> None:
    """The gaps tell where each character of a segment is in the source."""
    for segment in split_text(source, max_chars):
        found = segment.text
        for at, more in reversed(segment.gaps):
            found = found[:at] + " " * more + found[at:]

        said = source[segment.start : segment.end]
        assert "".join(" " if char.isspace() else char for char in said) == found


@given(TEXTS, LIMITS)
def test_limit(source: str, max_chars: int) -> None:
    """A segment is within the limit, unless it is a single grapheme."""
    found = texts(source, max_chars)

    too_long = [text for text in found if count_chars(text) > max_chars]
    assert all(len(split_graphemes(text)) == 1 for text in too_long)


@given(PROSE, LIMITS)
def test_paragraphs_are_independent(source: str, max_chars: int) -> None:
    """What a paragraph becomes does not depend on what stands around it."""
    alone = texts(source, max_chars)
    before, after = texts("Before it.", max_chars), texts("“After” it", max_chars)

    found = texts(f"Before it.\n\n{source}\r\n \r\n“After” it", max_chars)

    assert [*before, *alone, *after] == found


@given(st.lists(PROSE, min_size=1, max_size=4), PROSE, st.data(), LIMITS)
def test_edit(parts: list[str], edit: str, data: st.DataObject, max_chars: int) -> None:
    """An edit in one paragraph leaves the segments of all others as they were."""
    one, *others = [" ".join(part.split()) or "-" for part in (edit, *parts)]
    at = data.draw(st.integers(0, len(others) - 1))
    edited = [*others[:at], one, *others[at + 1 :]]

    before = split_text("\n\n".join(others), max_chars)
    after = split_text("\n\n".join(edited), max_chars)

    assert [(s.paragraph, s.text) for s in before if s.paragraph != at] == [
        (s.paragraph, s.text) for s in after if s.paragraph != at
    ]


@given(PROSE, LIMITS)
def test_no_cut_is_wasted(source: str, max_chars: int) -> None:
    """No two neighbours of a paragraph would fit into one segment."""
    segments = split_text(source, max_chars)

    neighbours = [
        " ".join(source[left.start : right.end].split())
        for left, right in pairwise(segments)
        if left.paragraph == right.paragraph
    ]

    assert all(count_chars(text) > max_chars for text in neighbours)


@given(st.text("ab1.,;:!?'’”) \n"), LIMITS)
def test_words_are_whole(source: str, max_chars: int) -> None:
    """A cut is at white space, unless a word is longer than the limit."""
    assume(all(len(word) <= max_chars for word in source.split()))

    words = [word for text in texts(source, max_chars) for word in text.split()]

    assert source.split() == words


@given(PROSE, LIMITS)
def test_graphemes_are_whole(source: str, max_chars: int) -> None:
    """No cut is inside a grapheme, however small the limit."""
    graphemes = [part for word in source.split() for part in split_graphemes(word)]

    words = [word for text in texts(source, max_chars) for word in text.split()]

    assert graphemes == [part for word in words for part in split_graphemes(word)]


@pytest.mark.parametrize(
    "part", ["a", ".", "a, ", "word ", "A. ", "。", "\n", "\u0301"]
)
def test_long_texts(part: str) -> None:
    """Two hundred thousand characters of one hard case are cut in one go."""
    source = "a" + part * (200_000 // len(part))

    found = texts(source)

    assert ink(source) == ink("".join(found))
