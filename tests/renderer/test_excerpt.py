"""Clips are cut at word borders, by time or by the printed words."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from rimebatch.errors import AudioError, OutputError
from rimebatch.renderer.excerpt import Places, Stretch, cut
from rimebatch.renderer.spoken import SpokenJob, SpokenSegment, SpokenWord

RATE_HZ = 100


def make_job(*texts: str, untimed: int = 0) -> SpokenJob:
    """Return a job of *texts*; each word takes 40 frames, and the next is 10 later.

    After each segment there are another 50 frames of pause. The last *untimed* of them
    have no word times.
    """
    segments, at = [], 0
    for number, text in enumerate(texts, start=1):
        words, char, start = [], 0, at
        for token in text.split():
            char = text.index(token, char)
            words.append(SpokenWord(char, char + len(token), at, at + 40))
            char, at = char + len(token), at + 50
        told = () if number > len(texts) - untimed else tuple(words)
        segments.append(SpokenSegment(text, 0, start, at - 10, told))
        at += 50
    return SpokenJob("A job", "eng", RATE_HZ, at, tuple(segments))


STORY = Places(
    make_job("The cat sat.", "“The CAT’S café,” said 3 cats.", "Don't! The end.")
)


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        (0, 1, Stretch(0, 40)),
        (39, 40, Stretch(0, 40)),
        (40, 41, Stretch(50, 90)),
        (39, 51, Stretch(0, 90)),
        (60, 70, Stretch(50, 90)),
        (150, 160, Stretch(200, 240)),
        (0, 10_000, Stretch(0, 690)),
        (689, 10_000, Stretch(650, 690)),
    ],
)
def test_a_time(start: int, end: int, found: Stretch) -> None:
    """A time within a word is all of that word, and in a pause the word behind it."""
    assert found == STORY.widen(start, end)


def test_behind_the_last_word() -> None:
    """Behind the last word there is nothing."""
    assert STORY.widen(690, 1000) is None


@pytest.mark.parametrize(
    ("words", "starts"),
    [
        ("the cat", [0]),
        ("THE CAT SAT", [0]),
        ("the", [0, 200, 600]),
        ("cat's cafe", [250]),
        ("cats", [250, 450]),
        ("3", [400]),
        ("dont", [550]),
        ("sat the", [100]),
        ("ca", [50, 250, 300, 450]),
        ("cat", [50]),
        ("dog", []),
    ],
)
def test_words(words: str, starts: list[int]) -> None:
    """Words are found by their letters; parts of words only if no word is whole."""
    assert starts == [stretch.start for stretch in STORY.find(words)]


def test_across_segments() -> None:
    """Words may stand in one segment and go on in the next; the pause is within."""
    assert [Stretch(100, 290)] == STORY.find("sat — the cat's")


def test_nothing_to_find() -> None:
    """Without a letter or a digit nothing can be found."""
    with pytest.raises(ValueError, match="no letter and no digit"):
        STORY.find("—!")


def test_without_spaces() -> None:
    """Where words are printed without spaces they are found all the same."""
    places = Places(make_job("你好世界。"))

    assert [Stretch(0, 40)] == places.find("世界")


def test_composed_letters() -> None:
    """An accent is no border, however it is written."""
    places = Places(make_job("cafe\N{COMBINING ACUTE ACCENT}s caf"))

    assert [Stretch(50, 90)] == places.find("caf")
    assert [Stretch(0, 40)] == places.find("cafés")


def test_without_word_times() -> None:
    """A segment without word times is not cut."""
    places = Places(make_job("One two.", "Three four.", untimed=1))

    assert [Stretch(150, 240)] == places.find("four")
    assert Stretch(50, 240) == places.widen(60, 160)


def test_a_word_without_times() -> None:
    """Words that the service did not time are reached by those beside them."""
    segment = SpokenSegment(
        "one two three", 0, 0, 100, (SpokenWord(0, 3, 0, 10), SpokenWord(8, 13, 90, 95))
    )
    places = Places(SpokenJob("A job", "eng", RATE_HZ, 100, (segment,)))

    assert [Stretch(90, 95)] == places.find("two")
    assert [Stretch(0, 10)] == places.find("one two")
    assert [] == Places(
        SpokenJob(
            "A job",
            "eng",
            RATE_HZ,
            100,
            (SpokenSegment("one two", 0, 0, 100, (SpokenWord(0, 3, 0, 10),)),),
        )
    ).find("two")


@given(
    st.lists(
        st.lists(st.text("abß .’\u0301", max_size=4), max_size=5).map(" ".join),
        min_size=1,
        max_size=4,
    ),
    st.data(),
)
def test_every_word_is_found(texts: list[str], data: st.DataObject) -> None:
    """What is printed somewhere is found there, at the borders of its words."""
    job = make_job(*texts)
    words = [
        (segment.text[word.char_start : word.char_end], word)
        for segment in job.segments
        for word in segment.words
    ]
    speakable = [one for one in words if any(map(str.isalnum, one[0]))]
    if not speakable:
        return
    text, word = data.draw(st.sampled_from(speakable))
    found = Places(job).find(text)

    assert {stretch.start for stretch in found} <= {word.start for _, word in words}
    assert any(s.start <= word.start and word.end <= s.end for s in found)


@pytest.fixture
def audio(tmp_path: Path) -> Path:
    """Return a file in which each sample says where it is."""
    path = tmp_path / "a.flac"
    soundfile.write(path, np.arange(30_000, dtype=np.int16), 8000, subtype="PCM_16")
    return path


def test_a_clip(audio: Path, tmp_path: Path) -> None:
    """A clip has exactly the frames that were asked for."""
    clip = tmp_path / "clips" / "a.wav"
    cut(audio, Stretch(123, 20_000), clip, "A clip")
    samples, rate_hz = soundfile.read(clip, dtype="int16")

    assert 8000 == rate_hz
    np.testing.assert_array_equal(np.arange(123, 20_000), samples)
    assert [clip] == list(clip.parent.iterdir())


def test_a_clip_that_cannot_be(audio: Path, tmp_path: Path) -> None:
    """Without a source, or without a place to write to, nothing is left behind."""
    with pytest.raises(AudioError):
        cut(tmp_path / "b.wav", Stretch(0, 1), tmp_path / "c.wav", "A clip")
    with pytest.raises(OutputError):
        cut(audio, Stretch(0, 1), audio / "c.wav", "A clip")
    assert [audio] == list(tmp_path.iterdir())
