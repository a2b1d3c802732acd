"""A ws3 service in memory: what a live one does, without sockets, clocks and chance.

What is spoken when, and under which context id, is decided by the package's own
`TextBuffer`, as in the local service. One synthesis is on its way at a time; the next
begins when the last message of the one before has left.
"""

import hashlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import accumulate, cycle, pairwise
from typing import TypeAlias

import trio
from trio.testing import MockClock

from rimebatch.errors import ConnectError, ConnectionClosedError
from rimebatch.recorder.transports import Received
from rimebatch.transcript import TranscriptWriter
from rimebatch.ws3 import (
    Chunk,
    Done,
    Eos,
    Event,
    Query,
    TextBuffer,
    Timestamps,
    Utterance,
    decode_command,
    decode_event,
    encode_event,
)
from rimebatch.ws3.likeness import ChunkListener

LOST_LINE = 1006
STEP_S = 0.5


@dataclass(frozen=True)
class Close:
    """The peer hangs up; 1006 stands for a line that is lost."""

    code: int = 1000
    reason: str = ""


@dataclass(frozen=True)
class Hold:
    """Nothing more comes before the client has sent something, or ever."""

    for_good: bool = False


Item: TypeAlias = str | Close | Hold
"""What comes down the line: a message, its end, or nothing for a while."""

Change: TypeAlias = Callable[[list[Item]], list[Item]]
"""From what is to be sent for a text to what is sent instead."""

Twist: TypeAlias = Callable[[str, list[Item]], list[Item]]
"""The same, for any text."""


def sound_of(text: str) -> bytes:
    """Return the audio of *text*: one 16-bit sample a character, unlike any other."""
    return hashlib.shake_256(text.encode()).digest(2 * len(text))


def only(text: str, change: Change) -> Twist:
    """Return the twist that changes what is sent for *text*, and nothing else."""
    return lambda spoken, items: change(items) if spoken == text else items


def at_first(times: int, change: Change) -> Change:
    """Return the change that is *change* so many times, and then none."""
    left = iter(range(times))
    return lambda items: items if next(left, None) is None else change(items)


def hush(items: list[Item]) -> list[Item]:
    """Return *items* with as much audio, but nothing to be heard in it."""
    return [_hush(item) if isinstance(item, str) else item for item in items]


def _hush(message: str) -> str:
    event = decode_event(message)
    if isinstance(event, Chunk):
        event = Chunk(bytes(len(event.audio)), event.context_id)
    return encode_event(event)


@dataclass
class FakeService:
    """A service, and what it has heard.

    Attributes:
        done: Whether each synthesis ends with a ``done``.
        tags_times: Whether timestamps carry the context id.
        chunk_bytes: How large the chunks are, in turn.
        times_after_chunks: How many chunks come before the timestamps.
        ahead: How many messages may have arrived, and be on record, unread.
        at_once: Whether these may be had without waiting, as on a live line.
        twist: Changes what is sent for a text.
        farewell: What comes after ``eos``, once all is spoken.
        refusal: Refuses every connection with it, if given.
        status: Of the refusal; ``None`` for no answer at all.
        clock: Is moved on by `STEP_S` again and again while a client waits in vain;
            without it such a client waits for ever.
        spoken: Every text that was synthesized.
        lines: All connections, oldest first.
        open_now: How many of them are open.
        most_open: How many ever were at a time.
    """

    done: bool = True
    tags_times: bool = True
    chunk_bytes: tuple[int, ...] = (5, 1, 12)
    times_after_chunks: int = 1
    ahead: int = 0
    at_once: bool = True
    twist: Twist = lambda _, items: items
    farewell: tuple[Item, ...] = (Close(),)
    refusal: str = ""
    status: int | None = 400
    clock: MockClock | None = None
    spoken: list[str] = field(default_factory=list)
    lines: list["FakeLine"] = field(default_factory=list)
    open_now: int = 0
    most_open: int = 0

    @property
    def heard(self) -> list[str]:
        """Every message that was sent to the service, over all lines."""
        return [
            message
            for line in self.lines
            for direction, message in line.wire
            if direction == "sent"
        ]

    @asynccontextmanager
    async def connect(
        self, query: Query, transcript: TranscriptWriter
    ) -> AsyncIterator["FakeLine"]:
        """Open a connection; see `rimebatch.recorder.transports.Connect`."""
        await trio.lowlevel.checkpoint()
        if self.refusal:
            raise ConnectError(self.refusal, status=self.status)
        transcript.opened(101, {})
        line = FakeLine(self, query, transcript)
        self.lines.append(line)
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        try:
            yield line
        finally:
            self.open_now -= 1

    def speak(self, utterance: Utterance) -> list[Item]:
        """Return what is sent for *utterance*."""
        text, context_id = utterance.text, utterance.context_id
        self.spoken.append(text)
        events: list[Event] = [
            Chunk(piece, context_id) for piece in self._split(sound_of(text))
        ]
        words = tuple(text.split())
        starts = tuple(0.001 * index for index in range(len(words)))
        times_id = context_id if self.tags_times else None
        times = Timestamps(words, starts, starts, times_id)
        events.insert(self.times_after_chunks, times)
        if self.done:
            events.append(Done(context_id))
        return self.twist(text, list(map(encode_event, events)))

    def _split(self, audio: bytes) -> Iterator[bytes]:
        for start, end in pairwise(accumulate(cycle(self.chunk_bytes), initial=0)):
            if start >= len(audio):
                return
            yield audio[start:end]


