"""Samples as the bytes of a chunk, for the formats without a container.

Pure; it knows nothing of ws3 but the names of the formats.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from rimebatch.server.handshake import AudioFormat

BYTES_PER_SAMPLE: Final[dict[AudioFormat, int]] = {"pcm": 2, "mulaw": 1}

# G.711: 14 bits of magnitude, biased so that every segment of the curve is a power
# of two, and inverted on the line.
_BIAS: Final = 132
_CLIP: Final = 32_767 - _BIAS


def encode_audio(samples: NDArray[np.int16], audio_format: AudioFormat) -> bytes:
    """Return *samples*, shape ``(frames,)``, as headerless bytes.

    ``pcm`` is 16-bit little-endian; ``mulaw`` is G.711, at whatever rate.
    """
    if audio_format == "mulaw":
        return _MULAW[samples.view(np.uint16)].tobytes()
    return samples.astype("<i2").tobytes()


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
