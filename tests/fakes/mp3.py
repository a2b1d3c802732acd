"""Sound, and MP3 streams of it: with a header, without one, and without an end."""

import io
from collections.abc import Sequence

import numpy as np
import soundfile
from numpy.typing import NDArray

Samples = NDArray[np.int16]

CONSTANT: dict[str, str | float] = {
    "bitrate_mode": "CONSTANT",
    "compression_level": 0.6,
}


def make_sound(frames: int, rate_hz: int, pitch_hz: float = 300.0) -> Samples:
    """Return a tone that rises and swells, so that no part is like another."""
    seconds = np.arange(frames) / rate_hz
    swell = 0.5 + 0.4 * np.sin(7 * seconds)
    tone = np.sin(2 * np.pi * (pitch_hz + 400 * seconds) * seconds)
    sound: Samples = np.round(12_000 * swell * tone).astype(np.int16)
    return sound


def encode(samples: Samples, rate_hz: int, **settings: str | float) -> bytes:
    """Return *samples* as an MP3 file by libsndfile, whose header tells its length."""
    file = io.BytesIO()
    soundfile.write(
        file, samples, rate_hz, format="MP3", subtype="MPEG_LAYER_III", **settings
    )
    return file.getvalue()


def encode_bare(samples: Samples, rate_hz: int, **settings: str | float) -> bytes:
    """Return *samples* as an MP3 stream without a header, as LAME itself makes it."""
    content = encode(samples, rate_hz, **settings)
    second_frame = content.index(content[:2], 4)
    return content[second_frame:]


def encode_on(parts: Sequence[Samples], rate_hz: int) -> list[bytes]:
    """Return what one encoder gives out as each of *parts* goes in, and then its end.

    The first begins with the header that libsndfile means to fill in at the end.
    """
    file = io.BytesIO()
    given: list[bytes] = []
    with soundfile.SoundFile(
        file, "w", rate_hz, 1, "MPEG_LAYER_III", format="MP3", **CONSTANT
    ) as encoder:
        for part in parts:
            start = len(file.getvalue())
            encoder.write(part)
            given.append(file.getvalue()[start:])
        start = len(file.getvalue())
    return [*given, file.getvalue()[start:]]


def offset(expected: Samples, found: Samples) -> int:
    """Return how many samples later than *expected* the same sound is in *found*."""
    size = 1 << (len(expected) + len(found)).bit_length()
    spectra = np.fft.rfft(found, size) * np.conj(np.fft.rfft(expected, size))
    best = int(np.argmax(np.fft.irfft(spectra, size)))
    return best if best < size // 2 else best - size
