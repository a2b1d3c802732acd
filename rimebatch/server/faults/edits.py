"""The few ways in which faults change the steps of a script.

It must not know any fault.
"""

from collections.abc import Callable

from rimebatch.server.script import Say, Step, Steps
from rimebatch.ws3.events import Chunk, Event, Timestamps


def is_chunk(step: Step) -> bool:
    """Whether *step* says audio."""
    return isinstance(step, Say) and isinstance(step.what, Chunk)


def is_times(step: Step) -> bool:
    """Whether *step* says when the words are spoken."""
    return isinstance(step, Say) and isinstance(step.what, Timestamps)


def insert_after(steps: Steps, count: int, *new: Step) -> Steps:
    """Return *steps* with *new* behind the first *count* chunks, or behind them all."""
    end = _end_of_chunk(steps, count)
    return (*steps[:end], *new, *steps[end:])


def cut_after(steps: Steps, count: int, *new: Step) -> Steps:
    """Return *steps* up to the first *count* chunks, and *new* in place of the rest."""
    return (*steps[: _end_of_chunk(steps, count)], *new)


def _end_of_chunk(steps: Steps, count: int) -> int:
    ends = [0, *(index + 1 for index, step in enumerate(steps) if is_chunk(step))]
    return ends[min(count, len(ends) - 1)]


def change_events(
    steps: Steps, change: Callable[[Event], Event | str | bytes]
) -> Steps:
    """Return *steps* with every event changed."""
    return tuple(
        Say(change(step.what), step.lasts_s)
        if isinstance(step, Say) and not isinstance(step.what, (str, bytes))
        else step
        for step in steps
    )
