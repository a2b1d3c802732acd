"""One text as the steps that carry its audio and its times to the client.

Pure, but for an encoder that goes on from text to text. It knows neither the
connection nor what is spoken next, and so not whether a ``done`` follows.
"""

from dataclasses import replace
from itertools import accumulate, cycle, pairwise, takewhile
from typing import Final

from rimebatch.server.encoding import Encoder
from rimebatch.server.handshake import Voicing
from rimebatch.server.options import ServiceOptions, TimesPlace
from rimebatch.server.refusal import RefusedError
from rimebatch.server.script import EndRun, Say, Steps
from rimebatch.server.speech import has_times, make_speech, make_times
from rimebatch.server.voices.voice import is_speakable
from rimebatch.ws3.buffer import Utterance
from rimebatch.ws3.events import Chunk

# As logged from the live service: any size at all, mid-sample included, 1.3 kB on
# average.
_CHUNK_BYTES: Final = (1024, 4070, 20, 4063, 509, 1024, 1856, 829, 195, 1006, 18)


def synthesize(
    utterance: Utterance, voicing: Voicing, options: ServiceOptions, encode: Encoder
) -> Steps:
    """Return what is done for *utterance*.

    Text without a letter or a digit has no sound, and nothing but an end.

    Raises:
        RefusedError: The text is too long, or the voice cannot speak it.
    """
    text, context_id = utterance.text, utterance.context_id
    if options.limit_per == "synthesis":
        check_length(text, options.profile.max_chars)
    if not any(map(is_speakable, text)):
        return (EndRun(context_id),)
    speech = make_speech(text, voicing, options.voice)
    if not speech.samples.size:
        return (EndRun(context_id),)
    length_s = len(speech.samples) / speech.rate_hz
    audio = encode(speech.samples)
    steps = [
        Say(Chunk(piece, context_id), length_s * len(piece) / len(audio))
        for piece in split_audio(audio)
    ]
    if has_times(voicing):
        if not options.times_follow_speed:
            speech = make_speech(text, replace(voicing, tempo=1.0), options.voice)
        times = Say(make_times(speech, context_id, options))
        steps.insert(_position(options.times_place, len(steps)), times)
    return (*steps, EndRun(context_id))


def split_audio(audio: bytes) -> list[bytes]:
    """Cut *audio* into the pieces of its chunks; none is empty."""
    starts = takewhile(
        lambda start: start < len(audio), accumulate(cycle(_CHUNK_BYTES), initial=0)
    )
    return [audio[start:end] for start, end in pairwise((*starts, len(audio)))]


def count_chars(text: str) -> int:
    """Return the length of *text* as the service counts it.

    In UTF-16 units: never fewer than code points, and what a service written in
    TypeScript is likely to count.
    """
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def check_length(text: str, max_chars: int) -> None:
    """Return if *text* is not over the limit.

    Raises:
        RefusedError: It is.
    """
    chars = count_chars(text)
    if chars > max_chars:
        raise RefusedError(
            400, f"text too long: {chars} characters, at most {max_chars} are spoken"
        )


def _position(place: TimesPlace, count_chunks: int) -> int:
    return {"before": 0, "between": 1, "after": count_chunks}[place]
