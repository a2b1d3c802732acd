"""How loud a file is: every level that a norm of delivery asks about, in one pass.

Blocks of any size go in; inside they are cut anew into hops, so that the figures do
not depend on where a block ended. What is kept grows by two numbers for each tenth of
a second: 7 MB in twelve hours.

Loudness is that of ITU-R BS.1770-5 for one channel. Its K-weighting is two filters
with feedback, which numpy does not have; but they forget within a tenth of a second,
so each hop is filtered as a product of spectra, with the step before it in front.

Knows nothing about targets, nor what is done to reach one.
"""

import math
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import soxr
from numpy.lib.stride_tricks import sliding_window_view
from numpy.polynomial.polynomial import polyval
from numpy.typing import NDArray

Samples: TypeAlias = NDArray[np.int16] | NDArray[np.float32]
"""One channel, shape ``(frames,)``; full scale is 32,768, or 1 in floating point."""

INT16_FULL_SCALE: Final = 32_768

_STEPS_PER_S: Final = 10  # BS.1770: blocks of 400 ms, each 100 ms after the last
_BLOCK_STEPS: Final = 4
_HOP_STEPS: Final = 15  # and one before: 1.6 s, which has small factors at every rate
_OFFSET_LU: Final = -0.691  # BS.1770: a tone of 997 Hz reads as its level in stereo
_ABSOLUTE_GATE_LUFS: Final = -70.0  # BS.1770
_RELATIVE_GATE: Final = 0.1  # BS.1770: 10 LU below what passed the absolute gate
_OVERSAMPLING: Final = 4  # BS.1770, annex 2, for 48 kHz

# "NoiseFloor - the RMS level of the quietest 500 mS" is how the ACX Check of Audacity
# reads ACX, which asks for -60 dB RMS at most and does not say of what.
_FLOOR_STEPS: Final = 5

# Where noise is as loud as ACX allows (-60 dB RMS), hardly a sample in 16,000 is above
# four times that; the softest sound of speech at -20 dB RMS is.
SILENCE_PEAK_DB: Final = -48.0


@dataclass(frozen=True, slots=True)
class Levels:
    """The levels of one file; what has no sound at all has minus infinity.

    Attributes:
        frames: Its length.
        loudness_lufs: Integrated loudness after BS.1770, one channel counted once (as
            ffmpeg does): a full-scale tone of 997 Hz has -3.01. Minus infinity where
            nothing of 0.4 s is louder than -70.
        rms_db: The square mean of the whole file, silence and all. A full-scale tone
            has -3.01, as at ACX, not 0.
        peak_db: The highest sample.
        true_peak_db: The highest point of the curve through the samples, at four
            times the rate.
        noise_floor_db: The RMS of the quietest 0.5 s, in steps of 0.1 s; of the whole
            file if it is shorter.
        head_frames: How many come before the first sample above `SILENCE_PEAK_DB`.
        tail_frames: How many come after the last; the whole file if there is none.
    """

    frames: int
    loudness_lufs: float
    rms_db: float
    peak_db: float
    true_peak_db: float
    noise_floor_db: float
    head_frames: int
    tail_frames: int


def measure(blocks: Iterable[Samples], rate_hz: int) -> Levels:
    """Return the levels of the sound in *blocks* at *rate_hz*."""
    meter = LoudnessMeter(rate_hz)
    for block in blocks:
        meter.feed(block)
    return meter.finish()


