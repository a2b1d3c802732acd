"""The limiter: never above, never late, and nothing touched that need not be."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from rimebatch.renderer.limiter import Leveling, Sample, level

RATE_HZ = 8_000


def make_sound(*peaks: int, frames: int = 3_000) -> NDArray[np.int16]:
    """Return a soft tone with a spike at each of *peaks*."""
    wave = 1_000 * np.sin(np.arange(frames) / 7)
    sound: NDArray[np.int16] = np.rint(wave).astype(np.int16)
    sound[list(peaks)] = 30_000
    return sound


def level_whole(
    sound: NDArray[Sample], gain_db: float, ceiling_db: float, *borders: int
) -> NDArray[Sample]:
    """Return *sound* levelled, cut at *borders* on its way."""
    cuts = [0, *sorted(min(border, len(sound)) for border in borders), len(sound)]
    blocks: list[NDArray[Sample]] = [sound[a:b] for a, b in pairwise(cuts)]
    return np.concatenate([*level(blocks, RATE_HZ, Leveling(gain_db, ceiling_db))])


_INT16 = arrays.arrays(
    np.int16,
    st.integers(0, 400),
    elements=st.integers(-32_768, 32_767),
    fill=st.integers(-300, 300),
)
_DB = st.integers(-2_000, 0).map(lambda hundredths: hundredths / 100)


@settings(deadline=None)
@given(_INT16, st.floats(-20, 60), _DB, st.lists(st.integers(0, 400), max_size=5))
def test_nothing_is_ever_above_the_ceiling(
    sound: NDArray[np.int16], gain_db: float, ceiling_db: float, borders: list[int]
) -> None:
    """Whatever the sound, the gain and the blocks; and the length stays."""
    out = level_whole(sound, gain_db, ceiling_db, *borders)
    exact = level_whole((sound / 32_768).astype(np.float32), gain_db, ceiling_db)

    assert len(sound) == len(out) == len(exact)
    assert np.abs(out.astype(int)).max(initial=0) <= 32_768 * 10 ** (ceiling_db / 20)
    assert np.abs(exact).max(initial=0) <= 10 ** (ceiling_db / 20)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 3_000), max_size=8))
def test_blocks_leave_no_trace(borders: list[int]) -> None:
    """The same sound gives the same samples, however it is cut."""
    sound = make_sound(0, 700, 1_500, 2_999)
    out = level_whole(sound, 2, -6, *borders)

    assert level_whole(sound, 2, -6).tolist() == out.tolist()


def test_what_is_below_the_ceiling_is_only_raised() -> None:
    """A gain of nothing gives back the very samples; any other is a factor."""
    sound = make_sound()

    assert sound.tolist() == level_whole(sound, 0, -3).tolist()
    assert (
        np.rint(sound * 10 ** (6 / 20)).tolist() == level_whole(sound, 6, -3).tolist()
    )


def test_only_what_is_near_a_peak_is_lowered() -> None:
    """From 5 ms before it until 25 ms after, and the peak itself to the ceiling."""
    sound = make_sound(1_500)
    out = level_whole(sound, 0, -6)
    touched = np.flatnonzero(out != sound)

    assert 16_422 == out[1_500]  # 32,768 at -6 dB, rounded down
    assert touched[0] >= 1_500 - 40
    assert touched[-1] <= 1_500 + 200


def test_the_gain_falls_ahead_holds_and_rises() -> None:
    """There is no click: 5 ms straight down, 15 ms and the peak held, 5 ms back."""
    sound = np.full(1_000, 0.25, np.float32)
    sound[500] = 0.5
    gains = level_whole(sound, 0, 20 * np.log10(0.25)) / sound
    steps = np.diff(gains)

    assert [1.0, 0.5, 0.5, 1.0] == gains[[459, 500, 620, 661]].round(4).tolist()
    assert (steps[459:500] < 0).all()
    assert (np.abs(steps[500:620]) < 1e-6).all()
    assert (steps[620:661] > 0).all()
    assert np.abs(steps).max() < 0.0123  # a half in 41 frames


def test_nothing_in_gives_nothing_out() -> None:
    """A job without sound has no blocks."""
    blocks: list[NDArray[np.int16]] = []

    assert [] == list(level(blocks, RATE_HZ, Leveling(0, -3)))


def test_blocks_come_out_no_longer_than_they_went_in() -> None:
    """Memory is that of a block, not of the file."""
    block = make_sound(100)
    lengths = [len(out) for out in level([block] * 5, RATE_HZ, Leveling(0, -6))]

    assert len(block) == max(lengths)
