"""Frames as numbers in files."""

from hypothesis import given
from hypothesis import strategies as st

from rimebatch.renderer.captions.stamps import format_clock, to_millis, to_seconds


def test_to_millis() -> None:
    """A frame is given its nearest millisecond."""
    found = [to_millis(frame, 24_000) for frame in (0, 11, 12, 36, 24_000 * 43_200)]

    assert [0, 0, 1, 2, 43_200_000] == found


def test_to_seconds() -> None:
    """Seconds have six digits, without an error that grows with the time."""
    found = [to_seconds(frame, 24_000) for frame in (0, 1, 24_000 * 43_200 + 1)]

    assert ["0.000000", "0.000042", "43200.000042"] == found


def test_format_clock() -> None:
    """Hours, minutes and seconds have two digits, and more hours more."""
    found = [format_clock(millis, ",") for millis in (0, 3_599_999, 360_000_001)]

    assert ["00:00:00,000", "00:59:59,999", "100:00:00,001"] == found


@given(st.integers(0, 10**10), st.sampled_from([8000, 22_050, 44_100, 48_000, 96_000]))
def test_frames_keep_their_order(frame: int, rate_hz: int) -> None:
    """A later frame never has an earlier millisecond, and always other seconds."""
    assert to_millis(frame, rate_hz) <= to_millis(frame + 1, rate_hz)
    assert float(to_seconds(frame, rate_hz)) < float(to_seconds(frame + 1, rate_hz))
