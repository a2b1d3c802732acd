"""Samples of 16 bits and of floating point."""

import numpy as np

from rimebatch.renderer.sound.samples import to_float, to_int16

EVERY = np.arange(-32768, 32768).astype(np.int16)


def test_round_trip() -> None:
    """Every 16-bit sample is the same after floating point."""
    assert np.array_equal(EVERY, to_int16(to_float(EVERY)))


def test_as_it_is() -> None:
    """What has the right form is passed on."""
    exact = np.array([0.25, -1.5], np.float32)

    assert to_int16(EVERY) is EVERY
    assert to_float(exact) is exact


def test_rounding() -> None:
    """The nearest number is taken, and full scale where there is none."""
    steps = np.array([0.4, -0.6, 1.5, 2.5, 32767.4, 40000, -40000], np.float32)

    found = to_int16(steps / np.float32(32768))

    assert [0, -1, 2, 2, 32767, 32767, -32768] == found.tolist()
