"""Which decoder a take has.

It must not know how any of them works.
"""

from collections.abc import Sequence
from typing import Final

from rimebatch.errors import AudioError
from rimebatch.renderer.decoding.mp3_line import decode_mp3_take
from rimebatch.renderer.decoding.plain import Decoded, decode_mulaw, decode_pcm
from rimebatch.transcript.reader import RecordedTake
from rimebatch.ws3.takes import BYTES_PER_SAMPLE

_PLAIN: Final = {"pcm": decode_pcm, "mulaw": decode_mulaw}

# "An unrecognised value falls back to wav" (docs@Sep): never to be heard as samples.
_CONTAINERS: Final = {b"RIFF": "WAV", b"OggS": "OGG"}

_LEAST_BIT_PER_S: Final = 24_000  # of MP3: LAME chooses 64,000 for speech at 24 kHz


def decode_audio(
    take: RecordedTake,
    audio: bytes,
    marks: Sequence[int],
    audio_format: str,
    rate_hz: int,
) -> Decoded:
    """Return what the *audio* of *take* sounds like.

    Args:
        take: For a format whose takes may hang together.
        audio: All of its bytes.
        marks: The places in them where a synthesis may begin, ascending.
        audio_format: What was asked for, as on the wire.
        rate_hz: Samples per second that were asked for.

    Returns:
        Samples, shape ``(frames,)``, and the frame of each mark.

    Raises:
        AudioError: It is not what was asked for, or is damaged.
        TranscriptError: The transcript of *take* cannot be read.
    """
    for magic, name in _CONTAINERS.items():
        if audio.startswith(magic):
            raise AudioError(f"it is {name}, where {audio_format} was asked for")
    if audio_format == "mp3":
        return decode_mp3_take(take, audio, marks, rate_hz)
    return _PLAIN[audio_format](audio, marks)


def most_frames(audio_format: str, audio_bytes: int, rate_hz: int) -> int:
    """Return how many frames so many bytes decode to, or else a number over that."""
    if sample_bytes := BYTES_PER_SAMPLE.get(audio_format):
        return audio_bytes // sample_bytes
    return audio_bytes * 8 * rate_hz // _LEAST_BIT_PER_S
