"""Where spoken words stand in the text: exact where they are equal, sensible else."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimebatch.renderer.alignment import Alignment, Span, align
from rimebatch.transcript.redactor import MASK

ANY = st.text(max_size=60)
SPOKEN = st.lists(
    st.one_of(st.text(max_size=8), st.sampled_from(["a", "the", "1984", "“", MASK])),
    max_size=12,
).map(tuple)
# No two alike, so that there is only one way to say which is missing.
WORDS = st.lists(
    st.text("abcdeéß", min_size=1, max_size=5), unique=True, max_size=12
).map(tuple)


def read_spans(text: str, *words: str) -> list[str | None]:
    """Return what stands in *text* where each of *words* does."""
    return [span and text[span.start : span.end] for span in align(words, text).spans]


@given(ANY)
def test_the_words_of_the_text_are_found_where_they_stand(text: str) -> None:
    """What the service usually sends, the text at white space, is found exactly."""
    spans = tuple(Span(*match.span()) for match in re.finditer(r"\S+", text))
    words = tuple(text[span.start : span.end] for span in spans)

    found = align(words, text)

    if words and set(words) == {MASK}:
        assert Alignment((None,) * len(words), None) == found
    else:
        assert spans == found.spans
        assert found.share in {None, 1.0}


@given(SPOKEN, ANY)
def test_spans_run_forwards_inside_the_text(words: tuple[str, ...], text: str) -> None:
    """Whatever was spoken, no span leaves the text or runs backwards."""
    found = align(words, text)
    spans = [span for span in found.spans if span]

    assert len(words) == len(found.spans)
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert sorted(span.start for span in spans) == [span.start for span in spans]
    assert sorted(span.end for span in spans) == [span.end for span in spans]
    assert found.share is None or 0 <= found.share <= 1


@given(WORDS.filter(bool), st.data())
def test_a_missing_word_moves_no_other(
    words: tuple[str, ...], data: st.DataObject
) -> None:
    """Where a word was not spoken, the others stand where they did."""
    text = " ".join(words)
    missing = data.draw(st.integers(0, len(words) - 1))
    whole = align(words, text).spans

    found = align(words[:missing] + words[missing + 1 :], text)

    if len({word.casefold().replace("é", "e") for word in words}) == len(words):
        assert whole[:missing] + whole[missing + 1 :] == found.spans


@given(WORDS, st.data())
def test_an_invented_word_stands_nowhere(
    words: tuple[str, ...], data: st.DataObject
) -> None:
    """Where a word was added, it has no span, and the others keep theirs."""
    text = " ".join(words)
    at = data.draw(st.integers(0, len(words)))

    found = align((*words[:at], "XYZZY", *words[at:]), text)

    whole = align(words, text).spans
    assert (*whole[:at], None, *whole[at:]) == found.spans


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("“Wait”, he SAID.", ["wait", "HE", "said"], ["“Wait”,", "he", "SAID."]),
        ("café cafe\u0301 Straße", ["cafe", "café", "STRASSE"], None),
        ("Don’t go", ["dont", "go"], ["Don’t", "go"]),
        ("a well-known man", ["a", "well", "known", "man"],
         ["a", "well-", "known", "man"]),
        ("has any one come", ["has", "anyone", "come"], ["has", "any one", "come"]),
        ("Mr. Dr. Poe", ["mister", "doctor", "Poe"], ["Mr.", "Dr.", "Poe"]),
        ("in 1984, he", ["in", "nineteen", "eighty", "four", "he"],
         ["in", "1984,", "1984,", "1984,", "he"]),
        ("the 25th of", ["the", "twenty", "fifth", "of"],
         ["the", "25th", "25th", "of"]),
        ("paid $5 on", ["paid", "five", "dollars", "on"], ["paid", "$5", "$5", "on"]),
        ("at 3:30 p.m.", ["at", "three", "thirty", "p", "m"],
         ["at", "3:30", "3:30", "p.", "m."]),
        ("wait <400> now", ["wait", "<400>", "now"], None),
        ("wait <400> now", ["wait", "now"], ["wait", "now"]),
        ("say {h0El1o} now", ["say", "hello", "now"], ["say", "{h0El1o}", "now"]),
        ("go [slowly] now", ["go", "slowly", "now"], ["go", "[slowly]", "now"]),
        ("by spell(ABC) it", ["by", "A", "B", "C", "it"],
         ["by", "spell(ABC)", "spell(ABC)", "spell(ABC)", "it"]),
        ("a — b", ["a", "—", "b"], ["a", "—", "b"]),
        ("a, b", ["a", ",", "b"], ["a,", None, "b"]),
        ("日本語です。", ["日本", "語", "です"], ["日本", "語", "です。"]),
        ("some text", [], []),
        ("", ["word"], [None]),
        ("none of it", ["xyzzy"], [None]),
    ],
)  # fmt: skip
def test_words_are_found(
    text: str, words: list[str], expected: list[str | None] | None
) -> None:
    """Case, form, markup, numbers, fused and split words all find their place."""
    assert (expected or text.split() if words else []) == read_spans(text, *words)


def test_share() -> None:
    """The share counts letters, leaving out what may be read in any way."""
    text = "One two <400> 1984 three."

    assert 1.0 == align(("one", "two", "three"), text).share
    assert 6 / 11 == align(("one", "two"), text).share
    assert 0.0 == align((), text).share
    assert None is align(("nineteen", "eighty", "four"), "1984").share


def test_hidden_words_stand_nowhere() -> None:
    """Words that the transcript hides are not taken for bullets in the text."""
    assert Alignment((None, None), None) == align((MASK, MASK), "• one • two")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("a", "b") * 250, "b a " * 250),
        (("x", "1") * 250, "2 y " * 250),
        (("ab" * 250,), "ba" * 250),
        (("[",) * 500, "[{<spell(" * 55),
    ],
)
def test_no_text_takes_long(words: tuple[str, ...], text: str) -> None:
    """The worst of texts take milliseconds, as ordinary ones do."""
    start = time.process_time()
    align(words, text)

    assert time.process_time() - start < 0.1  # 3 ms, on a machine that is busy


def test_what_is_far_beyond_any_segment_may_stand_nowhere() -> None:
    """A comparison takes up to 10,000 words of each side, so that memory is bounded."""
    found = align(("word",) * 13_000, "word " * 13_000)

    assert None not in found.spans[:10_000]
    assert None is found.spans[-1]
