"""The espeak voice: every word once, where it is heard."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rimebatch.errors import VoiceError
from rimebatch.server.voices.espeak import (
    _ACCENTS,
    _VARIANTS,
    EspeakVoice,
    espeak_settings,
    locate_words,
)
from rimebatch.server.voices.espeak_library import (
    EspeakEvent,
    EspeakLibrary,
    EspeakSettings,
)
from rimebatch.server.voices.voice import Utterance, language_tag

RATE_HZ = 22_050


def word(position: int, frame: int) -> EspeakEvent:
    """The event of a word that begins."""
    return EspeakEvent(position, frame)


def phoneme(frame: int, name: str = "a") -> EspeakEvent:
    """The event of a phoneme that begins."""
    return EspeakEvent(0, frame, name)


def spans(text: str, events: list[EspeakEvent], frames: int) -> dict[str, range]:
    """The frames of each word of *text*, for texts that repeat none."""
    words = locate_words(text, events, frames)
    return {word.text: range(word.start, word.end) for word in words}


def test_word_is_its_phonemes() -> None:
    """A word begins with its first phoneme and ends at the pause after its last."""
    events = [
        word(0, 10),
        phoneme(15),
        phoneme(20),
        phoneme(40, "_:"),
        phoneme(50, "_"),
    ]

    assert {"Hi.": range(15, 40)} == spans("Hi.", events, 60)


def test_word_ends_where_the_next_begins() -> None:
    """Without a pause, a word lasts up to the next, whose closure is nobody's."""
    events = [word(0, 0), phoneme(0), word(3, 30), phoneme(33)]

    assert {"so": range(30), "to": range(33, 60)} == spans("so to", events, 60)


def test_language_change_is_silent() -> None:
    """The pseudo phoneme of another language is not heard."""
    events = [word(0, 0), phoneme(5, "(en)"), phoneme(9)]

    assert {"ok": range(9, 20)} == spans("ok", events, 20)


def test_number_is_one_word() -> None:
    """Several sounds at one word become one span."""
    events = [word(0, 0), phoneme(0), word(1, 20), phoneme(25), phoneme(40, "_")]

    assert {"3.14": range(40)} == spans("3.14", events, 50)


def test_sound_of_two_words_is_shared() -> None:
    """One sound for two words is divided by their lengths."""
    events = [word(0, 0), phoneme(0), phoneme(50, "_:")]

    assert {"of": range(20), "the": range(20, 50)} == spans("of the", events, 60)


def test_number_then_shared_sound() -> None:
    """A word of two sounds keeps its first and its share of the second."""
    events = [word(0, 0), phoneme(0), word(1, 20), phoneme(20), phoneme(50, "_:")]

    assert {"4x": range(40), "b": range(40, 50)} == spans("4x b", events, 60)


def test_dash_has_the_silence() -> None:
    """A word that is not heard has the silence where it stands."""
    events = [word(0, 0), phoneme(5), phoneme(20, "_:"), word(4, 40), phoneme(45)]
    expected = {"a": range(5, 20), "-": range(20, 45), "b": range(45, 60)}

    assert expected == spans("a - b", events, 60)


def test_sound_reported_at_the_dash() -> None:
    """A sound reported at a dash is for the words behind it."""
    events = [word(0, 0), phoneme(0), phoneme(20, "_"), word(3, 30), phoneme(30)]
    expected = {
        "so": range(20),
        "-": range(20, 30),
        "in": range(30, 42),
        "the": range(42, 60),
    }

    assert expected == spans("so - in the", events, 60)


def test_symbol_may_be_spoken() -> None:
    """A symbol with a sound of its own keeps it."""
    events = [
        word(0, 0),
        phoneme(0),
        word(2, 20),
        phoneme(20),
        word(4, 40),
        phoneme(40),
    ]
    expected = {"a": range(20), "&": range(20, 40), "b": range(40, 60)}

    assert expected == spans("a & b", events, 60)


def test_sound_reported_at_the_space() -> None:
    """A sound reported between two words is the second one's."""
    events = [word(0, 0), phoneme(0), word(2, 30), phoneme(30)]

    assert {"S.": range(30), "of": range(30, 60)} == spans("S. of", events, 60)