class LoudnessMeter:
    """Measures what it is fed, until it is asked.

    Args:
        rate_hz: Frames per second, at least 8,000: the filters need so many.
    """

    def __init__(self, rate_hz: int) -> None:
        self._step = round(rate_hz / _STEPS_PER_S)
        self._filter = k_weighting(rate_hz, (1 + _HOP_STEPS) * self._step)
        self._resampler = soxr.ResampleStream(
            rate_hz, _OVERSAMPLING * rate_hz, 1, dtype="float32"
        )
        # The step before, then the hop that is being filled.
        self._sound = np.zeros((1 + _HOP_STEPS) * self._step, np.float32)
        self._filled = self._step
        self._measured = 0  # frames, in whole hops
        self._energies = array("d")  # of each step
        self._weighted = array("d")  # the same after K-weighting
        self._peak = self._true_peak = 0.0
        self._loud: tuple[int, int] | None = None  # first frame and last

    def feed(self, block: Samples) -> None:
        """Measure *block* as well."""
        sound = to_full_scale(block)
        while len(sound):
            part = sound[: len(self._sound) - self._filled]
            self._sound[self._filled : self._filled + len(part)] = part
            self._filled += len(part)
            sound = sound[len(part) :]
            if self._filled == len(self._sound):
                self._measure_hop()

    def finish(self) -> Levels:
        """Return the levels of all that was fed; nothing can be fed after that."""
        frames = self._measured + self._filled - self._step
        self._sound[self._filled :] = 0
        self._measure_hop()
        self._raise_true_peak(
            self._resampler.resample_chunk(self._sound[:0], last=True)
        )
        steps = frames // self._step
        mean = math.fsum(self._energies) / max(frames, 1)
        floors = _slide(np.array(self._energies[:steps]) / self._step, _FLOOR_STEPS)
        first, last = self._loud or (frames, -1)
        return Levels(
            frames,
            _integrate(np.array(self._weighted[:steps]) / self._step),
            power_to_db(mean),
            power_to_db(self._peak**2),
            power_to_db(max(self._peak, self._true_peak) ** 2),
            power_to_db(float(floors.min(initial=mean))),
            first,
            frames - 1 - last,
        )

    def _measure_hop(self) -> None:
        hop = self._sound[self._step :]
        weighted = np.fft.irfft(np.fft.rfft(self._sound) * self._filter)
        self._energies.extend(self._sum_steps(hop))
        self._weighted.extend(self._sum_steps(weighted[self._step :]))
        self._raise_true_peak(self._resampler.resample_chunk(hop))
        self._find_loud(np.abs(hop))
        self._measured += len(hop)
        self._sound[: self._step] = hop[-self._step :]
        self._filled = self._step

    def _sum_steps(
        self, sound: NDArray[np.float32] | NDArray[np.float64]
    ) -> list[float]:
        squares = np.square(sound, dtype=np.float64).reshape(-1, self._step)
        sums: list[float] = squares.sum(axis=1).tolist()
        return sums

    def _raise_true_peak(self, between: NDArray[np.float32]) -> None:
        self._true_peak = float(np.abs(between).max(initial=self._true_peak))

    def _find_loud(self, heights: NDArray[np.float32]) -> None:
        self._peak = float(heights.max(initial=self._peak))
        loud = self._measured + np.flatnonzero(heights > db_to_ratio(SILENCE_PEAK_DB))
        if len(loud):
            first = self._loud[0] if self._loud else int(loud[0])
            self._loud = first, int(loud[-1])


def to_full_scale(samples: Samples) -> NDArray[np.float32]:
    """Return *samples* in floating point, with full scale at 1; exact."""
    scale = INT16_FULL_SCALE if samples.dtype == np.int16 else 1
    return samples.astype(np.float32) / np.float32(scale)


def db_to_ratio(db: float) -> float:
    """Return the factor that changes a sample by *db*."""
    return float(10 ** (db / 20))


def power_to_db(power: float) -> float:
    """Return the level of a mean square, in dB below full scale."""
    return 10 * math.log10(power) if power else -math.inf


def k_weighting(rate_hz: int, frames: int) -> NDArray[np.complex128]:
    """Return BS.1770's K-weighting on the spectrum of *frames*, an even number.

    The recommendation states it for 48 kHz alone. The analogue filters behind its
    figures, which give them back to all printed digits, were found by Brecht De Man
    ("Evaluation of implementations of the EBU R128 loudness measurement", 2018);
    ffmpeg and libebur128 use them as well.
    """
    delay = np.exp(-2j * np.pi * np.arange(frames // 2 + 1) / frames)

    k = math.tan(math.pi * 1681.974450955533 / rate_hz)
    q = 0.7071752369554196
    high = db_to_ratio(3.999843853973347)
    band = high**0.4996667741545416
    poles = [1 + k / q + k**2, 2 * (k**2 - 1), 1 - k / q + k**2]
    zeros = [high + band * k / q + k**2, 2 * (k**2 - high), high - band * k / q + k**2]
    head_effect = polyval(delay, zeros) / polyval(delay, poles)

    k = math.tan(math.pi * 38.13547087602444 / rate_hz)
    q = 0.5003270373238773
    poles = [1 + k / q + k**2, 2 * (k**2 - 1), 1 - k / q + k**2]
    low_cut = poles[0] * polyval(delay, [1, -2, 1]) / polyval(delay, poles)
    return np.asarray(head_effect * low_cut)


def _integrate(steps: NDArray[np.float64]) -> float:
    """Return the loudness of a sound by the weighted mean square of each step."""
    blocks = _slide(steps, _BLOCK_STEPS)
    heard = blocks[blocks > 10 ** ((_ABSOLUTE_GATE_LUFS - _OFFSET_LU) / 10)]
    if not len(heard):
        return -math.inf
    gated = heard[heard > _RELATIVE_GATE * heard.mean()]
    return _OFFSET_LU + power_to_db(float(gated.mean()))


def _slide(steps: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Return the mean of every *width* neighbours; empty if there are fewer."""
    if len(steps) < width:
        return np.empty(0)
    means: NDArray[np.float64] = sliding_window_view(steps, width).mean(axis=1)
    return means
