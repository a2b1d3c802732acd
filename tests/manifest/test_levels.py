"""Levels as they are written, and what is said about those that are not levels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimebatch.manifest.levels import (
    Goal,
    Peak,
    Target,
    find_goal_flaw,
    read_peak,
    read_target,
)
from rimebatch.manifest.mistakes import Flaw


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("-20 dB RMS", Target(-20.0, "dB RMS")),
        ("-18 LUFS", Target(-18.0, "LUFS")),
        (" -16.5LUFS ", Target(-16.5, "LUFS")),
    ],
)
def test_a_target_is_read(text: str, target: Target) -> None:
    """A number and what is measured, with or without a space between them."""
    found = read_target(text)

    assert target == found


@pytest.mark.parametrize(
    ("text", "peak"),
    [("-3 dB", Peak(-3.0, "dB")), ("-1.5 dBTP", Peak(-1.5, "dBTP"))],
)
def test_a_peak_is_read(text: str, peak: Peak) -> None:
    """Of the samples, or of the sound between them as well."""
    found = read_peak(text)

    assert peak == found


@pytest.mark.parametrize("text", ["", "loud", "-20", "-20 dB", "-1e1 LUFS", "-٣٠ LUFS"])
def test_what_is_not_a_target_is_told(text: str) -> None:
    """What a number measures has to be said."""
    flaw = read_target(text)

    assert isinstance(flaw, Flaw)
    assert flaw.what.endswith("is not a loudness")
    assert "write it like -20 dB RMS or -18 LUFS" == flaw.remedy


@pytest.mark.parametrize("text", ["-3", "-3 LUFS", "-3 dB RMS", "- 3 dB"])
def test_what_is_not_a_peak_is_told(text: str) -> None:
    """A loudness is not a peak."""
    flaw = read_peak(text)

    assert isinstance(flaw, Flaw)
    assert flaw.what.endswith("is not a peak level")


@pytest.mark.parametrize("text", ["20 dB RMS", "-9.9 LUFS", "-41 LUFS"])
def test_a_target_out_of_range_is_told(text: str) -> None:
    """The usual reason is a minus that was forgotten."""
    remedy = "levels are below full scale, such as -20 dB RMS and -3 dB"
    flaw = read_target(text)

    assert Flaw(f'"{text}" is not between -40 and -10', remedy) == flaw


@pytest.mark.parametrize("text", ["3 dB", "-21 dB", "0.1 dBTP"])
def test_a_peak_out_of_range_is_told(text: str) -> None:
    """Nothing is above full scale."""
    flaw = read_peak(text)

    assert isinstance(flaw, Flaw)
    assert f'"{text}" is not between -20 and 0' == flaw.what


@given(st.floats(-40, -10), st.sampled_from(["LUFS", "dB RMS"]))
def test_a_target_reads_as_it_is_shown(db: float, scale: str) -> None:
    """What a report shows can be written into a manifest."""
    target = read_target(f"{db:.1f} {scale}")

    assert target == read_target(str(target))


@given(st.text())
def test_whatever_is_written_has_an_answer(text: str) -> None:
    """No text breaks the readers."""
    assert isinstance(read_target(text), Target | Flaw)
    assert isinstance(read_peak(text), Peak | Flaw)


def test_a_peak_below_the_target_is_told() -> None:
    """No sound peaks below its own average."""
    possible = Goal(Target(-20, "dB RMS"), Peak(-3, "dB"))
    impossible = Goal(Target(-12, "LUFS"), Peak(-12, "dBTP"))
    what = "a file of -12 LUFS peaks above -12 dBTP"

    assert None is find_goal_flaw(possible)
    assert Flaw(what, "raise the peak, or lower the target") == find_goal_flaw(
        impossible
    )
