"""How fast audio is sent: in bursts, with gaps.

It must not know what is sent.

Source: a measurement on the live service (September 2026): many seconds of speech came
within 1 to 2 s, with holes of about 0.3 s near the start.
"""

from collections.abc import Iterator
from typing import Final

from rimebatch.server.script import Rest, Say, Step, Steps

_GAPS: Final = ((0.25, 0.3), (0.5, 0.3))
"""After how many seconds of audio there is a gap, and how many seconds it takes."""

_BURST_S: Final = 1.0  # how much audio comes at once afterwards


def pace(steps: Steps, speed: float) -> Steps:
    """Return *steps* with rests, so that audio comes at *speed* times real time.

    The audio of a burst is on its way at once; the rest that it earns comes after it.
    A speed of 0 is as fast as it is read.
    """
    return tuple(_paced(steps, speed)) if speed else steps


def _paced(steps: Steps, speed: float) -> Iterator[Step]:
    gaps = list(_GAPS)
    audio_s = rested_s = 0.0
    for step in steps:
        yield step
        if isinstance(step, Say):
            audio_s += step.lasts_s
            if gaps and audio_s >= gaps[0][0]:
                yield Rest(gaps.pop(0)[1])
            elif audio_s - rested_s >= _BURST_S:
                yield Rest((audio_s - rested_s) / speed)
                rested_s = audio_s
