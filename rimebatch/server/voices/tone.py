"""A voice made of nothing but arithmetic: an alphabet of sounds, one per letter.

It must not know ws3, nor espeak. Nobody will understand it. What it is for: it needs
no library, its word times are exact by construction, the length of its audio says
how much text was spoken, and, computed in integers, its bytes are equal on every
machine.

Every character takes the same time. A letter sounds for all of its time, from its
first frame to its last; white space and punctuation are silent. Vowels are a hum at
the speaker's pitch with two formants; voiced consonants a hum with one; the others
noise.
"""

import hashlib
import math
import unicodedata
from collections.abc import Iterator, Sequence
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from rimebatch.server.voices.voice import (
    SpokenWord,
    Utterance,
    is_speakable,
    language_tag,
    speaker_digest,
)

RATE_HZ: Final = 24_000  # the rate a client asks for when it asks for none
FRAMES_PER_CHARACTER: Final = 1_650  # 14.5 characters a second, an unhurried reader
_SPEEDS: Final = (0.4, 2.5)  # the limits of Rime's own timeScaleFactor

_PITCHES_HZ: Final = range(90, 250)  # from a deep man's to a high woman's
_TRACTS_PERCENT: Final = range(85, 116)  # formants, against those of an average man

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_SILENCE: Final = len(_LETTERS)  # the row after the letters'
# First and second formant in Hz: Peterson and Barney (1952), averages for men.
_FORMANTS_HZ: Final = {
    "a": (730, 1090),
    "e": (530, 1840),
    "i": (270, 2290),
    "o": (570, 840),
    "u": (300, 870),
    "y": (390, 1990),
}
_VOICELESS: Final = "cfhkpqstx"

_LOUDNESS: Final = 3_600  # RMS of a letter; with the silences about -20 dBFS
_RAMP_FRAMES: Final = 48  # 2 ms in and out, so that letters do not click

# One period of a sine. No value lies so near to a half that the last bit of the
# machine's own sine could decide its rounding (a test measures by how much).
_PERIOD: Final = 4_096
_SINE: Final[NDArray[np.int64]] = np.array(
    [round(8_191 * math.sin(math.tau * k / _PERIOD)) for k in range(_PERIOD)]
)


class ToneVoice:
    """Speaks in tones and noise, at 24,000 Hz; needs nothing installed."""

    name: ClassVar = "tone"

    def speak(
        self, text: str, *, speaker: str, lang: str, speed: float = 1.0
    ) -> Utterance:
        """Speak *text*; see `Voice`. Runs of white space count as one character.

        A word is located without the punctuation around it, or, where it is nothing
        else, with all of its silence.

        Raises:
            VoiceError: No local voice speaks *lang*.
        """
        language_tag(lang)  # the languages are the service's, not this voice's
        slowest, fastest = _SPEEDS
        frames = round(FRAMES_PER_CHARACTER / max(slowest, min(fastest, speed)))
        words = text.split()
        rows = [_row(character) for character in " ".join(words)]
        samples = make_alphabet(speaker, frames)[rows].reshape(-1)
        return Utterance(samples, RATE_HZ, tuple(_locate_words(words, frames)))


def make_alphabet(speaker: str, frames: int) -> NDArray[np.int16]:
    """Return the sounds of *speaker*, shape ``(27, frames)``: a to z, and silence."""
    pitch, tract, *_ = speaker_digest(speaker)
    pitch_hz = _PITCHES_HZ[pitch % len(_PITCHES_HZ)]
    tract_percent = _TRACTS_PERCENT[tract % len(_TRACTS_PERCENT)]
    sounds = [_sound(letter, pitch_hz, tract_percent, frames) for letter in _LETTERS]
    levelled = [_levelled(sound) for sound in sounds]
    return np.array([*levelled, np.zeros(frames)], np.int16)


def _sound(
    letter: str, pitch_hz: int, tract_percent: int, frames: int
) -> NDArray[np.int64]:
    if letter in _VOICELESS:
        noise = hashlib.shake_256(letter.encode()).digest(2 * frames)
        return np.frombuffer(noise, "<i2").astype(np.int64)
    hum = 2 * _tone(pitch_hz, frames)
    if letter in _FORMANTS_HZ:
        first_hz, second_hz = (f * tract_percent // 100 for f in _FORMANTS_HZ[letter])
        return hum + 2 * _tone(first_hz, frames) + _tone(second_hz, frames)
    place_hz = 20 * ord(letter) * tract_percent // 100  # 2 kHz and above, one each
    return hum + _tone(place_hz, frames)


def _tone(hz: int, frames: int) -> NDArray[np.int64]:
    phases = np.arange(frames) * hz * _PERIOD // RATE_HZ
    return _SINE[phases % _PERIOD]


def _levelled(sound: NDArray[np.int64]) -> NDArray[np.int64]:
    """Fade *sound* in and out and give it the loudness of a letter."""
    frames = np.arange(1, len(sound) + 1)
    ramp: NDArray[np.int64] = np.minimum(frames, frames[::-1]).clip(max=_RAMP_FRAMES)
    faded = sound * ramp
    rms = math.isqrt(int(np.sum(faded**2)) // len(faded))
    return faded * _LOUDNESS // rms


def _row(character: str) -> int:
    """Return the row of the alphabet that stands for *character*.

    A letter without its accents has its own; any other script borrows one.
    """
    if not is_speakable(character):
        return _SILENCE
    letter = unicodedata.normalize("NFKD", character.casefold())[0]
    index = ord(letter) - ord("a")
    return index % len(_LETTERS)


def _locate_words(words: Sequence[str], frames: int) -> Iterator[SpokenWord]:
    offset = 0
    for word in words:
        heard = [i for i, character in enumerate(word) if is_speakable(character)]
        first, last = (heard[0], heard[-1]) if heard else (0, len(word) - 1)
        start, end = (offset + first) * frames, (offset + last + 1) * frames
        yield SpokenWord(word, start, end)
        offset += len(word) + 1  # the white space after it
