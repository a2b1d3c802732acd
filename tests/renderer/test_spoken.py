"""Words as they are spoken: in order, without overlap, in the text and in time."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from rimebatch.renderer.spoken import SpokenWord, join_words


@st.composite
def words_of_a_segment(draw: st.DrawFn) -> list[SpokenWord]:
    """Return words that begin in order, in the text as in time, and may overlap."""
    count = draw(st.integers(0, 8))
    starts = st.lists(st.integers(0, 12), min_size=count, max_size=count).map(sorted)
    return [
        SpokenWord(
            char_start,
            char_start + draw(st.integers(1, 4)),
            start,
            start + draw(st.integers(0, 4)),
        )
        for char_start, start in zip(draw(starts), draw(starts), strict=True)
    ]


def test_several_words_of_a_number() -> None:
    """Words that read the same characters are one, from the first to the last."""
    one, two, three = (SpokenWord(4, 8, at, at + 9) for at in (10, 20, 30))
    after = SpokenWord(9, 12, 40, 50)

    assert (SpokenWord(4, 8, 10, 39), after) == join_words([one, two, three, after])


def test_words_that_overlap_in_time() -> None:
    """A word ends, at the latest, when the next one begins."""
    words = [SpokenWord(0, 1, 10, 30), SpokenWord(2, 3, 20, 40)]

    assert (SpokenWord(0, 1, 10, 20), words[1]) == join_words(words)


@given(words_of_a_segment())
def test_order(words: list[SpokenWord]) -> None:
    """What comes of any words is in order, does not overlap, and has all of them."""
    joined = join_words(words)

    assert all(
        (one.char_end, one.end) <= (two.char_start, two.end) and one.end <= two.start
        for one, two in pairwise(joined)
    )
    assert all(word.start <= word.end for word in joined)
    assert {at for w in words for at in range(w.char_start, w.char_end)} == {
        at for w in joined for at in range(w.char_start, w.char_end)
    }
    assert joined == join_words(joined)
