"""Formats without compression: ``pcm`` and ``mulaw``.

Pure; each function goes from bytes, and places in them, to samples, shape
``(frames,)``, and the same places in frames.
"""

from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rimebatch.errors import AudioError
from rimebatch.ws3.takes import BYTES_PER_SAMPLE

Decoded: TypeAlias = tuple[NDArray[np.int16], list[int]]

_PCM_BYTES: Final = BYTES_PER_SAMPLE["pcm"]
_BIAS: Final = 132  # G.711: makes every segment of the curve begin at a power of two


def decode_pcm(audio: bytes, marks: Sequence[int]) -> Decoded:
    """Decode signed 16-bit little-endian samples.

    Raises:
        AudioError: *audio* does not end with a whole sample.
    """
    if len(audio) % _PCM_BYTES:
        raise AudioError(f"{len(audio)} bytes of audio are not whole 16-bit samples")
    samples = np.frombuffer(audio, dtype="<i2").astype(np.int16, copy=False)
    return samples, [mark // _PCM_BYTES for mark in marks]


def decode_mulaw(audio: bytes, marks: Sequence[int]) -> Decoded:
    """Decode G.711, one byte for each sample, at whatever rate."""
    return _MULAW[np.frombuffer(audio, dtype=np.uint8)], list(marks)


def _make_mulaw_table() -> NDArray[np.int16]:
    """Return the sample of every code."""
    codes = np.arange(255, -1, -1)  # all bits are inverted on the line
    segment, step = codes >> 4 & 7, codes & 15
    magnitude = ((step << 3) + _BIAS << segment) - _BIAS
    return np.where(codes & 0x80, -magnitude, magnitude).astype(np.int16)


_MULAW: Final = _make_mulaw_table()