class FakeLine:
    """One connection to a `FakeService`: a `Transport`.

    Attributes:
        query: The synthesis arguments.
        wire: Every message that has been sent or has arrived, in that order.
    """

    def __init__(
        self, service: FakeService, query: Query, transcript: TranscriptWriter
    ) -> None:
        self.query = query
        self.wire: list[tuple[str, str]] = []
        self._service = service
        self._transcript = transcript
        self._buffer = TextBuffer(dict(query)["segment"])
        self._farewell: tuple[Item, ...] = ()
        self._to_come: deque[Item] = deque()
        self._unread: deque[Received] = deque()
        self._chunks = ChunkListener()
        self._closed: Close | None = None

    async def send(self, message: str) -> None:
        """Send *message*; see `Transport`."""
        await trio.lowlevel.checkpoint()
        if self._closed:
            raise ConnectionClosedError(self._closed.code, self._closed.reason)
        if self._to_come and self._to_come[0] == Hold():
            self._to_come.popleft()
        self._transcript.sent(message)
        self.wire.append(("sent", message))
        command = decode_command(message)
        self._buffer.receive(command)
        if isinstance(command, Eos):
            self._farewell = self._service.farewell
        self._arrive(self._service.ahead)

    async def receive(self) -> Received:
        """Return the next message; see `Transport`."""
        await trio.lowlevel.checkpoint()
        self._arrive(1 + self._service.ahead)
        while not self._unread:
            if self._closed:
                raise ConnectionClosedError(self._closed.code, self._closed.reason)
            await self._wait()
        return self._unread.popleft()

    def receive_waiting(self) -> list[Received]:
        """Return messages that have arrived before; see `Transport`."""
        waiting = [*self._unread] if self._service.at_once else []
        if waiting:
            self._unread.clear()
        return waiting

    async def _wait(self) -> None:
        if self._service.clock is None:
            await trio.sleep_forever()
        else:
            self._service.clock.jump(STEP_S)
            await trio.lowlevel.checkpoint()

    def _arrive(self, count: int) -> None:
        """Let messages arrive until *count* are unread, or no more are to come."""
        while len(self._unread) < count and not self._closed and self._has_more():
            item = self._to_come.popleft()
            if isinstance(item, str):
                self.wire.append(("received", item))
                recorded = self._transcript.redactor.redact(item)
                span = self._transcript.received(item)
                more_audio = self._chunks.hear(item)
                self._unread.append(Received(recorded, span, more_audio))
            elif isinstance(item, Close):
                self._closed = item
                self._record_close(item)

    def _has_more(self) -> bool:
        while not self._to_come:
            if utterance := self._buffer.next_utterance():
                self._to_come += self._service.speak(utterance)
            elif self._farewell:
                self._to_come += self._farewell
                self._farewell = ()
            else:
                return False
        return not self._is_held()

    def _is_held(self) -> bool:
        return bool(self._to_come) and isinstance(self._to_come[0], Hold)

    def _record_close(self, close: Close) -> None:
        if close.code == LOST_LINE:
            self._transcript.lost("server", close.reason)
        else:
            self._transcript.closed("server", close.code, close.reason)
