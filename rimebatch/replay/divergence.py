"""How a client left the recorded conversation, told so that the cause can be found."""

import hashlib
import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final

import msgspec

from rimebatch.errors import DivergenceError, RemoteProtocolError
from rimebatch.replay.matching import Difference
from rimebatch.replay.recording import LOST_LINE, Ended, Sent, Step
from rimebatch.transcript.view import find_length_s
from rimebatch.ws3.events import Chunk, decode_event
from rimebatch.ws3.query import Query

_NANOSECONDS: Final = 1_000_000_000
_SHOWN_CHARS: Final = 100  # of a message: a line of a terminal, less its head


class DivergenceKind(StrEnum):
    """In what way a client left the record."""

    HANDSHAKE = "handshake"  # it asked for another voice than any recorded connection
    CHANGED = "changed"  # it said something else
    EXTRA = "extra"  # it said something where the record has nothing
    MISSING = "missing"  # it did not say what the record has, and waits or is gone
    EARLY = "early"  # it spoke before it heard what the record has before that
    EXTRA_CONNECTION = "extra-connection"  # every recorded connection was played
    UNPLAYED = "unplayed"  # it left without hearing everything


@dataclass(frozen=True, slots=True)
class Divergence:
    """What happened, and where in the record.

    Attributes:
        transcript: The recording that was being played.
        entry: The number of its entry that was next; ``None`` before and after all.
        time_ns: When, since the connection was begun, by the clock of the replay.
        what: In one line; it repeats nothing that was to be spoken.
        recent: The last entries that were played, as lines.
        differences: Between what is on record and what was said.
        nearest: The recorded message most like the one that was said, as a line.
        hint: What probably happened, where the record tells.
    """

    kind: DivergenceKind
    transcript: str
    entry: int | None
    time_ns: int
    what: str
    recent: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()
    nearest: str | None = None
    hint: str | None = None

    def __str__(self) -> str:
        where = "" if self.entry is None else f", entry {self.entry}"
        return f"{self.transcript}{where}: {self.kind}: {self.what}"

    @property
    def error(self) -> DivergenceError:
        """The exception that tells it."""
        return DivergenceError(str(self), kind=self.kind, report=self.report)

    @property
    def report(self) -> str:
        """All of it, over several lines; this one shows what was said."""
        lines = [str(self), f"  at {self.time_ns / _NANOSECONDS:.6f} s of the replay"]
        if self.recent:
            lines += ["  last played:", *(f"    {line}" for line in self.recent)]
        for difference in self.differences:
            lines += [
                f"  at {difference.path}",
                f"    recorded: {difference.recorded}",
                f"    live:     {difference.live}",
            ]
        if self.nearest:
            lines += ["  most like it on record:", f"    {self.nearest}"]
        if self.hint:
            lines.append(f"  {self.hint}")
        return "\n".join(lines)

    def encode(self) -> bytes:
        """Return it as one JSON object."""
        return msgspec.json.encode(asdict(self))


def describe(step: Step, query: Query) -> str:
    """Return *step* as a line: audio as its length and digest, never as base64."""
    if isinstance(step, Ended):
        is_of_client = step.by == "client"
        how = "lost" if step.code == LOST_LINE else f"close {step.code}"
        content = _fit(f"{how} by the {step.by} {step.reason}")
    else:
        is_of_client = isinstance(step, Sent)
        content = describe_message(step.message, query)
    return f"{step.number:>6} {'→' if is_of_client else '←'} {content}"


def describe_message(message: str | bytes, query: Query) -> str:
    """Return *message*, of either side, in a few words."""
    if isinstance(message, bytes):
        return f"binary message, {_describe_bytes(message)}"
    try:
        event = decode_event(message)
    except RemoteProtocolError:
        return _fit(message)  # a command, or something broken
    return _describe_chunk(event, query) if isinstance(event, Chunk) else _fit(message)


def _fit(text: str) -> str:
    """Return *text* on one line of a terminal, whatever stands in it."""
    printable = "".join(char if char.isprintable() else " " for char in text)
    line = " ".join(printable.split())
    return line if len(line) <= _SHOWN_CHARS else f"{line[:_SHOWN_CHARS]}…"


def _describe_chunk(chunk: Chunk, query: Query) -> str:
    label = "" if chunk.context_id is None else f" of {json.dumps(chunk.context_id)}"
    length_s = find_length_s(query, len(chunk.audio))
    label += "" if length_s is None else f", {length_s:.3f} s"
    return f"chunk{label}, {_describe_bytes(chunk.audio)}"


def _describe_bytes(content: bytes) -> str:
    return f"{len(content):,} bytes, sha256 {hashlib.sha256(content).hexdigest()[:12]}"