def test_unheard_words_share_the_silence() -> None:
    """Where nothing is heard at all, the words divide the audio evenly."""
    assert {"—": range(10), "…": range(10, 20)} == spans("— …", [phoneme(0, "_")], 20)


def test_no_words() -> None:
    """A blank text has no words, even if something is heard."""
    assert locate_words(" \n", [word(0, 0), phoneme(3)], 20) == []


EVENTS = st.lists(
    st.tuples(st.integers(-5, 50), st.sampled_from([None, "a", "_:"])), max_size=30
)


@given(st.text(st.sampled_from("ab1 -—,"), max_size=30), EVENTS, st.data())
def test_words_are_in_order(
    text: str, reported: list[tuple[int, str | None]], data: st.DataObject
) -> None:
    """Whatever is reported, every word has its place, in order and inside."""
    frames = sorted(data.draw(st.integers(0, 99)) for _ in reported)
    events = [
        EspeakEvent(position, frame, name)
        for (position, name), frame in zip(reported, frames, strict=True)
    ]
    words = locate_words(text, events, 100)

    check_words(text, Utterance(np.zeros(100, np.int16), RATE_HZ, tuple(words)))


def check_words(text: str, utterance: Utterance) -> None:
    """Check that the words are the text's, in order, and inside the utterance."""
    borders = [border for word in utterance.words for border in (word.start, word.end)]

    assert text.split() == [word.text for word in utterance.words]
    assert borders == sorted(borders)
    assert all(0 <= border <= len(utterance.samples) for border in borders)


@pytest.fixture(scope="module")
def voice(library: EspeakLibrary) -> EspeakVoice:
    """A voice that speaks with this machine's library."""
    return EspeakVoice(library)


def speak(voice: EspeakVoice, text: str, speaker: str = "luna") -> Utterance:
    """Speak English."""
    return voice.speak(text, speaker=speaker, lang="eng")


@settings(max_examples=60, deadline=None)
@given(text=st.text(st.characters(), max_size=80), speed=st.floats(0, 9))
def test_any_text(voice: EspeakVoice, text: str, speed: float) -> None:
    """Any text at any speed is spoken, with its words in order, and unclipped."""
    utterance = voice.speak(text, speaker="luna", lang="eng", speed=speed)

    check_words(text, utterance)


@pytest.mark.parametrize(
    "text",
    [
        "of the in the - of the -- in the — out, of the",
        "<b>bold</b> &amp; [[h@l'oU]] \x01 20P \0 end",
        "日本 語 😀👩‍👩‍👧 שלום مرحبا नमस्ते",
        "3.14 1,000,000 12:30 p.m. FD-7Q2K. Dr. U. S. of the A.",
        "a" * 100_000,
    ],
    ids=lambda text: text[:10],
)
def test_odd_texts(voice: EspeakVoice, text: str) -> None:
    """Fused words, markup, commands, other scripts, endless words: all have times."""
    utterance = speak(voice, text)

    check_words(text, utterance)
    assert all(word.start < word.end for word in utterance.words)


@pytest.mark.parametrize("speaker", ["luna", "astra", "orion", "cove"])
@pytest.mark.parametrize("spoken", ["people", "tomato", "sunshine", "evening", "good"])
def test_times_are_what_is_heard(voice: EspeakVoice, spoken: str, speaker: str) -> None:
    """A word's first and last loud sample are within 2 ms of its start and end."""
    utterance = speak(voice, f"Well, {spoken}, yes.", speaker)
    before, word, after = utterance.words
    first = (before.end + word.start) // 2
    last = (word.end + after.start) // 2
    loud = np.flatnonzero(np.abs(utterance.samples[first:last]) > 60) + first

    assert abs(word.start - loud[0]) < 0.002 * RATE_HZ
    assert abs(word.end - loud[-1]) < 0.002 * RATE_HZ


PROSE = (
    "I remember the garden well, for it was there that I first heard of the lamp. "
    "Nobody spoke; the rain had stopped, and the street was as quiet as a church. "
) * 2


