"""Levels as a manifest writes them: how loud a job is to be, and how high it may peak.

Knows nothing about audio: how a level is measured and met is the renderer's.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from rimebatch.manifest.mistakes import Flaw, quote

Scale: TypeAlias = Literal["dB RMS", "LUFS"]
PeakScale: TypeAlias = Literal["dB", "dBTP"]

# Every norm lies well inside: film dialogue -31 LUFS, audiobooks -23 to -18 dB RMS,
# streamed music -14 LUFS.
_SOFTEST_DB: Final = -40.0
_LOUDEST_DB: Final = -10.0
_LOWEST_PEAK_DB: Final = -20.0  # the norms allow peaks of -3 to -1 dB

_WRITTEN = re.compile(r"([+-]?[0-9]{1,3}(?:\.[0-9]{1,2})?) ?(dB RMS|LUFS|dBTP|dB)")


@dataclass(frozen=True, slots=True)
class Target:
    """How loud a file is to be as a whole.

    Attributes:
        db: Below full scale, so negative.
        scale: What is measured: the plain average of the file (``dB RMS``, as ACX
            has it), or loudness after ITU-R BS.1770 (``LUFS``).
    """

    db: float
    scale: Scale

    def __str__(self) -> str:
        return f"{self.db:g} {self.scale}"


@dataclass(frozen=True, slots=True)
class Peak:
    """How high a file may peak.

    Attributes:
        db: Below full scale.
        scale: Whether its samples are meant (``dB``), or the sound between them as
            well (``dBTP``, true peak).
    """

    db: float
    scale: PeakScale

    def __str__(self) -> str:
        return f"{self.db:g} {self.scale}"


@dataclass(frozen=True, slots=True)
class Goal:
    """What ``output.loudness`` of a manifest asks for."""

    target: Target
    peak: Peak


def read_target(text: str) -> Target | Flaw:
    """Return the target that *text* states, like ``-20 dB RMS``, or what is wrong."""
    match _read(text):
        case (db, ("dB RMS" | "LUFS") as scale):
            if _SOFTEST_DB <= db <= _LOUDEST_DB:
                return Target(db, scale)
            return _out_of_range(text, _SOFTEST_DB, _LOUDEST_DB)
    remedy = "write it like -20 dB RMS or -18 LUFS"
    return Flaw(f"{quote(text)} is not a loudness", remedy)


def read_peak(text: str) -> Peak | Flaw:
    """Return the peak that *text* states, like ``-3 dB``, or what is wrong with it."""
    match _read(text):
        case (db, ("dB" | "dBTP") as scale):
            if _LOWEST_PEAK_DB <= db <= 0:
                return Peak(db, scale)
            return _out_of_range(text, _LOWEST_PEAK_DB, 0)
    remedy = "write it like -3 dB, or -1 dBTP for the true peak"
    return Flaw(f"{quote(text)} is not a peak level", remedy)


def find_goal_flaw(goal: Goal) -> Flaw | None:
    """Return why no sound can meet *goal*, or ``None``."""
    if goal.peak.db > goal.target.db:
        return None
    what = f"a file of {goal.target} peaks above {goal.peak}"
    return Flaw(what, "raise the peak, or lower the target")


def _read(text: str) -> tuple[float, str] | None:
    written = _WRITTEN.fullmatch(text.strip())
    return (float(written[1]), written[2]) if written else None


def _out_of_range(text: str, lowest: float, highest: float) -> Flaw:
    what = f"{quote(text)} is not between {lowest:g} and {highest:g}"
    return Flaw(what, "levels are below full scale, such as -20 dB RMS and -3 dB")
