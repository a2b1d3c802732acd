"""Samples as bytes without compression: ``pcm``, ``mulaw`` and ``wav``.

Pure; it knows nothing of ws3 but the names of the formats.
"""

import struct
from typing import Final

import numpy as np
from numpy.typing import NDArray

# G.711: 14 bits of magnitude, biased so that every segment of the curve is a power
# of two, and inverted on the line.
_BIAS: Final = 132
_CLIP: Final = 32_767 - _BIAS

_UNKNOWN_LENGTH: Final = 0xFFFF_FFFF  # libsndfile and ffmpeg read on to the end
_PCM: Final = 1  # WAVE_FORMAT_PCM


def encode_pcm(samples: NDArray[np.int16]) -> bytes:
    """Return *samples*, shape ``(frames,)``, as 16-bit little-endian, no header."""
    return samples.astype("<i2").tobytes()


def encode_mulaw(samples: NDArray[np.int16]) -> bytes:
    """Return *samples*, shape ``(frames,)``, as G.711, at whatever rate, no header."""
    return _MULAW[samples.view(np.uint16)].tobytes()


def make_wav_header(rate_hz: int) -> bytes:
    """Return the header of a mono WAV whose length is not known when it begins."""
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", _UNKNOWN_LENGTH, b"WAVE"),
        *(b"fmt ", 16, _PCM, 1, rate_hz, 2 * rate_hz, 2, 16),
        *(b"data", _UNKNOWN_LENGTH),
    )


def _make_mulaw_table() -> NDArray[np.uint8]:
    """Return the code of every sample, in the order of their bits."""
    samples = np.arange(1 << 16).astype(np.uint16).view(np.int16).astype(np.int32)
    sign = np.where(samples < 0, 0x80, 0)
    magnitude = np.minimum(np.abs(samples), _CLIP) + _BIAS
    segment = np.frexp(magnitude)[1] - 8  # from the position of the highest bit
    step = magnitude >> (segment + 3) & 0x0F
    codes: NDArray[np.int32] = ~(sign | segment << 4 | step)
    return codes.astype(np.uint8)


_MULAW: Final = _make_mulaw_table()
