"""Which take an event belongs to, and when a take has ended.

Theory of operation. The client flushes one segment at a time, each under a context id
of its own, and reads until the take has ended. Two kinds of server exist:

- A server **with** ``done`` (documented since April 2026) ends each take with it. One
  segment is in flight, so ``done`` is exact even where its context id is missing.
- A server **without** ``done`` (the page that binds) gives no end. The border between
  two takes is then the first event that carries the *next* context id, and the border
  of the last take is the close that follows ``eos``. The client therefore keeps one
  segment of look-ahead in flight, never more: flushes that arrive while another one
  waits are merged into one synthesis.

Context ids are labels that persist and may be stale, so they decide only where the
order of events alone cannot. Silence decides nothing, and the place of a timestamps
event only where it carries no id and a take has had its own (`_belongs_to_next`).

This module knows no clock, no socket and no file.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import xxhash

from rimebatch.errors import (
    AudioError,
    LateAudioError,
    RemoteProtocolError,
    SynthesisError,
)
from rimebatch.ws3.events import Chunk, Done, ErrorEvent, Event, Timestamps, Unknown

BYTES_PER_SAMPLE = {"pcm": 2, "mulaw": 1}
"""How many bytes make one sample, for the formats without compression."""


class TakeEnd(StrEnum):
    """How the end of a take was known."""

    DONE = "done"
    DONE_UNTAGGED = "done-untagged"  # a done that carried no id, or a foreign one
    NEXT_CONTEXT = "next-context"
    CLOSE = "close"


@dataclass(slots=True)
class OpenTake:
    """A take that has been asked for and has not ended.

    Attributes:
        context_id: The label its text was sent under.
        audio_bytes: How many bytes of audio have come.
        timestamps: How many timestamps events have come.
    """

    context_id: str
    audio_bytes: int = 0
    timestamps: int = 0
    _digest: xxhash.xxh3_128 = field(default_factory=xxhash.xxh3_128)

    def add(self, event: Chunk | Timestamps | Done, message: str) -> None:
        """Count *event*, which came as *message*."""
        self._digest.update(f"{message}\n".encode("utf-8", "surrogatepass"))
        if isinstance(event, Chunk):
            self.audio_bytes += len(event.audio)
        elif isinstance(event, Timestamps):
            self.timestamps += 1

    def add_more(self, messages: Sequence[str], audio_bytes: int) -> None:
        """Count so much audio, which came as *messages*."""
        self._digest.update("\n".join([*messages, ""]).encode())
        self.audio_bytes += audio_bytes

    @property
    def content_id(self) -> str:
        """The digest of the take's messages: equal messages, equal id."""
        return self._digest.hexdigest()


@dataclass(frozen=True, slots=True)
class EndedTake:
    """A take that is complete.

    Attributes:
        context_id: The label its text was sent under.
        end: How its end was known.
        audio_bytes: Bytes of audio, at least one, whole samples.
        content_id: XXH3 (128 bits) over its messages, each followed by a line feed.
        before_this_event: Whether the event just received is the first one *after* it.
    """

    context_id: str
    end: TakeEnd
    audio_bytes: int
    content_id: str
    before_this_event: bool

    @property
    def inferred(self) -> bool:
        """Whether the server gave no end of its own: the border was worked out."""
        return self.end in {TakeEnd.NEXT_CONTEXT, TakeEnd.CLOSE}


