"""The timeline: takes in frames, and words that never leave their take."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rimebatch.renderer.takes import Sound, Timing, Word
from rimebatch.renderer.timeline import PlacedTake, PlacedWord, place

SECONDS = st.floats(allow_nan=False, allow_infinity=False) | st.floats(-1, 3)


@st.composite
def sounds(draw: st.DrawFn) -> Sound:
    """Return a take of up to two seconds at 100 Hz, with words of any times."""
    frames = draw(st.integers(0, 200))
    word = st.builds(Word, st.text(), st.integers(0, frames), SECONDS, SECONDS)
    words = draw(st.lists(word, max_size=8))
    return Sound(np.zeros(frames, np.int16), tuple(words), Timing.SERVICE)


def place_words(*words: Word) -> list[tuple[int, int]]:
    """Return where *words* lie, in a take of frames 1000 to 1100 at 100 Hz."""
    sound = Sound(np.zeros(100, np.int16), words, Timing.SERVICE)
    return [(word.start, word.end) for word in place(sound, 1000, 100).words]


def test_place() -> None:
    """A take lies where it is placed, as long as it sounds, its words inside."""
    words = (Word("One", 0, 0.0, 0.25), Word("two.", 50, 0.1, 0.5))
    sound = Sound(np.zeros(100, np.int16), words, Timing.ESTIMATED)

    found = place(sound, 1000, 100)

    placed = (
        PlacedWord("One", 1000, 1025, 0.0, 0.25),
        PlacedWord("two.", 1060, 1100, 0.1, 0.5),
    )
    assert PlacedTake(1000, 1100, Timing.ESTIMATED, placed) == found


def test_rounding() -> None:
    """A time between two frames goes to the nearer one."""
    found = place_words(Word("a", 0, 0.104, 0.306))

    assert [(1010, 1031)] == found


def test_overrun() -> None:
    """What runs past the take ends with it."""
    found = place_words(Word("a", 0, 0.5, 1.5), Word("b", 0, 2.0, 1e308))

    assert [(1050, 1100), (1100, 1100)] == found


def test_before_the_take() -> None:
    """What would begin before the take begins with it."""
    found = place_words(Word("a", 0, -0.5, 0.5), Word("b", 0, -1e308, -1.0))

    assert [(1000, 1050), (1000, 1000)] == found


def test_backwards() -> None:
    """A word never begins before the one in front of it, nor ends before it begins."""
    found = place_words(Word("a", 0, 0.5, 0.4), Word("b", 0, 0.25, 0.75))

    assert [(1050, 1050), (1050, 1075)] == found


def test_overlap() -> None:
    """Words may overlap, as the service has them."""
    found = place_words(Word("a", 0, 0.25, 0.75), Word("b", 0, 0.5, 0.6))

    assert [(1025, 1075), (1050, 1060)] == found


@given(sounds(), st.integers(0, 10**10))
def test_words_stay_inside(sound: Sound, start: int) -> None:
    """Whatever the times, words lie inside their take and begin in order."""
    found = place(sound, start, 100)

    starts = [word.start for word in found.words]
    assert (start, start + len(sound.samples)) == (found.start, found.end)
    assert all(start <= w.start <= w.end <= found.end for w in found.words)
    assert sorted(starts) == starts


@given(sounds(), st.integers(0, 10**10))
def test_nothing_is_lost(sound: Sound, start: int) -> None:
    """Every word keeps its text and the times that the service gave it."""
    placed = place(sound, start, 100).words

    found = [(word.text, word.raw_start_s, word.raw_end_s) for word in placed]

    assert [(word.text, word.start_s, word.end_s) for word in sound.words] == found
