"""Trimming: how much of a take is left, and that nothing inside it goes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rimebatch.manifest.placement import Trim
from rimebatch.renderer.trimming import find_kept

TRIM = Trim(silence_db=-60.0, keep_s=0.02)  # 32 of 32,768, and 2 frames of 100
SAMPLES = st.lists(st.integers(-40, 40) | st.integers(-32_768, 32_767), max_size=30)


def make_samples(*values: int) -> NDArray[np.int16]:
    """Return *values* as samples."""
    return np.array(values, np.int16)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([32, -32, 32, 33, 0, -33, 0, 0, 0], range(1, 8)),
        ([0, 0, 0, -32_768], range(1, 4)),
        ([33, 0, 0], range(3)),
        ([0, 0, 0, 0, 0, 0], range(6)),
        ([], range(0)),
    ],
)
def test_find_kept(values: list[int], expected: range) -> None:
    """So much silence stays at either end; a take of nothing else stays as it is."""
    assert expected == find_kept(make_samples(*values), TRIM, 100)


def test_no_trim() -> None:
    """Without a limit everything stays."""
    assert range(5) == find_kept(make_samples(0, 0, 9, 0, 0), None, 100)


@given(SAMPLES, st.floats(-90, -30), st.floats(0, 0.3))
def test_only_silence_goes(values: list[int], silence_db: float, keep_s: float) -> None:
    """What goes is silent; to trim again changes nothing."""
    samples = make_samples(*values)
    trim = Trim(silence_db=silence_db, keep_s=keep_s)

    kept = find_kept(samples, trim, 100)

    gone = [*values[: kept.start], *values[kept.stop :]]
    again = find_kept(samples[kept.start : kept.stop], trim, 100)
    assert all(abs(value) <= 32_768 * 10 ** (silence_db / 20) for value in gone)
    assert range(len(kept)) == again
