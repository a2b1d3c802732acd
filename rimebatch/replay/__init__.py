"""A recorded conversation, played again: what may be heard when, and what must be said.

Two engines play recordings: the replay transport, inside the process and in virtual
time, and the replay service, over sockets and in real time. Both ask `Playback`, so a
client is held to the same record by either.

- `recording` is a transcript as replay sees it, `shelf` which one a connection gets.
- `gates` says what must have been said before something may be heard.
- `matching` compares what is said with the record, `divergence` tells how it left it.
- `playback` puts them together.
- `faults` makes recordings of what might have happened, at the places that `selectors`
  finds; `overlay` reads faults from YAML, and is not imported here, for its weight.

Pure: no clock, no socket, no task.
"""

from rimebatch.replay.divergence import Divergence, DivergenceKind
from rimebatch.replay.faults import ReplayFault, apply_faults, cut
from rimebatch.replay.gates import Gate
from rimebatch.replay.matching import Match
from rimebatch.replay.playback import Playback, ReplayOptions
from rimebatch.replay.recording import (
    Ended,
    Heard,
    Opening,
    Recording,
    Sent,
    Step,
    make_recording,
    read_recording,
)
from rimebatch.replay.shelf import Shelf

__all__ = [
    "Divergence",
    "DivergenceKind",
    "Ended",
    "Gate",
    "Heard",
    "Match",
    "Opening",
    "Playback",
    "Recording",
    "ReplayFault",
    "ReplayOptions",
    "Sent",
    "Shelf",
    "Step",
    "apply_faults",
    "cut",
    "make_recording",
    "read_recording",
]
