"""A text as sound and word times, as one connection wants it spoken."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimebatch.errors import VoiceError
from rimebatch.server.handshake import Voicing
from rimebatch.server.options import ServiceOptions
from rimebatch.server.refusal import RefusedError
from rimebatch.server.speech import has_times, make_speech, make_times
from rimebatch.server.voices import SpokenWord, ToneVoice, Utterance

TONE = ToneVoice()
LUNA = Voicing("luna")
OPTIONS = ServiceOptions(voice=TONE)
HELLO = "Hello there, my friend."


class DumbVoice:
    """A voice that cannot speak."""

    name = "dumb"

    def speak(
        self, text: str, *, speaker: str, lang: str, speed: float = 1.0
    ) -> Utterance:
        """Fail."""
        raise VoiceError("the library is gone")


def test_as_the_voice_has_it() -> None:
    """Text is spoken by the voice, for the speaker and in the language asked for."""
    expected = TONE.speak(HELLO, speaker="luna", lang="eng")
    speech = make_speech(HELLO, LUNA, TONE)

    assert expected.samples.tobytes() == speech.samples.tobytes()
    assert expected.words == speech.words


@pytest.mark.parametrize("rate_hz", [4000, 22_050, 96_000])
def test_rate(rate_hz: int) -> None:
    """It comes at the rate that is asked for, and lasts as long."""
    speech = make_speech(HELLO, Voicing("luna", rate_hz=rate_hz), TONE)
    length_s = len(make_speech(HELLO, LUNA, TONE).samples) / 24_000

    assert rate_hz == speech.rate_hz
    assert pytest.approx(length_s * rate_hz, abs=1) == len(speech.samples)


@pytest.mark.parametrize("tempo", [0.5, 2.0])
def test_tempo(tempo: float) -> None:
    """Faster speech is shorter, and its words are where they are heard."""
    plain = make_speech(HELLO, LUNA, TONE)
    speech = make_speech(HELLO, Voicing("luna", tempo=tempo), TONE)

    assert len(plain.samples) == pytest.approx(len(speech.samples) * tempo, rel=0.01)
    assert plain.words[-1].end == pytest.approx(speech.words[-1].end * tempo, rel=0.01)


@pytest.mark.parametrize("rate_hz", [8000, 24_000])
def test_pauses(rate_hz: int) -> None:
    """A pause is so many milliseconds of silence, and a word like any other."""
    voicing = Voicing("luna", rate_hz=rate_hz, pauses=True)
    plain = make_speech("One two", voicing, TONE)
    speech = make_speech("One <400> two <1>", voicing, TONE)
    one, pause, two, last = speech.words

    assert ("One", "<400>", "two", "<1>") == (one.text, pause.text, two.text, last.text)
    assert 0.4 * rate_hz == pause.end - pause.start
    assert not speech.samples[pause.start : pause.end].any()
    assert plain.words[1].end - plain.words[1].start == two.end - two.start
    assert last.end == len(speech.samples)


def test_pauses_that_are_not_asked_for() -> None:
    """Where pauses are not asked for, they are numbers, and read out."""
    speech = make_speech("One <400> two", LUNA, TONE)
    pause = speech.words[1]

    assert "<400>" == pause.text
    assert speech.samples[pause.start : pause.end].any()


@pytest.mark.parametrize("text", ["<12345>", "<4 00>", "<>", "<x>"])
def test_no_pause(text: str) -> None:
    """What is not up to four digits in brackets is text."""
    plain = make_speech(text, LUNA, TONE)
    speech = make_speech(text, Voicing("luna", pauses=True), TONE)

    assert plain.samples.tobytes() == speech.samples.tobytes()


@given(st.text(alphabet="ab <>40", min_size=1, max_size=30).filter(str.strip))
def test_words_with_pauses(text: str) -> None:
    """Wherever pauses stand, words follow each other and lie in the audio."""
    voicing = Voicing("luna", rate_hz=8000, pauses=True)
    speech = make_speech(text, voicing, TONE)
    edges = [edge for word in speech.words for edge in (word.start, word.end)]

    assert edges == sorted(edges)
    assert "".join(text.split()) == "".join(word.text for word in speech.words)
    assert max(edges) <= len(speech.samples)


def test_failing_voice() -> None:
    """What the voice cannot do is the service's failure."""
    with pytest.raises(RefusedError, match=r"^500: the library is gone$"):
        make_speech(HELLO, LUNA, DumbVoice())


@pytest.mark.parametrize(
    ("lang", "timed"),
    [
        *((lang, True) for lang in ("eng", "en", "en-GB", "EN", "spa", "es", "spa-mx")),
        *((lang, False) for lang in ("fra", "ger", "de", "pt-BR", "jpn")),
    ],
)
def test_languages_with_times(lang: str, timed: bool) -> None:
    """Only English and Spanish have word times."""
    assert timed == has_times(Voicing("luna", lang))


def test_times() -> None:
    """Times are seconds from the beginning, and belong to the words as written."""
    speech = make_speech(HELLO, LUNA, TONE)
    times = make_times(speech, "a", OPTIONS)

    assert (tuple(HELLO.split()), "a") == (times.words, times.context_id)
    assert [word.start / 24_000 for word in speech.words] == list(times.start)
    assert [word.end / 24_000 for word in speech.words] == list(times.end)


WORDS = st.lists(st.tuples(st.integers(0, 30_000), st.integers(0, 5000)), max_size=20)


@given(WORDS)
def test_coarse_times(lengths: list[tuple[int, int]]) -> None:
    """Coarse times touch, begin at 0, and lie on a grid; no word is without."""
    frames, words = 0, []
    for length, gap in lengths:
        words.append(SpokenWord("x", frames, frames + length))
        frames += length + gap
    speech = Utterance(np.zeros(frames, np.int16), 24_000, tuple(words))
    options = ServiceOptions(voice=TONE, coarse_times=True)
    times = make_times(speech, None, options)
    steps = [edge / 0.17698 for edge in times.end]

    assert [0.0, *times.end][:-1] == list(times.start) or not words
    assert pytest.approx([round(step) for step in steps]) == steps
    assert all(start < end for start, end in zip(times.start, times.end, strict=True))


@pytest.mark.parametrize(
    ("text", "overruns"), [("a b c d e f", True), ("Good friends seldom part.", False)]
)
def test_coarse_times_miss_the_audio(text: str, overruns: bool) -> None:
    """Short words run past the audio, and long ones, without their gaps, fall short."""
    options = ServiceOptions(voice=TONE, coarse_times=True)
    speech = make_speech(text, LUNA, TONE)
    miss_s = make_times(speech, None, options).end[-1] - len(speech.samples) / 24_000

    assert abs(miss_s) > 0.05
    assert overruns == (miss_s > 0)
