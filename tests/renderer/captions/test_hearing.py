"""When a stretch of text is heard."""

from itertools import pairwise

import pytest
from hypothesis import given

from fakes.spoken import spoken_jobs
from rimebatch.renderer.captions.hearing import Hearing
from rimebatch.renderer.spoken import SpokenJob, SpokenSegment, SpokenWord

TEXT = "“One,” two—three."
WORDS = (
    SpokenWord(1, 4, 110, 140),
    SpokenWord(7, 10, 200, 230),
    SpokenWord(11, 16, 230, 280),
)
SPOKEN = SpokenSegment(TEXT, 0, 100, 300, WORDS)


@pytest.mark.parametrize(
    ("stretch", "span"),
    [
        ("“One,”", (110, 140)),  # no pause around a word
        ("One", (110, 140)),
        ("n", (120, 130)),  # a share of its word
        ("two—three.", (200, 280)),
        ("two", (200, 230)),
        ("—", (230, 230)),  # no time is left for it
        ("three.", (230, 280)),
        (",”", (140, 180)),  # a share of the pause
        (".", (280, 300)),
        ("“", (100, 110)),
        (TEXT, (110, 280)),
    ],
)
def test_words(stretch: str, span: tuple[int, int]) -> None:
    """A stretch is heard from its first word to its last."""
    start = TEXT.index(stretch)

    assert span == Hearing(SPOKEN).span(start, start + len(stretch))


def test_words_without_a_space() -> None:
    """Where one word ends and the next begins, each has its own time."""
    words = (SpokenWord(0, 1, 10, 20), SpokenWord(1, 2, 50, 60))
    hearing = Hearing(SpokenSegment("猫だ", 0, 0, 100, words))

    assert [(10, 20), (50, 60)] == [hearing.span(0, 1), hearing.span(1, 2)]


def test_no_words() -> None:
    """Without words the time of the segment is shared by characters."""
    hearing = Hearing(SpokenSegment("One two.", 0, 1000, 1800))

    assert [(1000, 1300), (1400, 1800)] == [hearing.span(0, 3), hearing.span(4, 8)]


def test_unprinted_word() -> None:
    """A word that nothing is printed of says nothing about the text."""
    words = (SpokenWord(1, 1, 10, 90),)
    hearing = Hearing(SpokenSegment("abcd", 0, 0, 100, words))

    assert (0, 100) == hearing.span(0, 4)


@given(spoken_jobs())
def test_order(job: SpokenJob) -> None:
    """Every character is heard within its segment, none before another has ended."""
    for segment in job.segments:
        hearing = Hearing(segment)
        spans = [hearing.span(at, at + 1) for at in range(len(segment.text))]
        times = [time for span in spans for time in span]

        assert all(before <= after for before, after in pairwise(times))
        assert all(segment.start <= time <= segment.end for time in times)
