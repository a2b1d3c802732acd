"""Finding the gain that makes a file as loud as its manifest asks.

The limiter takes from the loudness what it takes from the peaks, and an encoder
changes both, so the gain is found by trying: level, measure, correct, a few times.

Knows nothing about files: a trial is whatever function the caller hands in.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from rimebatch.manifest.levels import Goal
from rimebatch.renderer.limiter import Leveling
from rimebatch.renderer.loudness import Levels

_TOLERANCE_DB: Final = 0.1  # what ffmpeg prints, and far less than anybody hears
_MOST_TRIALS: Final = 5  # speech at -20 dB RMS needs two, at -14 LUFS four
# What the limiter takes may be made up for so far. Beyond that speech is audibly
# flattened, and hardly becomes louder.
_MOST_MAKE_UP_DB: Final = 6.0
# What needs more holds no speech: it lies near -70 dB, where BS.1770 ceases to hear.
_MOST_GAIN_DB: Final = 50.0
_LEAST_SLOPE: Final = 0.25  # dB louder for a dB of gain, deep in the limiter


@dataclass(frozen=True, slots=True)
class Fitted:
    """A leveling, and what it comes to.

    Attributes:
        leveling: What to do; ``None`` where there is no sound to be levelled.
        levels: Of the file after that.
        shortfall: What of the goal is not met, in words; ``None`` if all is.
    """

    leveling: Leveling | None
    levels: Levels
    shortfall: str | None


@dataclass(frozen=True, slots=True)
class _Trial:
    """A leveling that was tried: how much too soft the result is, and too high."""

    leveling: Leveling
    levels: Levels
    missing_db: float
    excess_db: float

    @property
    def is_loud_enough(self) -> bool:
        return abs(self.missing_db) <= _TOLERANCE_DB


def fit(goal: Goal, raw: Levels, attempt: Callable[[Leveling], Levels]) -> Fitted:
    """Return how to reach *goal*: to 0.1 dB, and with no peak above what it allows.

    Gains are whole hundredths of a dB, so that the last digits of a measurement,
    which differ between processors, do not reach the samples.

    Args:
        goal: What the manifest asks for.
        raw: The levels of the sound as it is. For one gain in all jobs of a batch,
            of all of them in a row.
        attempt: Levels that sound so, in the way it will be delivered, and returns
            the levels of the result. Called up to five times; what is returned is
            the best of them, which need not be the last.
    """
    needed_db = goal.target.db - _loudness(raw, goal)
    if needed_db > _MOST_GAIN_DB:
        return Fitted(None, raw, "it is silent, and its level was left alone")
    trials: list[_Trial] = []
    leveling = Leveling(round(needed_db, 2), goal.peak.db)
    while len(trials) < _MOST_TRIALS and leveling not in {t.leveling for t in trials}:
        trials.append(_judge(goal, leveling, attempt(leveling)))
        leveling = _correct(trials, round(needed_db + _MOST_MAKE_UP_DB, 2))
    best = min(trials, key=lambda trial: (trial.excess_db, abs(trial.missing_db)))
    return Fitted(best.leveling, best.levels, _describe_shortfall(goal, best))


def _judge(goal: Goal, leveling: Leveling, levels: Levels) -> _Trial:
    height = levels.peak_db if goal.peak.scale == "dB" else levels.true_peak_db
    missing_db = goal.target.db - _loudness(levels, goal)
    return _Trial(leveling, levels, missing_db, max(height - goal.peak.db, 0))


def _loudness(levels: Levels, goal: Goal) -> float:
    return levels.rms_db if goal.target.scale == "dB RMS" else levels.loudness_lufs


def _correct(trials: Sequence[_Trial], most_gain_db: float) -> Leveling:
    """Return what to try next: the last leveling again where nothing is better."""
    last = trials[-1]
    gain_db, ceiling_db = last.leveling.gain_db, last.leveling.ceiling_db
    if not last.is_loud_enough:
        wanted_db = gain_db + last.missing_db / _find_slope(trials[-2:])
        gain_db = round(min(wanted_db, most_gain_db), 2)
    if last.excess_db:
        ceiling_db = math.floor(100 * (ceiling_db - last.excess_db)) / 100
    return Leveling(gain_db, ceiling_db)


def _find_slope(trials: Sequence[_Trial]) -> float:
    """Return how much louder a dB of gain made the last of two *trials*."""
    first, last = trials[0], trials[-1]
    gained_db = last.leveling.gain_db - first.leveling.gain_db
    louder_db = first.missing_db - last.missing_db
    return min(max(louder_db / gained_db, _LEAST_SLOPE), 1) if gained_db else 1


def _describe_shortfall(goal: Goal, trial: _Trial) -> str | None:
    if trial.excess_db:
        return f"it peaks {trial.excess_db:.2f} dB above {goal.peak}"
    if not trial.is_loud_enough:
        side = "below" if trial.missing_db > 0 else "above"
        return f"it is {abs(trial.missing_db):.1f} dB {side} {goal.target}"
    return None
