"""The tone voice: exact by construction, equal everywhere."""

import hashlib
import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimebatch.errors import VoiceError
from rimebatch.server.voices.tone import (
    FRAMES_PER_CHARACTER,
    RATE_HZ,
    ToneVoice,
    make_alphabet,
)
from rimebatch.server.voices.voice import SpokenWord, Utterance, is_speakable

TEXT = "Hello, Dr. Smith - it is 3.14!"


def speak(text: str, speaker: str = "luna", speed: float = 1.0) -> Utterance:
    """Speak English with the tone voice."""
    return ToneVoice().speak(text, speaker=speaker, lang="eng", speed=speed)


def test_golden_bytes() -> None:
    """The bytes are the same on every machine, for ever."""
    digest = hashlib.sha256(speak(TEXT).samples.astype("<i2").tobytes()).hexdigest()

    assert digest[:16] == "073f267eb9c48734"


def test_sine_cannot_round_two_ways() -> None:
    """No value of the wave table is so near a half that a last bit could decide it."""
    exact = [8_191 * math.sin(math.tau * k / 4_096) for k in range(4_096)]
    nearest = min(abs(value % 1 - 0.5) for value in exact)

    assert nearest > 1e-6  # a sine's last bit moves it by less than 1e-11


def test_words_by_construction() -> None:
    """A word begins at its first letter and ends with its last; a dash is silence."""
    frame = FRAMES_PER_CHARACTER
    expected = (
        SpokenWord("“Oh!”", 1 * frame, 3 * frame),
        SpokenWord("—", 6 * frame, 7 * frame),
        SpokenWord("no", 8 * frame, 10 * frame),
    )

    assert expected == speak("“Oh!” — no").words


def test_length_follows_the_text() -> None:
    """Every character takes the same time, at 14 to 15 of them a second."""
    utterance = speak(TEXT)

    assert len(TEXT) * FRAMES_PER_CHARACTER == len(utterance.samples)
    assert 14 < RATE_HZ / FRAMES_PER_CHARACTER < 15


def test_white_space_counts_once() -> None:
    """Runs of white space, and what surrounds the text, do not lengthen it."""
    expected, actual = speak("one two"), speak(" one \n\n\t two\u2003")

    assert np.array_equal(expected.samples, actual.samples)
    assert expected.words == actual.words


@pytest.mark.parametrize("text", ["", " \n "])
def test_blank_text(text: str) -> None:
    """Blank text has no frames and no words."""
    utterance = speak(text)

    assert len(utterance.samples) == 0
    assert utterance.words == ()


def test_silent_text() -> None:
    """Text without anything to speak is silence of its length."""
    assert not speak("— …").samples.any()


def test_words_are_where_the_sound_is() -> None:
    """Sound starts and stops with the words, to the millisecond."""
    utterance = speak("one (two) three")
    loud = np.abs(utterance.samples) > 300
    for word in utterance.words:
        sounding = np.flatnonzero(loud[word.start : word.end])

        assert sounding[0] < RATE_HZ / 1000
        assert sounding[-1] > word.end - word.start - RATE_HZ / 1000

    assert not loud[utterance.words[0].end : utterance.words[1].start].any()


def test_level() -> None:
    """Speech is near -20 dBFS RMS and far from clipping."""
    samples = (
        speak("The quick brown fox jumps over the lazy dog. " * 4).samples / 32_768
    )

    assert 20 * math.log10(np.sqrt(np.mean(samples**2))) == pytest.approx(-20, abs=1)
    assert np.abs(samples).max() < 0.5


def test_letters_differ() -> None:
    """Each of the 26 letters is a sound of its own."""
    alphabet = make_alphabet("luna", FRAMES_PER_CHARACTER)

    assert len({row.tobytes() for row in alphabet}) == 27


def test_accents_and_scripts() -> None:
    """A letter sounds with or without its accent; other scripts sound as well."""
    assert np.array_equal(speak("Éa").samples, speak("ea").samples)
    assert speak("日").samples.any()


def test_speakers_differ() -> None:
    """Another speaker gives other sounds, at the same times."""
    luna, astra = speak(TEXT), speak(TEXT, speaker="astra")

    assert luna.words == astra.words
    assert not np.array_equal(luna.samples, astra.samples)


def test_speed() -> None:
    """Twice the speed takes half the time; beyond its limits, it does what it can."""
    length = len(speak(TEXT).samples)

    assert length == 2 * len(speak(TEXT, speed=2.0).samples)
    assert len(speak(TEXT, speed=2.5).samples) == len(speak(TEXT, speed=99).samples)
    assert len(speak(TEXT, speed=0.4).samples) == len(speak(TEXT, speed=0).samples)


def test_unknown_language() -> None:
    """It refuses the languages that the other voices refuse."""
    with pytest.raises(VoiceError, match="no local voice speaks it"):
        ToneVoice().speak("text", speaker="luna", lang="xx")


@given(text=st.text(st.characters(), max_size=60), speed=st.floats(0.1, 5))
def test_any_text(text: str, speed: float) -> None:
    """Any text gives its words in order, inside the audio, each as long as it is."""
    utterance = speak(text, speed=speed)
    words = utterance.words

    assert text.split() == [word.text for word in words]
    assert all(left.end <= right.start for left, right in pairwise(words))
    assert all(0 <= w.start < w.end <= len(utterance.samples) for w in words)
    assert utterance.samples.any() == any(map(is_speakable, text))
