"""A text as sound and word times, as one connection wants it spoken.

Pure: the same text and voicing give the same, always. It knows the voice and the
parameters that shape its sound, and nothing of bytes or messages.
"""

import re
from itertools import accumulate, pairwise
from typing import Final

import numpy as np

from rimebatch.errors import VoiceError
from rimebatch.server.handshake import Voicing
from rimebatch.server.options import ServiceOptions
from rimebatch.server.refusal import RefusedError
from rimebatch.server.voices.voice import SpokenWord, Utterance, Voice, language_tag
from rimebatch.ws3.events import Timestamps

_PAUSE: Final = re.compile(r"<([0-9]{1,4})>")  # in milliseconds

_TIMED_LANGUAGES: Final = frozenset({"en", "es"})  # the others get no timestamps

# One step of the times in Rime's own example of Mist v3; Coda's is 0.18053 s, and two
# projects measured 0.1764 s and 0.171 s.
_COARSE_S: Final = 0.17698


def make_speech(text: str, voicing: Voicing, voice: Voice) -> Utterance:
    """Return *text*, spoken at the rate of *voicing*.

    Raises:
        RefusedError: The voice cannot speak it.
    """
    if not voicing.pauses:
        return _speak(text, voicing, voice)
    parts = [
        _make_pause(piece, voicing.rate_hz)
        if position % 2
        else _speak(piece, voicing, voice)
        for position, piece in enumerate(_PAUSE.split(text))
        if piece.strip()
    ]
    return _joined(parts, voicing.rate_hz)


def has_times(voicing: Voicing) -> bool:
    """Whether the service gives word times for the language of *voicing*."""
    return language_tag(voicing.lang).split("-")[0] in _TIMED_LANGUAGES


def make_times(
    speech: Utterance, context_id: str | None, options: ServiceOptions
) -> Timestamps:
    """Return the times of the words of *speech*, in seconds from its beginning."""
    spans = [(word.start, word.end) for word in speech.words]
    if options.coarse_times:
        times = _coarsened(speech)
    else:
        # Not rounded: a word that ends with the audio must not end after it.
        times = [(start / speech.rate_hz, end / speech.rate_hz) for start, end in spans]
    return Timestamps(
        words=tuple(word.text for word in speech.words),
        start=tuple(start for start, _ in times),
        end=tuple(end for _, end in times),
        context_id=context_id,
    )


def _speak(text: str, voicing: Voicing, voice: Voice) -> Utterance:
    try:
        speech = voice.speak(
            text, speaker=voicing.speaker, lang=voicing.lang, speed=voicing.tempo
        )
    except VoiceError as error:
        raise RefusedError(500, str(error)) from error
    return speech.resampled(voicing.rate_hz)


def _make_pause(milliseconds: str, rate_hz: int) -> Utterance:
    frames = rate_hz * int(milliseconds) // 1000
    word = SpokenWord(f"<{milliseconds}>", 0, frames)
    return Utterance(np.zeros(frames, np.int16), rate_hz, (word,))


def _joined(parts: list[Utterance], rate_hz: int) -> Utterance:
    starts = accumulate((len(part.samples) for part in parts), initial=0)
    words = (
        SpokenWord(word.text, start + word.start, start + word.end)
        for part, start in zip(parts, starts, strict=False)  # the last is the end
        for word in part.words
    )
    samples = np.concatenate([part.samples for part in parts])
    return Utterance(samples, rate_hz, tuple(words))


def _coarsened(speech: Utterance) -> list[tuple[float, float]]:
    """Return times on a grid, each word at least one step long, pauses left out."""
    steps = (
        max(1, round((word.end - word.start) / speech.rate_hz / _COARSE_S))
        for word in speech.words
    )
    edges = [step * _COARSE_S for step in accumulate(steps, initial=0)]
    return list(pairwise(edges))
