"""What a take sounds like: samples from whatever chunks, words from the right zero."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rimebatch.errors import AudioError
from rimebatch.renderer.decoding.plain import decode_pcm
from rimebatch.renderer.takes import Sound, Timing, Word, read_sound
from rimebatch.ws3.events import (
    Chunk,
    Done,
    ErrorEvent,
    Event,
    Timestamps,
    Unknown,
)

IDS = st.sampled_from([None, "a", "b"])
EVENTS = st.one_of(
    st.builds(Chunk, st.binary(max_size=9), IDS),
    st.builds(Timestamps, st.just(("w",)), st.just((0.0,)), st.just((1.0,)), IDS),
    st.builds(Done, IDS),
    st.builds(Unknown, st.just("later")),
)


def hear(*events: Event, is_script: bool = False) -> Sound:
    """Return what *events* sound like."""
    return read_sound(events, decode_pcm, is_script=is_script)


def times(context_id: str | None = None) -> Timestamps:
    """Return the times of a synthesis of one word."""
    return Timestamps(("word",), (0.0,), (0.5,), context_id)


def audio(context_id: str | None = None) -> Chunk:
    """Return ten frames of audio."""
    return Chunk(b"\1\0" * 10, context_id)


def zeros(sound: Sound) -> list[int]:
    """Return from which frame the times of each word count."""
    return [word.zero for word in sound.words]


def test_read_sound() -> None:
    """Audio is 16-bit little-endian; words keep the service's spelling and times."""
    words = Timestamps(("Say,", "“no”."), (0.25, -1.0), (0.2, 9e9), "a")

    found = hear(Chunk(b"\1\0\xff", "a"), words, Chunk(b"\x7f\0\x80", "a"), Done("a"))

    assert [1, 32767, -32768] == found.samples.tolist()
    assert np.dtype(np.int16) == found.samples.dtype
    assert (Word("Say,", 0, 0.25, 0.2), Word("“no”.", 0, -1.0, 9e9)) == found.words
    assert ("Say,", "“no”.") == found.tokens
    assert Timing.SERVICE is found.timing


@given(st.lists(st.integers(-32768, 32767)), st.lists(st.integers(0, 30)))
def test_chunk_borders(samples: list[int], cuts: list[int]) -> None:
    """Chunks may be cut anywhere, inside a sample as well."""
    pcm = np.array(samples, dtype="<i2").tobytes()
    chunks = []
    for cut in cuts:
        chunks.append(Chunk(pcm[:cut]))
        pcm = pcm[cut:]

    found = hear(*chunks, Chunk(pcm))

    assert samples == found.samples.tolist()


def test_half_sample() -> None:
    """Audio that ends inside a sample is an error, not a sample less."""
    with pytest.raises(AudioError, match="3 bytes"):
        hear(Chunk(b"\0\0\0"))


def test_no_words() -> None:
    """A take without times says so, and is heard all the same."""
    found = hear(audio(), Done())

    assert (10, (), Timing.NONE) == (len(found.samples), found.words, found.timing)


def test_times_that_come_twice() -> None:
    """Times of the same words again stand in place of those before."""
    first = Timestamps(("a", "b"), (0.0, 0.1), (0.1, 0.2))
    second = Timestamps(("a", "b"), (0.3, 0.4), (0.4, 0.5))

    assert [0.3, 0.4] == [word.start_s for word in hear(audio(), first, second).words]
    assert 3 == len(hear(audio(), first, times()).words)


def test_nothing() -> None:
    """Nothing sounds like nothing."""
    found = hear()

    assert (0, (), Timing.NONE) == (len(found.samples), found.words, found.timing)


@pytest.mark.parametrize(
    "separator", [Done("a"), Done(), audio("b"), times("b"), Unknown("later")]
)
def test_text(separator: Event) -> None:
    """A text is one synthesis: all its times count from the start of the take."""
    found = hear(audio("a"), times("a"), separator, audio("a"), times("a"))

    assert {0} == set(zeros(found))


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        # Times amid their audio, before it, and after it.
        ([audio(), times(), audio()], [0]),
        ([times(), audio(), audio()], [0]),
        ([audio(), audio(), times()], [0]),
        # The next synthesis is known by a done,
        ([audio(), times(), Done(), audio(), times()], [0, 10]),
        ([audio(), times(), Done(), times(), audio()], [0, 10]),
        ([times(), audio(), Done(), Done(), times(), audio()], [0, 10]),
        ([audio(), Done(), audio(), times()], [10]),
        # by another context id, of its audio or of its times,
        ([audio("a"), times(), audio("b"), times()], [0, 10]),
        ([audio("a"), times("a"), times("b"), audio("b")], [0, 10]),
        ([audio("a"), times("b"), audio("b")], [10]),
        ([audio(), times(), audio("a"), times("a")], [0, 10]),
        ([audio("a"), audio("b"), times(), audio("b")], [10]),
        # or by times that come again.
        ([times(), audio(), times(), audio()], [0, 10]),
        ([audio(), times(), audio(), times()], [0, 20]),
        ([audio("a"), times(), audio("a"), times()], [0, 20]),
        # Times ahead of their audio stay with it, whatever its label.
        ([times(), audio("a"), times(), audio("b"), times(), audio("c")], [0, 10, 20]),
        ([times("a"), audio("a"), times("b"), audio("b"), times("b")], [0, 10, 20]),
        # What this version does not know separates nothing.
        ([audio(), Unknown("later"), ErrorEvent("no"), audio(), times()], [0]),
    ],
)
def test_script(events: list[Event], expected: list[int]) -> None:
    """In a script, the times of each synthesis count from its own first sample."""
    found = hear(*events, is_script=True)

    assert expected == zeros(found)
    assert Timing.ESTIMATED is found.timing


def test_what_is_decoded() -> None:
    """The decoder gets all audio, and where each synthesis begins, timed or not."""
    given = []

    def decode(
        audio: bytes, marks: Sequence[int]
    ) -> tuple[NDArray[np.int16], list[int]]:
        given.append((audio, list(marks)))
        return np.zeros(7, np.int16), [mark * 3 for mark in marks]

    events: list[Event] = [audio(), Done(), audio("b"), audio("c"), times()]

    script = read_sound(events, decode, is_script=True)
    text = read_sound(events, decode, is_script=False)

    assert [(b"\1\0" * 30, [0, 20, 40]), (b"\1\0" * 30, [0])] == given
    assert ([120], [0]) == (zeros(script), zeros(text))
    assert 7 == len(script.samples)


def test_script_without_words() -> None:
    """A script without times has nothing that could be estimated."""
    found = hear(audio(), Done(), is_script=True)

    assert Timing.NONE is found.timing


@given(st.lists(EVENTS, max_size=12))
def test_script_zeros(events: list[Event]) -> None:
    """Zeros lie within the take and never run backwards, whatever the service sends."""
    pad = Chunk(bytes(sum(len(e.audio) for e in events if isinstance(e, Chunk)) % 2))

    found = hear(*events, pad, is_script=True)

    assert sorted(zeros(found)) == zeros(found)
    assert all(0 <= zero <= len(found.samples) for zero in zeros(found))
    assert hear(*events, pad).samples.tolist() == found.samples.tolist()
