"""What a voice is asked for, and what it answers.

Every voice agrees on this page: the languages, what counts as a word, how a
speaker's name becomes a sound. It must not know any voice, nor ws3.
"""

import hashlib
import unicodedata
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import soxr
from numpy.typing import NDArray

from rimebatch.errors import VoiceError

# Rime's own codes for the languages of its models, and the BCP-47 tags for the same.
_LANGUAGES: Final = {
    "ara": "ar",
    "eng": "en",
    "fra": "fr",
    "ger": "de",
    "heb": "he",
    "hin": "hi",
    "ita": "it",
    "jpn": "ja",
    "por": "pt",
    "spa": "es",
    "tam": "ta",
}


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """One word of the text and where it is heard.

    Attributes:
        text: The word as it was written, its punctuation attached.
        start: Its first frame, counted from the start of the utterance.
        end: The frame after its last; not before *start*.
    """

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, eq=False)  # arrays do not compare to one truth
class Utterance:
    """A text, spoken.

    Attributes:
        samples: Mono, shape ``(frames,)``.
        rate_hz: Frames per second.
        words: One for each piece of the text between white space, in order, none
            overlapping another, all inside the utterance.
    """

    samples: NDArray[np.int16]
    rate_hz: int
    words: tuple[SpokenWord, ...]

    def resampled(self, rate_hz: int) -> "Utterance":
        """Return the same utterance at *rate_hz*, at least 1, the words moved along."""
        if rate_hz == self.rate_hz:
            return self
        # As floating point: soxr would dither 16-bit samples, and silence with them.
        exact: NDArray[np.float32] = soxr.resample(
            self.samples.astype(np.float32), self.rate_hz, rate_hz, quality="HQ"
        )
        limits = np.iinfo(np.int16)
        samples = np.rint(exact).clip(limits.min, limits.max).astype(np.int16)

        def moved(frame: int) -> int:
            return min(round(frame * rate_hz / self.rate_hz), len(samples))

        words = (SpokenWord(w.text, moved(w.start), moved(w.end)) for w in self.words)
        return Utterance(samples, rate_hz, tuple(words))


class Voice(Protocol):
    """Something that speaks: the same request gives the same bytes, always."""

    @property
    def name(self) -> str:
        """What ``--voice`` calls it."""
        ...

    def speak(
        self, text: str, *, speaker: str, lang: str, speed: float = 1.0
    ) -> Utterance:
        """Speak *text*, whatever it holds, at the voice's own rate.

        May be called from any thread.

        Args:
            text: Any characters at all. Text with nothing to speak gives silence,
                possibly none of it.
            speaker: Any name; two names sound different.
            lang: A code of Rime's (``eng``) or a BCP-47 tag (``en-US``).
            speed: Above 1 is faster. Beyond what the voice can do, it does what it can.

        Raises:
            VoiceError: No local voice speaks *lang*, or this one broke down.
        """
        ...


def language_tag(lang: str) -> str:
    """Return *lang* as a lower-case BCP-47 tag: ``en`` for ``eng``.

    Raises:
        VoiceError: No local voice speaks it.
    """
    language, *region = lang.lower().split("-")
    language = _LANGUAGES.get(language, language)
    if language not in _LANGUAGES.values():
        known = ", ".join(_LANGUAGES)
        raise VoiceError(f"lang={lang!r}: no local voice speaks it; known are {known}")
    return "-".join([language, *region])


def speaker_digest(speaker: str) -> bytes:
    """Return 32 bytes that depend on *speaker* alone, for choosing its traits."""
    return hashlib.sha256(speaker.encode(errors="surrogatepass")).digest()


def is_speakable(character: str) -> bool:
    """Whether *character* is a letter, a mark on one, or a digit."""
    return unicodedata.category(character)[0] in "LMN"