class OpenTakes:
    """The takes in flight on one connection, oldest first; two at the most.

    Args:
        bytes_per_sample: To recognise leftover half samples; 1 where that says
            nothing, as for a compressed format.
        done_ends: Whether ``done`` ends a take. A script of messages is one take
            whatever the service makes of it, and ends with the close alone.
    """

    def __init__(self, bytes_per_sample: int = 1, *, done_ends: bool = True) -> None:
        self._bytes_per_sample = bytes_per_sample
        self._done_ends = done_ends
        self._open: deque[OpenTake] = deque()
        self._ended_ids: set[str] = set()

    def __len__(self) -> int:
        return len(self._open)

    @property
    def audio_bytes(self) -> int:
        """How much audio the oldest take in flight has so far."""
        return self._open[0].audio_bytes if self._open else 0

    def ask(self, context_id: str) -> None:
        """Note that a segment has been flushed under *context_id*."""
        self._open.append(OpenTake(context_id))

    def receive(self, event: Event, message: str) -> EndedTake | None:
        """Give *event* to its take, and return the take that it ends, if any.

        Args:
            event: What was received.
            message: Its exact wire text.

        Raises:
            SynthesisError: The server answered with an error.
            LateAudioError: Audio arrived for a take that had ended.
            AudioError: A take ended without audio, or inside a sample.
        """
        if isinstance(event, ErrorEvent):
            raise SynthesisError(f"the service answered: {event.message}")
        if isinstance(event, Unknown):
            return None
        return self._receive(event, message)

    def receive_more(self, messages: Sequence[str], audio_bytes: int) -> None:
        """Give more audio to the take that the last chunk was given to.

        Args:
            messages: Chunks of the same context id as that one, received since without
                anything between, so that all that was true of it is true of them.
            audio_bytes: How much audio there is in them.
        """
        self._open[0].add_more(messages, audio_bytes)

    def close(self) -> EndedTake:
        """Return the open take, which a clean close after ``eos`` ends.

        Raises:
            RemoteProtocolError: More than one is open: the border between them never
                came, so neither can be told from the other.
            AudioError: The take is without audio, or ends inside a sample.
        """
        if len(self._open) > 1:
            raise RemoteProtocolError(
                "the service closed without a border between the last two segments"
            )
        return self._end(TakeEnd.CLOSE)

    def _receive(
        self, event: Chunk | Timestamps | Done, message: str
    ) -> EndedTake | None:
        if self._is_stale(event):
            return None
        if not self._open:
            raise LateAudioError(event.context_id)
        ended = None
        if self._belongs_to_next(event):
            ended = self._end(TakeEnd.NEXT_CONTEXT, before_this_event=True)
        take = self._open[0]
        take.add(event, message)
        if isinstance(event, Done) and self._done_ends:
            tagged = event.context_id == take.context_id
            ended = self._end(TakeEnd.DONE if tagged else TakeEnd.DONE_UNTAGGED)
        return ended

    def _is_stale(self, event: Chunk | Timestamps | Done) -> bool:
        """Whether *event* is a leftover of an ended take that can do no harm.

        A second ``done`` is one, and so are late times; audio is not, because it was
        cut from its take.
        """
        ended = event.context_id in self._ended_ids
        if isinstance(event, Chunk):
            if ended:
                raise LateAudioError(event.context_id)
            return False
        if ended or not self._open:
            return True
        untagged = event.context_id != self._open[0].context_id
        stray = isinstance(event, Done) and untagged and not self.audio_bytes
        return stray and bool(self._ended_ids)

    def _belongs_to_next(self, event: Chunk | Timestamps | Done) -> bool:
        # No take begins with its done: one with a newer id is a stray label.
        if len(self._open) < 2 or isinstance(event, Done):  # noqa: PLR2004  # two open
            return False
        if event.context_id == self._open[1].context_id:
            return True
        # The page's timestamps carry no id, and there is one for each synthesis: a
        # second one is the next take's, come before its first audio.
        untagged = isinstance(event, Timestamps) and event.context_id is None
        return untagged and self.audio_bytes > 0 and self._open[0].timestamps > 0

    def _end(self, end: TakeEnd, *, before_this_event: bool = False) -> EndedTake:
        take = self._open[0]
        if not take.audio_bytes:
            raise AudioError("the take ended without any audio")
        if left_over := take.audio_bytes % self._bytes_per_sample:
            raise AudioError(
                f"the take ended inside a sample: {left_over} byte left over "
                f"after {take.audio_bytes - left_over} bytes"
            )
        self._open.popleft()
        self._ended_ids.add(take.context_id)
        return EndedTake(
            take.context_id, end, take.audio_bytes, take.content_id, before_this_event
        )
