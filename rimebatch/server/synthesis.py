"""One utterance as the events that carry it, in the order of the wire.

Pure: the same text and voicing give the same events, always. It knows neither the
connection nor what is spoken next, and so not whether a ``done`` follows.
"""

from itertools import accumulate, cycle, pairwise, takewhile
from typing import Final

from rimebatch.errors import VoiceError
from rimebatch.server.encoding import encode_audio
from rimebatch.server.handshake import RefusedError, Voicing
from rimebatch.server.options import ServiceOptions
from rimebatch.server.voices.voice import Utterance as Speech
from rimebatch.server.voices.voice import Voice, is_speakable, language_tag
from rimebatch.ws3.buffer import Utterance
from rimebatch.ws3.events import Chunk, Timestamps

# As logged from the live service: any size at all, mid-sample included, 1.3 kB on
# average.
_CHUNK_BYTES: Final = (1024, 4070, 20, 4063, 509, 1024, 1856, 829, 195, 1006, 18)

_TIMED_LANGUAGES: Final = frozenset({"en", "es"})  # the others get no timestamps


def synthesize(
    utterance: Utterance, voicing: Voicing, options: ServiceOptions
) -> list[Chunk | Timestamps]:
    """Return what the service sends for *utterance*, ``done`` excepted.

    Text without a letter or a digit has no sound, and gives nothing.

    Raises:
        RefusedError: The text is too long, or the voice cannot speak it.
    """
    _check_length(utterance.text, options.max_chars)
    if not any(map(is_speakable, utterance.text)):
        return []
    speech = _speak(utterance.text, voicing, options.voice)
    audio = encode_audio(speech.samples, voicing.audio_format)
    events: list[Chunk | Timestamps] = [
        Chunk(piece, utterance.context_id) for piece in split_audio(audio)
    ]
    if language_tag(voicing.lang).split("-")[0] in _TIMED_LANGUAGES:
        timestamps = _make_timestamps(speech, utterance.context_id)
        events.insert(options.timestamps_after_chunks, timestamps)
    return events


def split_audio(audio: bytes) -> list[bytes]:
    """Cut *audio* into the pieces of its chunks; none is empty."""
    starts = takewhile(
        lambda start: start < len(audio), accumulate(cycle(_CHUNK_BYTES), initial=0)
    )
    return [audio[start:end] for start, end in pairwise((*starts, len(audio)))]


def _check_length(text: str, max_chars: int) -> None:
    # UTF-16 units: never fewer than code points, and what a service written in
    # TypeScript is likely to count.
    chars = len(text.encode("utf-16-le", "surrogatepass")) // 2
    if chars > max_chars:
        raise RefusedError(
            400, f"text too long: {chars} characters, at most {max_chars} are spoken"
        )


def _speak(text: str, voicing: Voicing, voice: Voice) -> Speech:
    try:
        speech = voice.speak(text, speaker=voicing.speaker, lang=voicing.lang)
    except VoiceError as error:
        raise RefusedError(500, str(error)) from error
    return speech.resampled(voicing.rate_hz)


def _make_timestamps(speech: Speech, context_id: str | None) -> Timestamps:
    # Not rounded: a word that ends with the audio must not end after it.
    return Timestamps(
        words=tuple(word.text for word in speech.words),
        start=tuple(word.start / speech.rate_hz for word in speech.words),
        end=tuple(word.end / speech.rate_hz for word in speech.words),
        context_id=context_id,
    )
