"""What may be said when, by either side of a connection: one table for each side.

A pair that is not in a table is illegal. Which take an event belongs to, and whether
it comes too late for it, is the business of `rimebatch.ws3.takes`.

Sources: the page ("Flush", "EOS", "segment"): nothing is synthesized before it is asked
for, and ``eos`` is the last word of a client.
"""

from enum import Enum
from typing import Final

from rimebatch.errors import LocalProtocolError, RemoteProtocolError
from rimebatch.ws3.commands import Clear, Command, Eos, Flush, Text
from rimebatch.ws3.events import (
    Chunk,
    Done,
    ErrorEvent,
    Event,
    Timestamps,
    Unknown,
)


class State(Enum):
    """How far a conversation has come; the value completes a sentence."""

    SILENT = "before anything was asked for"
    ASKED = "after something was asked for"
    ENDING = "after eos"


_AFTER: Final[dict[tuple[State, type[Command]], State]] = {
    (State.SILENT, Text): State.SILENT,
    (State.SILENT, Clear): State.SILENT,
    (State.SILENT, Flush): State.ASKED,
    (State.SILENT, Eos): State.ENDING,
    (State.ASKED, Text): State.ASKED,
    (State.ASKED, Clear): State.ASKED,
    (State.ASKED, Flush): State.ASKED,
    (State.ASKED, Eos): State.ENDING,
}
# Without segment=never, text alone may be spoken.
_AFTER_UNSEGMENTED: Final = {**_AFTER, (State.SILENT, Text): State.ASKED}

_ANY_EVENT: Final[frozenset[type[Event]]] = frozenset(
    {Chunk, Timestamps, Done, ErrorEvent, Unknown}
)
_EVENTS: Final[dict[State, frozenset[type[Event]]]] = {
    State.SILENT: frozenset({ErrorEvent, Unknown}),
    State.ASKED: _ANY_EVENT,
    State.ENDING: _ANY_EVENT,
}


class Legality:
    """One conversation, as far as what may be said in it when.

    Each word is given with its place in the record, since a message may have been
    received long before it is looked at.

    Args:
        segment: The query's parameter of that name.
    """

    def __init__(self, segment: str) -> None:
        self._after = _AFTER if segment == "never" else _AFTER_UNSEGMENTED
        self._changes = [(0, State.SILENT, _EVENTS[State.SILENT])]

    def say(self, command: Command, at: int) -> None:
        """Note that the client says *command*, at the place *at*.

        Raises:
            LocalProtocolError: It may not, then.
        """
        state = self._changes[-1][1]
        after = self._after.get((state, type(command)))
        if after is None:
            raise LocalProtocolError(f"{_name(command)} {state.value}")
        if after is not state:
            self._changes.append((at, after, _EVENTS[after]))

    def hear(self, event: Event, at: int) -> None:
        """Note that the server said *event*, at the place *at*.

        Raises:
            RemoteProtocolError: It may not have, then.
        """
        place, state, events = self._changes[-1]
        if at < place:
            _, state, events = [c for c in self._changes if c[0] <= at][-1]
        if type(event) not in events:
            raise RemoteProtocolError(f"{_name(event)} {state.value}")


def _name(word: Command | Event) -> str:
    return type(word).__name__.lower()
