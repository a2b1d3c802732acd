"""Mono samples as 16-bit numbers and as floating point ones; knows no files."""

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Samples: TypeAlias = NDArray[np.int16] | NDArray[np.float32]
"""Shape ``(frames,)``; as floating point, full scale is from -1 to 1."""

_FULL_SCALE: Final = 32768


def to_float(samples: Samples) -> NDArray[np.float32]:
    """Return *samples* as floating point, exactly."""
    if samples.dtype == np.float32:
        return samples.astype(np.float32, copy=False)
    return samples.astype(np.float32) / np.float32(_FULL_SCALE)


def to_int16(samples: Samples) -> NDArray[np.int16]:
    """Return *samples* in 16 bits, rounded, and clipped at full scale.

    Without dither: what is rounded is below the noise of any 16-bit voice, and dither
    would make noise of digital silence.
    """
    if samples.dtype == np.int16:
        return samples.astype(np.int16, copy=False)
    scaled = np.rint(to_float(samples) * np.float32(_FULL_SCALE))
    clipped: NDArray[np.float32] = np.clip(scaled, -_FULL_SCALE, _FULL_SCALE - 1)
    return clipped.astype(np.int16)
