"""The timeline: takes and pauses in frames, and words that never leave their take."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.manifests import make_planned
from rimebatch.manifest.load import Output
from rimebatch.manifest.placement import Pauses
from rimebatch.manifest.plan import PlannedJob
from rimebatch.renderer.alignment import Span
from rimebatch.renderer.sound import count_resampled
from rimebatch.renderer.spoken import SpokenJob, SpokenSegment, SpokenWord
from rimebatch.renderer.takes import Sound, Timing, Word
from rimebatch.renderer.timeline import (
    PlacedJob,
    PlacedTake,
    PlacedWord,
    WordFlag,
    find_pauses,
    place,
    to_spoken,
)
from rimebatch.transcript.redactor import MASK

SECONDS = st.floats(allow_nan=False, allow_infinity=False) | st.floats(-1, 3)
PAUSES = Pauses(head=0.5, tail=1.0, segment=0.25, paragraph=0.75, heading=2.0)
LONG = "It was a long sentence. " * 25  # two segments
TEXT = "a b 1984 c"
TOKENS = st.sampled_from(["a", "b", "c", "nineteen", "eighty", "ab", "?", MASK])


@st.composite
def sounds(draw: st.DrawFn) -> Sound:
    """Return a take of up to two seconds at 100 Hz, with words of any times."""
    frames = draw(st.integers(0, 200))
    word = st.builds(Word, TOKENS, st.integers(0, frames), SECONDS, SECONDS)
    words = draw(st.lists(word, max_size=8))
    return Sound(np.zeros(frames, np.int16), tuple(words), Timing.SERVICE)


@st.composite
def kept_sounds(draw: st.DrawFn) -> tuple[Sound, range]:
    """Return a take, and which of its frames are heard."""
    sound = draw(sounds())
    first, last = sorted(draw(st.tuples(*[st.integers(0, len(sound.samples))] * 2)))
    return sound, range(first, last)


def place_words(*words: Word) -> list[tuple[int, int, tuple[WordFlag, ...]]]:
    """Return where *words* lie, in a take of frames 1000 to 1100 at 100 Hz."""
    sound = Sound(np.zeros(100, np.int16), words, Timing.SERVICE)
    placed = place(sound, "", 1000, 100).words
    return [(word.start, word.end, word.flags) for word in placed]


def plan(*paragraphs: str, pauses: Pauses = PAUSES, rate_hz: int = 100) -> PlannedJob:
    """Return the plan of a job that says *paragraphs*."""
    return replace(
        make_planned(*paragraphs),
        query=(("samplingRate", str(rate_hz)),),
        output=Output(pauses=pauses),
    )


def judge(*borders_s: float, timing: Timing = Timing.SERVICE) -> Timing:
    """Return what is said of words that touch at *borders_s*."""
    words = tuple(Word("w", 0, *pair) for pair in pairwise(borders_s))
    return place(Sound(np.zeros(9, np.int16), words, timing), "", 0, 100).timing


def test_place() -> None:
    """A take lies where it is placed, as long as it sounds, its words inside."""
    words = (Word("One", 0, 0.0, 0.25), Word("two.", 50, 0.1, 0.5))
    sound = Sound(np.zeros(100, np.int16), words, Timing.ESTIMATED)

    found = place(sound, "One two.", 1000, 100)

    placed = (
        PlacedWord("One", 1000, 1025, 0.0, 0.25, (), Span(0, 3)),
        PlacedWord("two.", 1060, 1100, 0.1, 0.5, (), Span(4, 8)),
    )
    assert PlacedTake(1000, 1100, Timing.ESTIMATED, placed) == found


def test_place_what_is_kept() -> None:
    """Where only a part is heard, words move with it, and end where it does."""
    words = (Word("a", 0, 0.0, 0.25), Word("b", 0, 0.25, 0.5), Word("c", 0, 0.5, 1.0))
    sound = Sound(np.zeros(100, np.int16), words, Timing.SERVICE)

    found = place(sound, "", 1000, 100, range(20, 60))

    assert (1000, 1040) == (found.start, found.end)
    assert [(1000, 1005, ()), (1005, 1030, ()), (1030, 1040, ())] == [
        (word.start, word.end, word.flags) for word in found.words
    ]


def test_rounding() -> None:
    """A time between two frames goes to the nearer one."""
    found = place_words(Word("a", 0, 0.104, 0.306), Word("b", 0, -0.004, 1.004))

    assert (1010, 1031, ()) == found[0]
    assert (1010, 1100, (WordFlag.REVERSED,)) == found[1]


def test_overrun() -> None:
    """What runs past the take ends with it, and says so."""
    found = place_words(Word("a", 0, 0.5, 1.5), Word("b", 0, 2.0, 1e308))

    flags = (WordFlag.OVERRUN,)
    assert [(1050, 1100, flags), (1100, 1100, flags)] == found


def test_before_the_take() -> None:
    """What would begin before the take begins with it, and says so."""
    found = place_words(Word("a", 0, -0.5, 0.5), Word("b", 0, -1e308, -1.0))

    assert [
        (1000, 1050, (WordFlag.EARLY,)),
        (1000, 1000, (WordFlag.EARLY, WordFlag.REVERSED)),
    ] == found


def test_backwards() -> None:
    """A word never begins before the one in front of it, nor ends before it begins."""
    found = place_words(Word("a", 0, 0.5, 0.4), Word("b", 0, 0.25, 0.75))

    flags = (WordFlag.REVERSED,)
    assert [(1050, 1050, flags), (1050, 1075, flags)] == found


def test_overlap() -> None:
    """Words may overlap, as the service has them."""
    found = place_words(Word("a", 0, 0.25, 0.75), Word("b", 0, 0.5, 0.6))

    assert [(1025, 1075, ()), (1050, 1060, ())] == found


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [
        ([MASK, MASK, MASK], ["Say", "“no”,", "please."]),
        ([MASK, "no", MASK], ["Say", "no", "please."]),
        ([MASK, MASK], [MASK, MASK]),
        ([MASK, "no"], [MASK, "no"]),
    ],
)
def test_hidden_words(recorded: list[str], expected: list[str]) -> None:
    """A word that was hidden is the one at its place, if as many were counted."""
    words = tuple(Word(text, 0, 0.0, 0.0) for text in recorded)
    sound = Sound(np.zeros(9, np.int16), words, Timing.SERVICE)

    placed = place(sound, "Say “no”, please.", 0, 100).words

    assert expected == [word.text for word in placed]
    assert [text != MASK for text in expected] == [
        word.span is not None for word in placed
    ]


@pytest.mark.parametrize(
    "borders_s",
    [
        (0, 0.361, 0.542, 0.722, 0.903, 1.083, 2.889),  # docs@Aug: coda, 0.18053
        (0, 0.32462, 0.48693, 0.64924, 0.97386, 1.78541),  # docs@Aug: arcana
        (0, 0.4, 0.8, 1.4, 2.0, 2.6),  # the grid is half the smallest gap
    ],
)
def test_coarse(borders_s: Sequence[float]) -> None:
    """Times that all lie on a grid that one would notice are coarse."""
    assert Timing.COARSE == judge(*borders_s)
    assert Timing.ESTIMATED == judge(*borders_s, timing=Timing.ESTIMATED)


@pytest.mark.parametrize(
    "borders_s",
    [
        (0, 0.18, 0.36, 0.54, 0.72),
        (0, 0.05, 0.1, 0.15, 0.2, 0.25),
        (0, 0.31, 0.52, 0.77, 1.03, 1.38),
        (-1e308, 0.0, 0.2, 0.4, 0.6, 1e308),
        (-1e308, -9e307, 1.7e308),
        (),
    ],
)
def test_not_coarse(borders_s: Sequence[float]) -> None:
    """Few times, times of a fine grid, and times of none, are taken as they are."""
    assert Timing.SERVICE == judge(*borders_s)


@given(kept_sounds(), st.integers(0, 10**10))
def test_words_stay_inside(heard: tuple[Sound, range], start: int) -> None:
    """Whatever the times, words lie inside their take and begin in order."""
    sound, kept = heard

    found = place(sound, TEXT, start, 100, kept)

    starts = [word.start for word in found.words]
    assert (start, start + len(kept)) == (found.start, found.end)
    assert all(start <= w.start <= w.end <= found.end for w in found.words)
    assert sorted(starts) == starts


@given(sounds(), st.integers(0, 10**10))
def test_nothing_is_lost(sound: Sound, start: int) -> None:
    """Every word keeps its text and the times that the service gave it."""
    placed = place(sound, "", start, 100).words

    found = [(word.text, word.raw_start_s, word.raw_end_s) for word in placed]

    assert [(word.text, word.start_s, word.end_s) for word in sound.words] == found


@given(sounds())
def test_what_is_moved_says_so(sound: Sound) -> None:
    """A word without a flag, behind others without, lies where the service has it."""
    for word, placed in zip(sound.words, place(sound, "", 0, 100).words, strict=True):
        if placed.flags:
            break
        expected = [word.zero + 100 * at for at in (word.start_s, word.end_s)]

        assert expected == pytest.approx([placed.start, placed.end], abs=0.5)


def test_pauses() -> None:
    """Pauses stand around all, between segments and paragraphs, and at headings."""
    assert [50, 75, 25, 75, 100] == find_pauses(plan("One.", LONG, "Three."))
    assert [50, 200, 200, 75, 100] == find_pauses(
        plan("I", "The Lamp", "It was dark.", "Very.")
    )
    assert [50, 200, 200, 100] == find_pauses(
        plan("It was dark.", "II", "It was light.")
    )
    assert [0, 0, 0, 0] == find_pauses(plan("I", "Two.", "Three.", pauses=Pauses()))


def test_pauses_are_whole_frames() -> None:
    """Each pause is rounded by itself, so that equal ones are equally long."""
    pauses = Pauses(head=0.3333, paragraph=0.1)

    assert [7349, 2205, 2205, 0] == find_pauses(
        plan("One.", "Two.", "Three.", pauses=pauses, rate_hz=22_050)
    )


def test_pauses_of_nothing() -> None:
    """A script, or whatever has one segment, has pauses around it alone."""
    assert [50, 100] == find_pauses(plan("One."))


def place_job(
    job: PlannedJob, heard: Sequence[tuple[Sound, range]]
) -> tuple[PlacedJob, list[int]]:
    """Return the timeline of *job* when it sounds so, and its pauses, at 100 Hz."""
    *before, last = find_pauses(job)
    takes: list[PlacedTake] = []
    for silence, segment, (sound, kept) in zip(
        before, job.segments, heard, strict=True
    ):
        start = (takes[-1].end if takes else 0) + silence
        takes.append(place(sound, segment.text, start, 100, kept))
    return PlacedJob(tuple(takes), takes[-1].end + last, 100), [*before, last]


@given(st.data(), st.sampled_from([50, 100, 147, 160, 48_000]))
def test_at_rate(data: st.DataObject, rate_hz: int) -> None:
    """At another rate each place is the nearest frame to where it was; none is lost."""
    job = plan(*data.draw(st.lists(st.just(TEXT), min_size=1, max_size=3)))
    placed, _ = place_job(job, [data.draw(kept_sounds()) for _ in job.segments])

    found = placed.at_rate(rate_hz)

    before, after = borders_of(placed), borders_of(found)
    assert (rate_hz, len(before)) == (found.rate_hz, len(after))
    assert all(
        abs(one / 100 - other / rate_hz) <= 0.5 / rate_hz + 1e-9
        for one, other in zip(before, after, strict=True)
    )
    assert count_resampled(placed.frames, 100, rate_hz) == found.frames
    for take in found.takes:
        assert all(take.start <= w.start <= w.end <= take.end for w in take.words)
        assert take.end <= found.frames


def test_at_its_own_rate() -> None:
    """At the rate that it has, a timeline is what it is."""
    placed = PlacedJob((PlacedTake(0, 9, Timing.NONE, ()),), 9, 100)

    assert placed is placed.at_rate(100)


def test_at_rate_keeps_the_rest() -> None:
    """Nothing but the places of words changes."""
    word = PlacedWord("a", 3, 6, 0.1, 0.2, (WordFlag.EARLY,), Span(0, 1))
    placed = PlacedJob((PlacedTake(3, 9, Timing.COARSE, (word,)),), 10, 100)

    [take] = placed.at_rate(200).takes

    assert PlacedTake(6, 18, Timing.COARSE, (replace(word, start=6, end=12),)) == take


def borders_of(placed: PlacedJob) -> list[int]:
    """Return where everything begins and ends."""
    takes = [at for take in placed.takes for at in (take.start, take.end)]
    words = [
        at
        for take in placed.takes
        for word in take.words
        for at in (word.start, word.end)
    ]
    return [*takes, *words, placed.frames]


@given(st.data())
def test_to_spoken(data: st.DataObject) -> None:
    """Segments and words are in order, without overlap, each inside its own."""
    paragraphs = data.draw(st.lists(st.just(TEXT), min_size=1, max_size=3))
    job = plan(*paragraphs)
    heard = [data.draw(kept_sounds()) for _ in job.segments]

    placed, pauses = place_job(job, heard)
    found = to_spoken(job, placed)

    borders = [0, *(at for s in found.segments for at in (s.start, s.end))]
    borders.append(found.frames)
    assert found.frames == sum(pauses) + sum(len(kept) for _, kept in heard)
    assert pauses == [end - start for start, end in pairwise(borders)][::2]
    for segment in found.segments:
        times = [at for word in segment.words for at in (word.start, word.end)]
        chars = [
            at for word in segment.words for at in (word.char_start, word.char_end)
        ]
        assert sorted(times) == times
        assert sorted(chars) == chars
        assert all(segment.start <= at <= segment.end for at in times)
        assert all(0 <= at <= len(segment.text) for at in chars)


def test_spoken_words() -> None:
    """Words that are not in the text are left out, and a number read aloud is one."""
    tokens = ("a", "nineteen", "eighty", "four", "c", "oh")
    words = tuple(
        Word(text, 0, at / 10, at / 10 + 0.15) for at, text in enumerate(tokens)
    )
    sound = Sound(np.zeros(100, np.int16), words, Timing.SERVICE)
    job = plan("a 1984 c", "Silent.", pauses=Pauses())
    silent = Sound(np.zeros(100, np.int16), (), Timing.NONE)
    placed, _ = place_job(job, [(sound, range(100)), (silent, range(100))])

    found = to_spoken(job, placed)

    spoken = (
        SpokenWord(0, 1, 0, 10),
        SpokenWord(2, 6, 10, 40),
        SpokenWord(7, 8, 40, 55),
    )
    segments = (
        SpokenSegment("a 1984 c", 0, 0, 100, spoken),
        SpokenSegment("Silent.", 1, 100, 200),
    )
    assert SpokenJob("job", "eng", 100, 200, segments) == found
