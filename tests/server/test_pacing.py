"""How fast audio is sent."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimebatch.server.pacing import pace
from rimebatch.server.script import EndRun, Rest, Say, Steps
from rimebatch.ws3.events import Chunk

END = EndRun(None)


def audio(*lengths_s: float) -> Steps:
    """Return chunks of these lengths, and an end."""
    return (*(Say(Chunk(b"x"), length_s) for length_s in lengths_s), END)


def test_as_fast_as_it_is_read() -> None:
    """At speed 0 there are no rests."""
    steps = audio(1, 2, 3)

    assert steps is pace(steps, 0)


def test_gaps_at_the_start() -> None:
    """Near the start there are two gaps of 0.3 s, and none in a shorter text."""
    tenths = audio(*[0.125] * 6)
    paced = pace(tenths, 20)

    assert [2, 5] == [i for i, step in enumerate(paced) if step == Rest(0.3)]
    assert audio(0.1) == pace(audio(0.1), 20)


def test_bursts() -> None:
    """Later a second of audio comes at once, and then what that earns as a rest."""
    paced = pace(audio(0.5, 0.25, 0.25, 0.5, 0.25, 0.5), 10)
    rests = [step.seconds for step in paced if isinstance(step, Rest)]

    assert pytest.approx([0.3, 0.3, 0.1, 0.125]) == rests


@given(st.lists(st.floats(0.0, 3.0), max_size=30), st.floats(0.1, 100.0))
def test_speed(lengths_s: list[float], speed: float) -> None:
    """Nothing is lost or moved, and audio keeps to the speed within a burst."""
    steps = audio(*lengths_s)
    paced = pace(steps, speed)
    rested_s = sum(step.seconds for step in paced if isinstance(step, Rest))
    total_s = list(accumulate(lengths_s, initial=0.0))[-1]

    assert list(steps) == [step for step in paced if not isinstance(step, Rest)]
    assert rested_s <= 0.6 + total_s / speed + 1e-9
    assert rested_s >= (total_s - 1.0 - max(lengths_s, default=0) - 3.0) / speed
