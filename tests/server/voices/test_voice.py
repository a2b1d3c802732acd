"""The page every voice agrees on: utterances, languages, speakers."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimebatch.errors import VoiceError
from rimebatch.server.voices.voice import (
    SpokenWord,
    Utterance,
    is_speakable,
    language_tag,
    speaker_digest,
)

RATES_HZ = (4_000, 8_000, 16_000, 22_050, 24_000, 44_100, 48_000, 96_000)


def sine(frames: int, hz: float = 440.0, amplitude: int = 3_000) -> Utterance:
    """An utterance of one word at 22,050 Hz that is nothing but a tone."""
    seconds = np.arange(frames) / 22_050
    samples = np.rint(amplitude * np.sin(2 * np.pi * hz * seconds)).astype(np.int16)
    return Utterance(samples, 22_050, (SpokenWord("beep", 0, frames),))


def test_same_rate_changes_nothing() -> None:
    """Resampling to the rate it has returns the utterance itself."""
    utterance = sine(100)

    assert utterance is utterance.resampled(22_050)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_resampling_keeps_the_sound(rate_hz: int) -> None:
    """A tone of one second stays a second of that tone, as loud as it was."""
    resampled = sine(22_050).resampled(rate_hz)
    spectrum = np.abs(np.fft.rfft(resampled.samples))

    assert rate_hz == resampled.rate_hz == len(resampled.samples)
    assert np.int16 == resampled.samples.dtype
    assert int(np.argmax(spectrum)) == 440
    assert pytest.approx(int(resampled.samples.max()), abs=90) == 3_000


def test_resampling_moves_the_words() -> None:
    """A word is at the same time, to the frame, at the new rate."""
    words = (SpokenWord("one", 0, 220), SpokenWord("two", 441, 22_050))
    utterance = Utterance(np.zeros(22_050, np.int16), 22_050, words)

    expected = (SpokenWord("one", 0, 80), SpokenWord("two", 160, 8_000))
    assert expected == utterance.resampled(8_000).words


def test_silence_stays_silence() -> None:
    """No dither is added: frames without sound stay zero."""
    utterance = Utterance(np.zeros(1_000, np.int16), 22_050, ())

    assert not utterance.resampled(24_000).samples.any()


def test_nothing_resamples_to_nothing() -> None:
    """An utterance of no frames has no frames at any rate."""
    utterance = Utterance(np.zeros(0, np.int16), 22_050, ())

    assert len(utterance.resampled(48_000).samples) == 0


def test_full_scale_is_limited() -> None:
    """Where the filter overshoots full scale, samples stop there and do not wrap."""
    square = np.where(np.arange(2_000) // 100 % 2, 32_767, -32_768).astype(np.int16)
    resampled = Utterance(square, 22_050, ()).resampled(24_000).samples
    middle_of_a_plateau = resampled[163]

    assert middle_of_a_plateau > 30_000
    assert resampled.max() == 32_767
    assert resampled.min() == -32_768


@given(
    frames=st.integers(0, 3_000),
    cuts=st.lists(st.floats(0, 1), max_size=8),
    rate_hz=st.sampled_from(RATES_HZ),
)
def test_words_stay_inside(frames: int, cuts: list[float], rate_hz: int) -> None:
    """Resampled words are in order, do not overlap, and lie inside the audio."""
    borders = sorted(int(cut * frames) for cut in cuts)
    words = tuple(SpokenWord("w", *border) for border in pairwise(borders))
    resampled = Utterance(np.zeros(frames, np.int16), 22_050, words).resampled(rate_hz)
    moved = [border for word in resampled.words for border in (word.start, word.end)]

    assert moved == sorted(moved)
    assert all(0 <= border <= len(resampled.samples) for border in moved)


@pytest.mark.parametrize(
    ("lang", "tag"),
    [
        ("eng", "en"),
        ("en", "en"),
        ("en-US", "en-us"),
        ("spa-mx", "es-mx"),
        ("ger", "de"),
        ("jpn", "ja"),
        ("PT-BR", "pt-br"),
    ],
)
def test_languages(lang: str, tag: str) -> None:
    """Rime's codes and BCP-47 tags mean the same."""
    assert tag == language_tag(lang)


@pytest.mark.parametrize("lang", ["", "None", "xx", "english", "-", "en_US"])
def test_unknown_languages(lang: str) -> None:
    """A language no voice speaks is refused, by name."""
    with pytest.raises(VoiceError) as caught:
        language_tag(lang)

    assert f"lang={lang!r}: no local voice speaks it" in str(caught.value)


@given(st.text())
def test_any_language_is_known_or_refused(lang: str) -> None:
    """No spelling of a language does anything else than the two."""
    try:
        tag = language_tag(lang)
    except VoiceError:
        return

    assert language_tag(tag) == tag


def test_digest_is_for_ever() -> None:
    """A speaker's digest is the same in every process and version."""
    assert speaker_digest("luna").hex()[:8] == "970ec274"


@given(st.text(st.characters()))
def test_any_name_is_a_speaker(speaker: str) -> None:
    """Every name, lone surrogates included, has a digest."""
    assert len(speaker_digest(speaker)) == 32


def test_speakable() -> None:
    """Letters, the marks on them and digits are spoken; the rest is not."""
    assert all(map(is_speakable, "aÉ7½日ी"))
    assert not any(map(is_speakable, " .,-—“$😀\0\ud800\u2060"))
