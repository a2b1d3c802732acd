"""What is on the screen together, and for how long."""

from itertools import pairwise

import pytest
from hypothesis import given

from fakes.spoken import RATE_HZ, make_segment, make_spoken, overlaps, spoken_jobs
from rimebatch.renderer.captions.cues import Cue, make_cues
from rimebatch.renderer.captions.pieces import LINE_COLUMNS, count_columns
from rimebatch.renderer.spoken import SpokenJob, SpokenSegment, SpokenWord

GAP = round(RATE_HZ * 2 / 24)


def show(text: str, language: str = "eng") -> list[list[str]]:
    """Return the lines of each cue of *text*."""
    job = make_spoken(make_segment(text), language=language)
    return [cue.texts for cue in make_cues(job)]


def say(*spans: tuple[int, int], text: str = "Yes.") -> list[tuple[int, int]]:
    """Return when a word that is spoken from and to these frames is shown."""
    segments = [
        SpokenSegment(text, 0, start, end, (SpokenWord(0, len(text) - 1, start, end),))
        for start, end in spans
    ]
    return [(cue.start, cue.end) for cue in make_cues(make_spoken(*segments))]


def test_paragraph() -> None:
    """A paragraph is broken at its sentences, then its clauses, into even lines."""
    text = (
        "The Time Traveller (for so it will be convenient to speak of him) was "
        "expounding a recondite matter to us. His grey eyes shone and twinkled, and "
        "his usually pale face was flushed and animated. The fire burned brightly, and "
        "the soft radiance of the incandescent lights in the lilies of silver caught "
        "the bubbles that flashed and passed in our glasses."
    )

    assert [
        ["The Time Traveller", "(for so it will be convenient to speak"],
        [
            "of him) was expounding a recondite matter",
            "to us. His grey eyes shone and twinkled,",
        ],
        ["and his usually pale face", "was flushed and animated."],
        [
            "The fire burned brightly, and the soft",
            "radiance of the incandescent lights",
        ],
        [
            "in the lilies of silver caught the bubbles",
            "that flashed and passed in our glasses.",
        ],
    ] == show(text)


def test_short_sentences() -> None:
    """Short sentences are shown together, each whole."""
    assert [["“Yes.” “No.”"]] == show("“Yes.” “No.”")


def test_one_line() -> None:
    """What fits on one line stays on it."""
    text = "Neither has a mathematical plane, you say."

    assert [[text]] == show(text)


def test_wide_characters() -> None:
    """A line holds half as many wide characters, cut where a word ends."""
    text = "しかもあとで聞くとそれは書生という人間中で一番獰悪な種族であったそうだ。"

    assert [
        ["しかもあとで聞くとそれは書生という", "人間中で一番獰悪な種族であったそうだ。"]
    ] == show(text, "jpn")


def test_long_word() -> None:
    """A word that is longer than a line is broken, and nothing is added to it."""
    (cue,) = make_cues(make_spoken(make_segment("x" * 60 + " y")))

    assert ["x" * 31, "x" * 29 + " y"] == cue.texts
    assert "x" * 60 + " y" == cue.text


def test_unprintable() -> None:
    """Where there is nothing to print, there is no cue."""
    assert [] == show(" \n")
    assert [] == make_cues(make_spoken())


def test_slow_speech() -> None:
    """No cue is longer than seven seconds, however slowly its words come."""
    starts = range(0, 10 * RATE_HZ, RATE_HZ * 5 // 2)
    words = [
        SpokenWord(at * 2, at * 2 + 1, start, start + 99)
        for at, start in enumerate(starts)
    ]
    segment = SpokenSegment("a b c d", 0, 0, 10 * RATE_HZ, tuple(words))
    cues = make_cues(make_spoken(segment))

    assert ["a b", "c d"] == [cue.text for cue in cues]


def test_endless_word() -> None:
    """The last thing said is not shown for longer than seven seconds either."""
    assert [(0, 7 * RATE_HZ)] == say((0, 9 * RATE_HZ))


def test_minimum() -> None:
    """A short cue stays for 5/6 of a second."""
    assert [(0, round(RATE_HZ * 5 / 6))] == say((0, 800))


def test_reading_speed() -> None:
    """A cue stays until it can be read at 17 characters a second."""
    assert [(0, 2 * RATE_HZ)] == say((0, RATE_HZ), text="x" * 34)


def test_linger() -> None:
    """But not for more than 1.5 seconds after it was said."""
    assert [(0, 800 + RATE_HZ * 3 // 2)] == say((0, 800), text="x" * 42)


@pytest.mark.parametrize(
    ("pause", "gap"),
    [
        (0, 0),
        (GAP - 1, 0),  # too short to be seen as one
        (GAP, GAP),
        (RATE_HZ // 2, GAP),  # a longer one would flicker
        (RATE_HZ // 2 + 1, RATE_HZ // 2 + 1),
    ],
)
def test_gap(pause: int, gap: int) -> None:
    """Between cues there are two frames of film, half a second or more, or nothing."""
    first, second = say((0, RATE_HZ), (RATE_HZ + pause, 2 * RATE_HZ))

    assert gap == second[0] - first[1]


def test_end_of_the_file() -> None:
    """Nothing is shown after the end of the file."""
    segment = make_segment("No.")
    job = SpokenJob("", "eng", RATE_HZ, segment.end + 10, (segment,))

    assert segment.end + 10 == make_cues(job)[-1].end


def test_no_words() -> None:
    """A segment without word times is shown for all its time, by characters."""
    segment = SpokenSegment("Nobody knows. " * 8, 0, 0, 112 * 800)
    cues = make_cues(make_spoken(segment))

    assert [(0, 44_800 - GAP), (44_800, 88_800)] == [(c.start, c.end) for c in cues]


@given(spoken_jobs())
def test_cues(job: SpokenJob) -> None:
    """Nothing is lost, cues are in order, and lines and durations are within bounds."""
    cues = make_cues(job)
    printed = "".join("".join(segment.text.split()) for segment in job.segments)

    assert printed == "".join("".join("".join(cue.texts).split()) for cue in cues)
    assert not overlaps([(cue.start, cue.end) for cue in cues])
    for cue in cues:
        check_cue(cue, job)


def check_cue(cue: Cue, job: SpokenJob) -> None:
    """Assert what holds for any cue of *job*."""
    spans = [place for line in cue.lines for place in line]

    assert cue.segment.start <= cue.start <= cue.end <= job.frames
    assert cue.end - cue.start <= 7 * job.rate_hz
    assert 1 <= len(cue.lines) <= 2
    assert all(cue.texts)
    assert all(count_columns(text) <= LINE_COLUMNS for text in cue.texts)
    assert all(before <= after for before, after in pairwise(spans))
