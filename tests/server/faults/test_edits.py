"""The few ways in which faults change the steps of a script."""

import pytest

from rimebatch.server.faults.edits import (
    change_events,
    cut_after,
    insert_after,
    is_chunk,
    is_times,
)
from rimebatch.server.script import EndRun, Rest, Say, Step
from rimebatch.ws3.events import Chunk, Done, Event, Timestamps

TIMES = Say(Timestamps((), (), ()))
ONE, TWO = Say(Chunk(b"one"), 1.0), Say(Chunk(b"two"), 2.0)
END = EndRun(None)
STEPS = (TIMES, ONE, Rest(1), TWO, END)
NEW = Rest(9)


@pytest.mark.parametrize(
    ("count", "position"), [(0, 0), (1, 2), (2, 4), (3, 4), (10**9, 4)]
)
def test_insert_and_cut(count: int, position: int) -> None:
    """What is new stands behind so many chunks, or behind all there are."""
    assert (*STEPS[:position], NEW, *STEPS[position:]) == insert_after(
        STEPS, count, NEW
    )
    assert (*STEPS[:position], NEW) == cut_after(STEPS, count, NEW)


def test_without_chunks() -> None:
    """Where there are no chunks, what is new stands in front."""
    assert (NEW, NEW, END) == insert_after((END,), 1, NEW, NEW)
    assert () == cut_after((END,), 1)


@pytest.mark.parametrize(
    ("step", "chunk", "times"),
    [(ONE, True, False), (TIMES, False, True), (END, False, False), (Say("x"), 0, 0)],
)
def test_kinds(step: Step, chunk: bool, times: bool) -> None:
    """Audio and times are told from all the rest."""
    assert (chunk, times) == (is_chunk(step), is_times(step))


def test_change_events() -> None:
    """Events are changed, and nothing else; audio lasts as long as before."""

    def change(event: Event) -> Event | str:
        return Done("new") if isinstance(event, Chunk) else "text"

    steps = (*STEPS, Say("text that stays"), Say(b"bytes that stay"))

    assert (
        *(Say("text"), Say(Done("new"), 1.0), Rest(1), Say(Done("new"), 2.0), END),
        *steps[-2:],
    ) == change_events(steps, change)