@pytest.mark.parametrize("speaker", ["luna", "astra", "orion", "cove", "ursa"])
def test_level_and_pace(voice: EspeakVoice, speaker: str) -> None:
    """Speech is near -22 dBFS RMS, does not clip, at some 15 characters a second."""
    utterance = speak(voice, PROSE, speaker)
    level = np.sqrt(np.mean((utterance.samples / 32_768) ** 2))

    assert 20 * np.log10(level) == pytest.approx(-22, abs=3)
    assert np.abs(utterance.samples.astype(int)).max() < 32_767
    assert len(PROSE) / len(utterance.samples) * RATE_HZ == pytest.approx(15, abs=2)


def test_pauses_are_silent(voice: EspeakVoice) -> None:
    """Between sentences there is digital silence."""
    utterance = speak(voice, "One. Two.")
    one, two = utterance.words
    middle = (one.end + two.start) // 2

    assert two.start - one.end > 0.1 * RATE_HZ
    assert not utterance.samples[middle - 500 : middle + 500].any()


def test_same_request_same_bytes(voice: EspeakVoice) -> None:
    """The same text and speaker give the same utterance, whatever came between."""
    first = speak(voice, PROSE)
    speak(voice, "Something else.", "astra")
    again = speak(voice, PROSE)

    assert first.words == again.words
    assert first.samples.tobytes() == again.samples.tobytes()


def test_speakers_differ(voice: EspeakVoice) -> None:
    """Two speakers do not sound the same."""
    assert not np.array_equal(
        speak(voice, PROSE).samples, speak(voice, PROSE, "astra").samples
    )


def test_speed(voice: EspeakVoice) -> None:
    """Above 1 is faster."""
    slow, fast = (
        len(voice.speak(PROSE, speaker="luna", lang="eng", speed=speed).samples)
        for speed in (1.0, 2.0)
    )

    assert slow / fast == pytest.approx(2, abs=0.2)


@pytest.mark.parametrize("speed", [0.0, 1e9, float("inf")])
def test_rate_keeps_its_limits(speed: float) -> None:
    """No speed leaves the range in which word times are right."""
    assert 80 <= espeak_settings("luna", "en", speed).rate_wpm <= 400


def test_speaker_is_for_ever() -> None:
    """A speaker sounds the same in every version."""
    expected = EspeakSettings("en-us+f1", rate_wpm=138, pitch=49, volume=75)

    assert expected == espeak_settings("luna", "en", 1.0)


def test_country_decides_the_accent() -> None:
    """With a country in its tag, a language is spoken as there; else the speaker's."""
    assert espeak_settings("luna", "es-mx", 1.0).voice.split("+")[0] == "es-419"
    assert {espeak_settings(speaker, "en", 1.0).voice for speaker in "abcdefgh"} == {
        espeak_settings(speaker, "en-au", 1.0).voice for speaker in "abcdefgh"
    }


def test_every_language_has_its_voices(library: EspeakLibrary) -> None:
    """Each language that is accepted has an accent, and the library has them all."""
    codes = [
        "ara",
        "eng",
        "fra",
        "ger",
        "heb",
        "hin",
        "ita",
        "jpn",
        "por",
        "spa",
        "tam",
    ]

    assert {language_tag(code) for code in codes} <= set(_ACCENTS)
    for accent in {accent for accents in _ACCENTS.values() for accent in accents}:
        library.speak("", EspeakSettings(accent))


def test_every_variant_is_a_voice(library: EspeakLibrary) -> None:
    """No two variants sound the same, as they would if the library had not got them."""
    sounds = {
        library.speak("hello", EspeakSettings(f"en+{variant}")).samples.tobytes()
        for variant in ("none", *_VARIANTS)
    }

    assert len(_VARIANTS) + 1 == len(sounds)


def test_unknown_language(voice: EspeakVoice) -> None:
    """A language that no voice speaks is refused."""
    with pytest.raises(VoiceError, match="no local voice speaks it"):
        voice.speak("text", speaker="luna", lang="xx")


def test_other_language(voice: EspeakVoice) -> None:
    """Another language is spoken with its own times."""
    text = "¿Qué tal? ¡Muy bien!"

    utterance = voice.speak(text, speaker="luna", lang="spa")

    check_words(text, utterance)
    assert all(left.end <= right.start for left, right in pairwise(utterance.words))
