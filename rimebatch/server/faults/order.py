"""Faults of order: what should come does not, or comes twice, too early or too late."""

from typing import Final

from rimebatch.server.faults.edits import (
    change_events,
    cut_after,
    insert_after,
    is_chunk,
    is_times,
)
from rimebatch.server.faults.kinds import FaultTable, count
from rimebatch.server.script import EndRun, Say, Script, Steps
from rimebatch.ws3.events import Chunk, Done, ErrorEvent, Event, Timestamps

FAULTS: Final = FaultTable()

_ERROR: Final = Say(ErrorEvent("internal error"))


@FAULTS.valued(count("CHUNKS", 1))
def early_done(script: Script, chunks: int) -> Steps:
    """A `done` comes after CHUNKS chunks, and the rest, with its own, after that."""
    return insert_after(script.steps, chunks, Say(Done(script.context_id)))


@FAULTS.plain
def double_done(script: Script) -> Steps:
    """`done` comes twice."""
    return (*script.steps, EndRun(script.context_id))


@FAULTS.plain
def stale_done(script: Script) -> Steps:
    """It begins with a `done` under the context id of the synthesis before."""
    if script.before is None:
        return script.steps
    return (Say(Done(script.before.context_id)), *script.steps)


@FAULTS.plain
def null_done(script: Script) -> Steps:
    """`done` comes with a `contextId` of null."""
    return tuple(
        EndRun(None) if isinstance(step, EndRun) else step for step in script.steps
    )


@FAULTS.plain
def no_done(script: Script) -> Steps:
    """`done` does not come."""
    return tuple(step for step in script.steps if not isinstance(step, EndRun))


@FAULTS.valued(count("CHUNKS", 3))
def stale_audio(script: Script, chunks: int) -> Steps:
    """It begins with CHUNKS chunks of the synthesis before, as after a `clear`."""
    if script.before is None:
        return script.steps
    stale = tuple(filter(is_chunk, script.before.steps))[:chunks]
    return (*stale, *script.steps)


@FAULTS.valued(count("CHUNKS", 1))
def late_audio(script: Script, chunks: int) -> Steps:
    """The last CHUNKS chunks come after `done`."""
    positions = [i for i, step in enumerate(script.steps) if is_chunk(step)]
    late = positions[max(0, len(positions) - chunks) :]
    in_time = (step for i, step in enumerate(script.steps) if i not in late)
    return (*in_time, *(script.steps[position] for position in late))


@FAULTS.plain
def double_audio(script: Script) -> Steps:
    """Every chunk comes twice."""
    return tuple(
        twice for step in script.steps for twice in (step,) * (1 + is_chunk(step))
    )


@FAULTS.plain
def no_audio(script: Script) -> Steps:
    """There are no chunks."""
    return tuple(step for step in script.steps if not is_chunk(step))


@FAULTS.plain
def no_times(script: Script) -> Steps:
    """There are no timestamps."""
    return tuple(step for step in script.steps if not is_times(step))


@FAULTS.plain
def double_times(script: Script) -> Steps:
    """The timestamps come twice."""
    return tuple(
        twice for step in script.steps for twice in (step,) * (1 + is_times(step))
    )


@FAULTS.plain
def late_times(script: Script) -> Steps:
    """The timestamps come after `done`."""
    return (*no_times(script), *filter(is_times, script.steps))


@FAULTS.valued(count("CHUNKS", 1))
def error(script: Script, chunks: int) -> Steps:
    """After CHUNKS chunks comes an `error` event, and nothing more."""
    return cut_after(script.steps, chunks, _ERROR)


@FAULTS.valued(count("CHUNKS", 1))
def error_then_done(script: Script, chunks: int) -> Steps:
    """After CHUNKS chunks comes an `error` event, then `done`."""
    return cut_after(script.steps, chunks, _ERROR, EndRun(script.context_id))


@FAULTS.valued(count("CHUNKS", 1))
def error_then_audio(script: Script, chunks: int) -> Steps:
    """After CHUNKS chunks comes an `error` event, then all the rest."""
    return insert_after(script.steps, chunks, _ERROR)


@FAULTS.plain
def error_after_done(script: Script) -> Steps:
    """After `done` comes an `error` event."""
    return (*script.steps, _ERROR)


@FAULTS.plain
def null_id(script: Script) -> Steps:
    """Every event has a `contextId` of null."""
    return _relabelled(script, None)


@FAULTS.plain
def foreign_id(script: Script) -> Steps:
    """Every event has a `contextId` that the client never sent."""
    return _relabelled(script, "somebody else's")


@FAULTS.valued(count("CHARS", 257))
def long_id(script: Script, chars: int) -> Steps:
    """Every event has a `contextId` of CHARS characters."""
    return _relabelled(script, "x" * chars)


def _relabelled(script: Script, context_id: str | None) -> Steps:
    def change(event: Event) -> Event:
        match event:
            case Chunk(audio):
                return Chunk(audio, context_id)
            case Timestamps(words, start, end):
                return Timestamps(words, start, end, context_id)
            case Done():
                return Done(context_id)
            case _:
                return event

    return tuple(
        EndRun(context_id) if isinstance(step, EndRun) else step
        for step in change_events(script.steps, change)
    )
