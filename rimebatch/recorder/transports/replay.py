"""The replay transport: transcripts play the service, in the process and in its time.

Theory of operation. There is no socket. While connections are open, one task, the pump,
is the only source of anything from outside: it waits until every other task is blocked
and no thread is at work, delivers one message, and waits again. Under a
`trio.testing.MockClock` it also moves the time, to the next delivery or to anybody's
next deadline, whichever is first. So a session sees the same messages at the same
instants however the scheduler shuffles its tasks, and a night's recording plays in
seconds. (Without this, 300 replays had 300 orders of events, measured; and a clock that
jumps by itself jumps while a thread still syncs a file.)

Because nothing else can happen, a stall is exact: if all are blocked, no delivery is
possible and no deadline is set, then the client waits for what the record holds back
until the client has spoken. That needs everything that the client waits for to be in
this process: no socket, no pipe, no signal.

What the client says waits, too, for what was heard before it on record, if that is on
its way: in virtual time a file is synced in no time, and a session that is faster than
it was would run into other races than it did.

On any other clock the pump waits for the time to pass.
"""

from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Final

import trio

from rimebatch.errors import (
    ConnectError,
    ConnectionClosedError,
    DivergenceError,
    RemoteProtocolError,
)
from rimebatch.recorder.transports import Received, Transport
from rimebatch.recorder.transports.pump import get_pump, now_ns
from rimebatch.replay import (
    Divergence,
    Ended,
    Heard,
    Playback,
    Recording,
    ReplayOptions,
    Shelf,
)
from rimebatch.replay.recording import LOST_LINE
from rimebatch.transcript.writer import TranscriptWriter
from rimebatch.ws3.query import Query

_NORMAL: Final = 1000
_CLOSE_S: Final = 2.0  # as long as the live transport waits for the other side's close

_AS_RECORDED: Final = ReplayOptions()


class Replay:
    """Recorded connections, each to be played once.

    Args:
        recordings: In the order in which connections with equal queries get them.
        options: How they are played.

    Attributes:
        divergences: Every one so far, raised or not.
        dropped: What was left of the record where the client dropped a line. That is
            none of them: what made it drop the line may be what is tested.
    """

    def __init__(
        self, recordings: Iterable[Recording], options: ReplayOptions = _AS_RECORDED
    ) -> None:
        self.divergences: list[Divergence] = []
        self.dropped: list[Divergence] = []
        self._shelf = Shelf(recordings)
        self._options = options

    @property
    def waiting(self) -> tuple[Recording, ...]:
        """The recordings that no connection has asked for."""
        return self._shelf.waiting

    @asynccontextmanager
    async def connect(
        self, query: Query, transcript: TranscriptWriter
    ) -> AsyncIterator[Transport]:
        """Open a recorded connection; see `rimebatch.recorder.transports.Connect`.

        Raises:
            DivergenceError: No recording that waits answers *query*; or, when the
                connection is left without another error, the client did not keep to
                the record.
            ConnectError: As recorded.

        Cancellation:
            Drops the connection at once; the pump ends with the last one.
        """
        recording = self._shelf.take(query, self._options.match, transcript.header.job)
        if isinstance(recording, Divergence):
            self.divergences.append(recording)
            raise recording.error
        line = _Line(Playback(recording, self._options), transcript, self.divergences)
        with get_pump().carrying(line):
            try:
                await line.wait_open()
                yield line
                await line.close_politely()
            except Exception as failure:
                if explained := line.explain():
                    raise explained from failure
                raise
            finally:
                if left := line.drop():
                    self.dropped.append(left)


