"""A recorded conversation, as it is played again: who said what, in which order, when.

Only what matters between the two is kept: pings and commits are the recorder's own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from rimebatch.errors import TranscriptError
from rimebatch.transcript import Entry, Header, conversation, read_entries, read_header
from rimebatch.transcript.conversation import (
    OF_THE_FILE,
    Closed,
    Happening,
    Lost,
    Opened,
    Received,
    ReceivedBinary,
    Refused,
    read_happening,
)
from rimebatch.transcript.entries import Side

SWITCHING_PROTOCOLS: Final = 101
LOST_LINE: Final = 1006  # RFC 6455, 7.4.1: stands for a line lost without a close

_OPENINGS: Final = (Opened, Refused, Lost)

RECORD_ENDS: Final = "the record ends here"


@dataclass(frozen=True, slots=True)
class Opening:
    """How the handshake went.

    Attributes:
        number: Of its entry; 0 if there is none.
        time_ns: When, since the connection was begun.
        status: The HTTP status; ``None`` if no answer came.
        headers: Those of the server that are on record.
        text: The body of a refusal, or how the line was lost.
        by: Who lost it.
    """

    number: int
    time_ns: int
    status: int | None
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    by: Side = "server"

    @property
    def is_accepted(self) -> bool:
        """Whether there is a conversation after it."""
        return self.status == SWITCHING_PROTOCOLS


@dataclass(frozen=True, slots=True)
class Sent:
    """A message of the client."""

    number: int
    time_ns: int
    message: str


@dataclass(frozen=True, slots=True)
class Heard:
    """A message of the server; bytes are a binary one."""

    number: int
    time_ns: int
    message: str | bytes


@dataclass(frozen=True, slots=True)
class Ended:
    """One side's close, or its loss of the line.

    Attributes:
        code: The close code; `LOST_LINE` where there was no closing handshake.
        reason: That of the close, or how the line was lost.
    """

    number: int
    time_ns: int
    by: Side
    code: int
    reason: str

    @property
    def is_drop(self) -> bool:
        """Whether the client broke the line off, which it may do for any reason."""
        return self.by == "client" and self.code == LOST_LINE


Step: TypeAlias = Sent | Heard | Ended


@dataclass(frozen=True, slots=True)
class Recording:
    """One connection, ready to be played.

    Attributes:
        name: Where it is from, for people.
        header: Of its transcript.
        opening: How it began.
        steps: All that followed, in order.
        faulty_from: The first step that is no record of what happened: from there on
            the client cannot be held to what it once did. ``None`` if there is none.
    """

    name: str
    header: Header
    opening: Opening
    steps: tuple[Step, ...]
    faulty_from: int | None = None


def read_recording(path: Path) -> Recording:
    """Return the conversation in the transcript at *path*.

    A transcript without its end, left by a crash, ends with a lost line. So does one
    whose client dropped the line: why it did nobody knows, and no client is held to it.

    Raises:
        TranscriptError: It cannot be read, or a line of it is damaged.
    """
    return make_recording(str(path), read_header(path), read_entries(path))


def make_recording(name: str, header: Header, entries: Iterator[Entry]) -> Recording:
    """Return the conversation that *entries* tell.

    Raises:
        TranscriptError: An entry does not hold what its kind should.
    """
    opening = None
    steps: list[Step] = []
    for entry in entries:
        if entry.kind in OF_THE_FILE:
            continue
        try:
            happening = read_happening(entry)
        except ValueError as error:
            raise TranscriptError(f"{name}: entry {entry.number}: {error}") from error
        if opening is None and isinstance(happening, _OPENINGS):
            opening = _make_opening(entry.number, happening)
        elif step := _make_step(entry.number, happening):
            steps.append(step)
    opening = opening or Opening(0, 0, None, text=RECORD_ENDS)
    if opening.is_accepted and not any(isinstance(step, Ended) for step in steps):
        steps.append(_make_break(opening, steps))
    return Recording(name, header, opening, tuple(steps), _find_break(steps))


def _find_break(steps: list[Step]) -> int | None:
    """Return the first of *steps* that no client can be held to: a break."""
    for index, step in enumerate(steps):
        if isinstance(step, Ended) and (step.is_drop or step.reason == RECORD_ENDS):
            return index
    return None


def _make_break(opening: Opening, steps: list[Step]) -> Ended:
    last = steps[-1] if steps else opening
    return Ended(last.number + 1, last.time_ns, "server", LOST_LINE, RECORD_ENDS)


def _make_opening(number: int, told: Opened | Refused | Lost) -> Opening:
    match told:
        case Lost(t=time_ns, how=how, by=by):
            return Opening(number, time_ns, None, text=how, by=by)
        case Refused(t=time_ns, status=status, headers=headers, body=body):
            return Opening(number, time_ns, status, headers, body)
        case Opened(t=time_ns, status=status, headers=headers):
            return Opening(number, time_ns, status, headers)


def _make_step(number: int, told: Happening) -> Step | None:
    match told:
        case conversation.Sent(t=time_ns, message=message):
            return Sent(number, time_ns, message)
        case Received(t=time_ns, message=message):
            return Heard(number, time_ns, message)
        case ReceivedBinary(t=time_ns, message=binary):
            return Heard(number, time_ns, binary)
        case Closed(t=time_ns, by=by, code=code, reason=reason):
            return Ended(number, time_ns, by, code, reason)
        case Lost(t=time_ns, by=by, how=how):
            return Ended(number, time_ns, by, LOST_LINE, how)
        case _:
            return None
