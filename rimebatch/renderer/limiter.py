"""One gain for a whole file, and a limiter that keeps its peaks down.

The limiter looks 5 ms ahead: its gain falls in a straight line before a sample that is
too high, stays down for a period of the deepest voice, so that it does not follow the
wave itself and distort it, and rises as it fell. What is nowhere near such a sample is
only multiplied by the gain. Nothing is shifted, and nothing added at the ends.

The gain of the limiter is counted in whole numbers, so that sums are exact and the
same sound gives the same samples, however it is cut into blocks.

Knows nothing about loudness: what gain it takes is found in `leveling`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import floor
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from rimebatch.renderer.loudness import INT16_FULL_SCALE, db_to_ratio

Sample = TypeVar("Sample", np.int16, np.float32)

_LOOK_AHEAD_S: Final = 0.005  # short enough to go unheard, long enough not to click
_HOLD_S: Final = 0.015  # a period of the deepest voices, some 70 Hz
_UNIT: Final = 2**30  # a gain of 1; sums of a block stay far below 2^63


@dataclass(frozen=True, slots=True)
class Leveling:
    """What is done to every sample of a file.

    Attributes:
        gain_db: By how much it is raised.
        ceiling_db: What no sample exceeds afterwards, at most 0.
    """

    gain_db: float
    ceiling_db: float


def level(
    blocks: Iterable[NDArray[Sample]], rate_hz: int, leveling: Leveling
) -> Iterator[NDArray[Sample]]:
    """Yield the sound in *blocks* with *leveling* done to it.

    As many frames come out as go in, of the same kind, in blocks no longer than the
    longest that went in, or than the 5 ms of the look-ahead; some are empty.
    """
    limiter = _Limiter(rate_hz, leveling.ceiling_db)
    ratio = db_to_ratio(leveling.gain_db)
    kind: np.dtype[Sample] | None = None
    for block in blocks:
        kind = block.dtype
        sound = block.astype(np.float64) * (ratio * _scale_of(kind))
        yield _to_kind(limiter.push(sound), kind)
    if kind is not None:
        yield _to_kind(limiter.push(np.zeros(limiter.ahead)), kind)


class _Limiter:
    """Takes and gives floating point whose full scale is that of 16 bits.

    A sample is given once all that may hold it down is known, `ahead` frames later.
    """

    def __init__(self, rate_hz: int, ceiling_db: float) -> None:
        # Rounding to 16 bits cannot exceed a whole number.
        ratio = db_to_ratio(ceiling_db)
        self._top = min(floor(ratio * INT16_FULL_SCALE), INT16_FULL_SCALE - 1)
        self.ahead = round(_LOOK_AHEAD_S * rate_hz)
        self._behind = round(_HOLD_S * rate_hz) + self.ahead
        self._sound = np.zeros(self._behind)

    def push(self, sound: NDArray[np.float64]) -> NDArray[np.float64]:
        """Take *sound* and return what is ready, in order."""
        self._sound = np.concatenate((self._sound, sound))
        ready = max(len(self._sound) - self._behind - self.ahead, 0)
        near = self._sound[: self._behind + ready + self.ahead]
        self._sound = self._sound[ready:]
        return near[self._behind :][:ready] * self._find_gains(near)

    def _find_gains(self, near: NDArray[np.float64]) -> NDArray[np.float64] | float:
        heights = np.abs(near)
        if heights.max(initial=0) <= self._top:
            return 1.0
        allowed = np.floor(_UNIT * (self._top / np.maximum(heights, self._top)))
        held = _slide_minimum(allowed.astype(np.int64), self._behind + 1)
        # Each of the numbers under a mean is at most what its middle sample allows.
        sums = np.concatenate(([0], np.cumsum(held)))
        width = self.ahead + 1
        gains: NDArray[np.float64] = (sums[width:] - sums[:-width]) / (width * _UNIT)
        return gains


def _slide_minimum(values: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    """Return the least of every *width* neighbours, by ever wider pairs."""
    done = 1
    while done < width:
        shift = min(done, width - done)
        values = np.minimum(values[:-shift], values[shift:])
        done += shift
    return values


def _scale_of(kind: np.dtype[Sample]) -> int:
    """Return the factor from samples of *kind* to those of 16 bits."""
    return 1 if kind == np.int16 else INT16_FULL_SCALE


def _to_kind(sound: NDArray[np.float64], kind: np.dtype[Sample]) -> NDArray[Sample]:
    whole = np.rint(sound) if kind == np.int16 else sound
    return (whole / _scale_of(kind)).astype(kind)