class _Line:
    """One connection: a `Transport` for the client, and what the pump delivers to."""

    def __init__(
        self,
        playback: Playback,
        transcript: TranscriptWriter,
        divergences: list[Divergence],
    ) -> None:
        self._playback = playback
        self._transcript = transcript
        self._divergences = divergences
        self._pump = get_pump()
        self._begun_ns = now_ns()
        self._opened = trio.Event()
        self._ended = trio.Event()
        self._end: Ended | None = None
        self._is_left = False
        self._gave_up_waiting = False
        self._told: set[trio.lowlevel.Task] = set()  # that the connection is closed
        self._failure: DivergenceError | None = None
        self._senders = trio.lowlevel.ParkingLot()  # who may not speak yet
        # A memory channel would do as well; a replay then takes a tenth longer.
        self._arrived: deque[Received | RemoteProtocolError] = deque()
        self._receivers = trio.lowlevel.ParkingLot()

    @property
    def due_ns(self) -> int | None:
        """When the next delivery is due, on the clock of the run; ``None`` if none."""
        if not self._opened.is_set():
            return self._begun_ns + self._playback.opening_due_ns
        due_ns = self._playback.due_ns
        return None if due_ns is None else self._begun_ns + due_ns

    def deliver(self) -> None:
        """Have happen what is due: the answer to the handshake, or the next step."""
        if not self._opened.is_set():
            self._open()
            return
        step = self._playback.play(self._now_ns())
        self._senders.unpark_all()
        if isinstance(step, Ended):
            self._end_with(step)
        else:
            self._arrived.append(self._record(step))
        self._receivers.unpark_all()

    def stall(self) -> bool:
        """Fail the client if it waits for what cannot come; return whether it does."""
        if not self._receivers:
            return False
        divergence = self._playback.find_stall(self._now_ns(), forever=True)
        assert divergence is not None  # the line is open, and nothing is due on it
        self._fail(divergence)
        self._receivers.unpark_all()
        return True

    async def wait_open(self) -> None:
        """Wait for the answer to the handshake.

        Raises:
            ConnectError: It was refused, or none came.
        """
        await self._opened.wait()
        opening = self._playback.recording.opening
        if opening.is_accepted:
            return
        where = self._playback.recording.header.endpoint
        if opening.status is None:
            raise ConnectError(f"{where}: {opening.text.removeprefix(f'{where}: ')}")
        said = f": {opening.text}" if opening.text else ""
        raise ConnectError(
            f"{where}: the handshake was refused with HTTP {opening.status}{said}",
            status=opening.status,
            body=opening.text,
            retry_after=opening.headers.get("retry-after"),
        )

    async def send(self, message: str) -> None:
        """Say *message*; see `Transport`.

        Raises:
            DivergenceError: It is not what the record has.
        """
        await trio.lowlevel.checkpoint()
        while self._playback.is_behind:
            await self._senders.park()
        self._check()
        self._gave_up_waiting = False
        if self._end is None:
            self._transcript.sent(message)
            self._say(message)
            self._pump.wake()
            return
        if trio.lowlevel.current_task() in self._told:
            self._say(message)
        raise self._make_closed()

    async def receive(self) -> Received:
        """Return the next message; see `Transport`.

        Raises:
            DivergenceError: The client waits for what cannot come.
        """
        if self._has_news:
            await trio.lowlevel.checkpoint()
        while not self._has_news:
            self._gave_up_waiting = True
            if self._playback.due_ns is None:
                self._pump.wake()  # to find that nothing can come, if so it is
            await self._receivers.park()
        self._gave_up_waiting = False
        self._check()
        if not self._arrived:
            raise self._make_closed()
        received = self._arrived.popleft()
        if isinstance(received, Received):
            return received
        raise received

    def receive_waiting(self) -> list[Received]:
        """Return none: a message is delivered when all wait for it, not before."""
        return []

    async def close_politely(self) -> None:
        """Leave: close, and wait for the other side's close as the live transport does.

        Raises:
            DivergenceError: The client left too early.
        """
        self._check()
        if left := self._playback.finish(self._now_ns(), len(self._arrived)):
            self._fail(left)
        if self._end is None:
            self._is_left = True
            self._transcript.closed("client", _NORMAL, "")
            self._playback.leave(self._now_ns())
            self._pump.wake()
            with trio.move_on_after(_CLOSE_S):
                await self._ended.wait()
        self._check()

    def drop(self) -> Divergence | None:
        """Leave at once, unless the connection has ended or been left already.

        Returns:
            What is left of the record; nothing where a divergence has told why.
        """
        if not self._opened.is_set() or self._end is not None or self._is_left:
            return None
        self._is_left = True
        self._transcript.lost("client", "dropped by the client")
        left = self._playback.finish(self._now_ns(), len(self._arrived))
        self._playback.leave(self._now_ns())
        return left if self._failure is None else None

    def explain(self) -> DivergenceError | None:
        """Return why the client fails, if it waited for what could not come.

        Who gives up by a time limit of its own does so because it has not said what
        the record waits for.
        """
        if self._failure is not None or not self._gave_up_waiting:
            return None
        self._playback.leave(self._now_ns())  # which it may have done then, too
        divergence = self._playback.find_stall(self._now_ns())
        return self._fail(divergence) if divergence else None

    def _now_ns(self) -> int:
        return now_ns() - self._begun_ns

    def _open(self) -> None:
        opening = self._playback.recording.opening
        if opening.status is None:
            self._transcript.lost(opening.by, opening.text)
        elif opening.is_accepted:
            self._transcript.opened(opening.status, opening.headers)
        else:
            self._transcript.refused(opening.status, opening.headers, opening.text)
        self._is_left = not opening.is_accepted
        self._playback.open(self._now_ns())
        self._opened.set()

    def _say(self, message: str) -> None:
        if divergence := self._playback.say(message, self._now_ns()):
            raise self._fail(divergence)

    def _record(self, step: Heard) -> Received | RemoteProtocolError:
        if isinstance(step.message, bytes):
            span = self._transcript.received_binary(step.message)
            return RemoteProtocolError(f"entry {span.number}: a binary message")
        recorded = self._transcript.redactor.redact(step.message)
        return Received(recorded, self._transcript.received(step.message))

    def _end_with(self, end: Ended) -> None:
        self._end = end
        if end.code == LOST_LINE:
            self._transcript.lost(end.by, end.reason)
        else:
            self._transcript.closed(end.by, end.code, end.reason)
            if not self._is_left:  # the protocol engine answers by itself
                self._transcript.closed("client", end.code, end.reason)
        self._ended.set()

    @property
    def _has_news(self) -> bool:
        """Whether there is something to tell who wants to hear."""
        return bool(self._arrived or self._end or self._failure)

    def _make_closed(self) -> ConnectionClosedError:
        assert self._end is not None  # there is nothing else to tell
        self._told.add(trio.lowlevel.current_task())
        return ConnectionClosedError(self._end.code, self._end.reason)

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _fail(self, divergence: Divergence) -> DivergenceError:
        self._divergences.append(divergence)
        self._failure = divergence.error
        return self._failure
