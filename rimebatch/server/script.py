"""What the service does for one synthesis, step by step.

Values; who makes a script does not know who carries it out, and the faults stand
between the two.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from rimebatch.server.connection import Connection
from rimebatch.ws3.events import Event


@dataclass(frozen=True, slots=True)
class Say:
    """Send one message.

    Attributes:
        what: An event; or a text, or bytes for a binary message, as they are.
        lasts_s: How much audio is in it, in seconds.
    """

    what: Event | str | bytes
    lasts_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Rest:
    """Say nothing for a while."""

    seconds: float


@dataclass(frozen=True, slots=True)
class EndRun:
    """Say ``done``, if the service does and nothing is left to be spoken."""

    context_id: str | None


@dataclass(frozen=True, slots=True)
class HangUp:
    """Close the connection; nothing comes after it."""

    code: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """Do something to the connection itself."""

    do: Callable[[Connection], Awaitable[None]]


Step: TypeAlias = Say | Rest | EndRun | HangUp | Act
Steps: TypeAlias = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Script:
    """One synthesis.

    Attributes:
        steps: What is done for it.
        context_id: What its events carry.
        before: The script of the synthesis before it on the same connection, as it
            was meant to be.
    """

    steps: Steps
    context_id: str | None
    before: "Script | None" = None
