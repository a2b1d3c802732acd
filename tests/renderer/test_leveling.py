"""Finding the gain: on speech, behind an encoder, and where there is no way."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from rimebatch.manifest.levels import Goal, Peak, Target
from rimebatch.renderer.leveling import fit
from rimebatch.renderer.limiter import Leveling, level
from rimebatch.renderer.loudness import Levels, measure

RATE_HZ = 16_000
ACX = Goal(Target(-20, "dB RMS"), Peak(-3, "dB"))


def make_voice() -> NDArray[np.int16]:
    """Return four seconds with the ups and downs of speech: peaks 16 dB above RMS."""
    time = np.arange(4 * RATE_HZ) / RATE_HZ
    pitch = np.sin(2 * np.pi * 120 * time) ** 41
    syllables = np.abs(np.sin(2 * np.pi * 1.3 * time)) ** 3
    return np.asarray(np.rint(20_000 * pitch * syllables), np.int16)


def levels_of(sound: NDArray[np.int16], leveling: Leveling) -> Levels:
    """Return what *leveling* makes of *sound*."""
    return measure(level([sound], RATE_HZ, leveling), RATE_HZ)


def attempt_on(sound: NDArray[np.int16]) -> Callable[[Leveling], Levels]:
    """Return the plainest attempt: without an encoder."""
    return lambda leveling: levels_of(sound, leveling)


@pytest.mark.parametrize(
    "goal",
    [
        ACX,
        Goal(Target(-18, "LUFS"), Peak(-3, "dB")),
        Goal(Target(-16, "LUFS"), Peak(-1, "dBTP")),
        Goal(Target(-30, "LUFS"), Peak(-3, "dB")),
        Goal(Target(-18, "dB RMS"), Peak(-4, "dB")),
    ],
    ids=lambda goal: f"{goal.target}, {goal.peak}",
)
def test_the_goal_is_met(goal: Goal) -> None:
    """To a tenth of a dB in either scale, with either kind of peak, limited or not."""
    sound = make_voice()
    fitted = fit(goal, measure([sound], RATE_HZ), attempt_on(sound))
    levels = fitted.levels
    loudness = {"dB RMS": levels.rms_db, "LUFS": levels.loudness_lufs}
    peak = {"dB": levels.peak_db, "dBTP": levels.true_peak_db}

    assert None is fitted.shortfall
    assert goal.target.db == pytest.approx(loudness[goal.target.scale], abs=0.1)
    assert peak[goal.peak.scale] <= goal.peak.db
    assert fitted.leveling is not None
    assert levels == levels_of(sound, fitted.leveling)


def test_what_an_encoder_changes_is_made_up_for() -> None:
    """LAME is 0.17 dB softer than what it was given, and its peaks are others."""
    sound = make_voice()

    def encode(leveling: Leveling) -> Levels:
        levels = levels_of(sound, leveling)
        return replace(
            levels, rms_db=levels.rms_db - 0.17, peak_db=levels.peak_db + 0.4
        )

    goal = Goal(ACX.target, Peak(-5, "dB"))
    fitted = fit(goal, measure([sound], RATE_HZ), encode)

    assert None is fitted.shortfall
    assert -20 == pytest.approx(fitted.levels.rms_db, abs=0.1)
    assert -5 == pytest.approx(fitted.levels.peak_db, abs=0.02)
    assert fitted.levels.peak_db <= -5


@pytest.mark.parametrize("height", [0, 1])
def test_silence_is_left_alone(height: int) -> None:
    """No gain makes speech of it; one that would be 70 dB is not applied either."""
    raw = measure([np.tile(np.array([0, height], np.int16), 20_000)], RATE_HZ)
    fitted = fit(ACX, raw, attempt_on(make_voice()))

    assert None is fitted.leveling
    assert raw == fitted.levels
    assert "it is silent, and its level was left alone" == fitted.shortfall


def test_what_cannot_be_met_is_told() -> None:
    """The limiter is made up for by 6 dB and no more, and the peak is kept."""
    sound = make_voice()
    raw = measure([sound], RATE_HZ)
    goal = Goal(Target(-10, "dB RMS"), Peak(-9, "dB"))
    fitted = fit(goal, raw, attempt_on(sound))

    assert fitted.leveling is not None
    assert -10 - raw.rms_db + 6 == pytest.approx(fitted.leveling.gain_db, abs=0.01)
    assert fitted.levels.peak_db <= -9
    assert fitted.shortfall is not None
    assert fitted.shortfall.endswith(" dB below -10 dB RMS")


@pytest.mark.parametrize(
    ("rms_db", "peak_db", "shortfall"),
    [
        (-20.0, -2.5, "it peaks 0.50 dB above -3 dB"),
        (-18.0, -4.0, "it is 2.0 dB above -20 dB RMS"),
    ],
)
def test_an_attempt_that_nothing_moves_ends(
    rms_db: float, peak_db: float, shortfall: str
) -> None:
    """After five attempts the best is taken, and what is wrong with it is told."""
    stuck = Levels(9, -math.inf, rms_db, peak_db, peak_db, rms_db, 0, 0)
    tried: list[Leveling] = []

    def attempt(leveling: Leveling) -> Levels:
        tried.append(leveling)
        return stuck

    fitted = fit(ACX, stuck, attempt)

    assert shortfall == fitted.shortfall
    assert 5 == len(tried)
