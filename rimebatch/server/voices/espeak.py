"""The voice of libespeak-ng: real words, robotic, with exact word times.

It must not know ws3, nor how the library is called.

Where the times come from. The library reports the frame at which each word and each
phoneme begins, among them the phonemes for silence. A *sound* is one reported word:
it begins with its first phoneme that is heard (a plosive's closure is silence, up to
66 ms of it) and ends where its last one does. Sounds and the words of the text are
not one to one:

- a number is several sounds (``3.14`` is four), which become one word again;
- common pairs are one sound (``of the``), which is shared out by length;
- a bare dash is no sound, and gets the silence where it stands; yet the library
  may report the next word at the dash, so a sound prefers words that can be spoken.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import ClassVar, Final, NamedTuple

from rimebatch.server.voices.espeak_library import (
    EspeakEvent,
    EspeakLibrary,
    EspeakSettings,
)
from rimebatch.server.voices.voice import (
    SpokenWord,
    Utterance,
    is_speakable,
    language_tag,
    speaker_digest,
)

# The voice files for a language, of which the speaker gets one; where the tag names
# a country, those of that country.
_ACCENTS: Final = {
    "ar": ("ar",),
    "de": ("de",),
    "en": ("en", "en-us", "en-gb-scotland", "en-gb-x-rp", "en-029"),
    "en-gb": ("en", "en-gb-scotland", "en-gb-x-rp"),
    "en-us": ("en-us",),
    "es": ("es", "es-419"),
    "es-es": ("es",),
    "es-mx": ("es-419",),
    "fr": ("fr", "fr-be", "fr-ch"),
    "fr-fr": ("fr",),
    "he": ("he",),
    "hi": ("hi",),
    "it": ("it",),
    "ja": ("ja",),
    "pt": ("pt", "pt-br"),
    "pt-br": ("pt-br",),
    "pt-pt": ("pt",),
    "ta": ("ta",),
}

# The library's variants without echo (it would fill the pauses) that are within 2 dB
# of each other and that version 1.51 has as well. Any order would do; this one makes
# women of luna, astra, celeste, esther, estelle, andromeda, men of orion, ursa, sirius.
_VARIANTS: Final = (
    "m3",
    "m7",
    "f1",
    "aunty",
    "steph",
    "m4",
    "grandma",
    "m6",
    "linda",
    "Annie",
    "adam",
    "Michael",
)
_VOLUME: Final = 75  # about -22 dBFS RMS; at 100 the peaks of some are cut off
_PITCHES: Final = range(35, 66)  # a third either way of the variant's own, 50
_RATES_WPM: Final = range(134, 150)  # 14 to 15 characters a second in English
_SLOWEST_WPM: Final = 80  # the library's limit
_FASTEST_WPM: Final = 400  # from 450 a time-stretcher runs, and word times are wrong

# The categories of characters that are not sent: controls (some are commands to the
# library), what is no character at all, and symbols such as emoji and braille, on
# which some of its languages crash.
_UNSENT: Final = frozenset({"Cc", "Cs", "Cn", "Co", "So"})
_SENT_ALL_THE_SAME: Final = "\n°"

_SILENT_PHONEMES: Final = ("_", "(")  # pauses; changes of language, like "(en)"


class _Sound(NamedTuple):
    position: int
    start: int
    end: int


class _Span(NamedTuple):
    start: int
    end: int


class EspeakVoice:
    """Speaks with a libespeak-ng, at its own 22,050 Hz."""

    name: ClassVar = "espeak"

    def __init__(self, library: EspeakLibrary) -> None:
        self._library = library

    def speak(
        self, text: str, *, speaker: str, lang: str, speed: float = 1.0
    ) -> Utterance:
        """Speak *text*; see `Voice`.

        Raises:
            VoiceError: No local voice speaks *lang*, or the library crashed, which
                about one text in 30,000 of random characters makes it do.
        """
        sendable = "".join(map(_sendable, text))
        settings = espeak_settings(speaker, language_tag(lang), speed)
        speech = self._library.speak(sendable, settings)
        words = locate_words(text, speech.events, len(speech.samples))
        return Utterance(speech.samples, speech.rate_hz, tuple(words))


def _sendable(character: str) -> str:
    if character in _SENT_ALL_THE_SAME:
        return character
    return " " if unicodedata.category(character) in _UNSENT else character


def espeak_settings(speaker: str, tag: str, speed: float) -> EspeakSettings:
    """Return how *speaker* sounds in the language *tag*; the same for ever."""
    accents = _ACCENTS.get(tag) or _ACCENTS[tag.partition("-")[0]]
    accent, pitch, variant, rate, *_ = speaker_digest(speaker)
    wpm = _RATES_WPM[rate % len(_RATES_WPM)] * speed
    return EspeakSettings(
        voice=f"{accents[accent % len(accents)]}+{_VARIANTS[variant % len(_VARIANTS)]}",
        rate_wpm=round(max(_SLOWEST_WPM, min(_FASTEST_WPM, wpm))),
        pitch=_PITCHES[pitch % len(_PITCHES)],
        volume=_VOLUME,
    )


def locate_words(
    text: str, events: Sequence[EspeakEvent], frames: int
) -> list[SpokenWord]:
    """Return the words of *text* with the frames at which they are heard.

    Args:
        text: What was spoken.
        events: What the library reported, by rising frame.
        frames: The length of the audio; no event lies beyond it.
    """
    matches = list(re.finditer(r"\S+", text))
    words = [match.group() for match in matches]
    ends = [match.end() for match in matches]
    sounds = list(_sounds(events, frames)) if words else []
    heard = _share_sounds(words, ends, sounds)
    spans = heard | _share_silences(len(words), heard, frames)
    return [SpokenWord(word, *spans[index]) for index, word in enumerate(words)]


def _sounds(events: Sequence[EspeakEvent], frames: int) -> Iterator[_Sound]:
    beginnings = [i for i, event in enumerate(events) if event.phoneme is None]
    ends = [*(event.frame for event in events[1:]), frames]
    for first, beyond in pairwise([*beginnings, len(events)]):
        heard = [i for i in range(first, beyond) if _is_heard(events[i])]
        if heard:
            start, end = events[heard[0]].frame, ends[heard[-1]]
            yield _Sound(events[first].position, start, end)


def _is_heard(event: EspeakEvent) -> bool:
    return event.phoneme is not None and not event.phoneme.startswith(_SILENT_PHONEMES)


def _share_sounds(
    words: Sequence[str], ends: Sequence[int], sounds: Sequence[_Sound]
) -> dict[int, _Span]:
    """Return the span of each word that is heard, by the word's index.

    A sound is for the words from the first that ends after its position up to the
    next sound's, or rather for those of them that can be spoken.
    """
    spans: dict[int, _Span] = {}
    firsts = [min(bisect_right(ends, s.position), len(words) - 1) for s in sounds]
    borders = pairwise([*accumulate(firsts, max), len(words)])
    for sound, (first, beyond) in zip(sounds, borders, strict=True):
        candidates = range(first, max(beyond, first + 1))
        owners = [i for i in candidates if any(map(is_speakable, words[i]))] or [first]
        shares = _shares(sound.start, sound.end, [len(words[i]) for i in owners])
        for owner, share in zip(owners, shares, strict=True):
            spans[owner] = _Span(spans.get(owner, share).start, share.end)
    return spans


def _share_silences(
    count: int, heard: Mapping[int, _Span], frames: int
) -> dict[int, _Span]:
    """Return the spans of the words out of *count* that are not *heard*.

    They have the silence where they stand, which may be no frame at all.
    """
    spans: dict[int, _Span] = {}
    borders = [(-1, _Span(0, 0)), *heard.items(), (count, _Span(frames, frames))]
    for (before, left), (after, right) in pairwise(borders):
        silent = range(before + 1, after)
        shares = _shares(left.end, right.start, [1] * len(silent))
        spans.update(zip(silent, shares, strict=True))
    return spans


def _shares(start: int, end: int, weights: Sequence[int]) -> list[_Span]:
    """Divide the frames from *start* to *end* in proportion to *weights*."""
    total = sum(weights) or 1  # no weights, no shares
    edges = (
        start + (end - start) * weight // total
        for weight in accumulate(weights, initial=0)
    )
    return [_Span(*edge) for edge in pairwise(edges)]
