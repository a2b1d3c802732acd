"""Another rate: the exact length, the same place, and no seams between blocks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fakes.mp3 import make_sound, offset
from rimebatch.renderer.sound.resampling import Resampler, count_resampled
from rimebatch.renderer.sound.samples import Samples, to_float, to_int16

RATES_HZ = [8000, 11025, 16000, 22050, 24000, 44100, 48000, 96000]


def resample(
    samples: Samples, from_hz: int, to_hz: int, block: int = 65_536
) -> NDArray[np.float32]:
    """Return *samples* at another rate, fed block by block."""
    resampler = Resampler(from_hz, to_hz)
    starts = range(0, len(samples), block)
    fed = [resampler.feed(samples[start : start + block]) for start in starts]
    return np.concatenate([*fed, resampler.finish()])


def make_tone(frames: int, rate_hz: int) -> NDArray[np.float32]:
    """Return a plain tone, exactly, at half of full scale."""
    seconds = np.arange(frames) / rate_hz
    return (np.sin(2 * np.pi * 440 * seconds) / 2).astype(np.float32)


@settings(max_examples=60, deadline=None)
@given(
    frames=st.integers(0, 5000),
    from_hz=st.sampled_from(RATES_HZ),
    to_hz=st.sampled_from(RATES_HZ),
    block=st.integers(1, 5000),
)
def test_length(frames: int, from_hz: int, to_hz: int, block: int) -> None:
    """The output is as long as arithmetic says, and the same however it was fed."""
    samples = make_sound(frames, from_hz)

    found = resample(samples, from_hz, to_hz, block)

    assert np.float32 == found.dtype
    assert count_resampled(frames, from_hz, to_hz) == len(found)
    assert np.array_equal(resample(samples, from_hz, to_hz), found)


@pytest.mark.parametrize(
    ("frames", "from_hz", "to_hz", "expected"),
    [(24000, 24000, 44100, 44100), (1, 48000, 24000, 1), (1000, 24000, 44100, 1838)],
)
def test_count(frames: int, from_hz: int, to_hz: int, expected: int) -> None:
    """The length is rounded, a half upwards; soxr itself has 1,837 in the last case."""
    assert expected == count_resampled(frames, from_hz, to_hz)
    assert expected == len(resample(make_sound(frames, from_hz), from_hz, to_hz))


@pytest.mark.parametrize(("from_hz", "to_hz"), [(24000, 44100), (22050, 48000)])
def test_content(from_hz: int, to_hz: int) -> None:
    """The same sound is at the same time: what is made anew at that rate is alike."""
    expected = make_tone(2 * to_hz, to_hz)

    found = resample(make_tone(2 * from_hz, from_hz), from_hz, to_hz)

    middle = slice(to_hz // 4, -to_hz // 4)
    assert abs(expected[middle] - found[middle]).max() < 1e-5


def test_there_and_back() -> None:
    """Nothing is shifted, not by a frame."""
    samples = make_sound(20_000, 24000)

    found = resample(resample(samples, 24000, 44100), 44100, 24000)

    assert len(samples) == len(found)
    assert 0 == offset(samples, to_int16(found))
    assert abs(to_float(samples) - found)[500:-500].max() < 1e-3


def test_silence() -> None:
    """Digital silence stays so: there is no dither."""
    found = resample(np.zeros(10_000, np.int16), 24000, 44100)

    assert not found.any()
