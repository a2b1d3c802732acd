"""Another number of frames per second, block by block: all that is known of soxr.

It is done once, to the mix. Samples are floating point on the way, which rounds nothing
and needs no dither: digital silence stays digital silence, and the same blocks or
others make the same samples.
"""

from typing import Final, Protocol

import numpy as np
import soxr
from numpy.typing import NDArray

from rimebatch.renderer.sound.samples import Samples, to_float

_QUALITY: Final = "HQ"  # 133 dB signal to noise, below the last bit of 16


class _Stream(Protocol):
    """What is used of soxr's class, which has no types."""

    def resample_chunk(
        self, x: NDArray[np.float32], last: bool = False
    ) -> NDArray[np.float32]: ...


class Resampler:
    """Samples at another rate, in order.

    What comes out is late by the length of the filter, some hundred frames, and made
    up for at the end: frame 0 stays frame 0.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        self._from_hz = from_hz
        self._to_hz = to_hz
        self._stream: _Stream = soxr.ResampleStream(
            from_hz, to_hz, 1, dtype="float32", quality=_QUALITY
        )
        self._taken = 0
        self._given = 0

    def feed(self, samples: Samples) -> NDArray[np.float32]:
        """Return what there is of the output once *samples* are known too."""
        made = self._stream.resample_chunk(to_float(samples))
        self._taken += len(samples)
        self._given += len(made)
        return made

    def finish(self) -> NDArray[np.float32]:
        """Return the rest; then the output has `count_resampled` frames in all.

        Where the exact length lies between two frames, soxr may choose the other one:
        then a zero is added, or the filter's last sample left out.
        """
        none = np.zeros(0, np.float32)
        rest = self._stream.resample_chunk(none, last=True)
        count = count_resampled(self._taken, self._from_hz, self._to_hz) - self._given
        return np.pad(rest[:count], (0, max(0, count - len(rest))))


def count_resampled(frames: int, from_hz: int, to_hz: int) -> int:
    """Return how many frames so many *frames* become, rounded half up.

    Words are moved by the same rule, so that a border at the end stays there.
    """
    return (2 * frames * to_hz + from_hz) // (2 * from_hz)
