"""One job's conversation: segment after segment, each asked for and read to its end.

Theory of operation. `Session.record` is a straight line: ask for a segment, read until
no more takes are open than may stay open, ask for the next. With a service that sends
``done`` none may stay open. Without one the end of a take shows only in the events of
the next, so one take stays open while the next segment is asked for (see
`rimebatch.ws3.takes`); but only once its audio has begun, since a service may speak
two flushes that wait as one.

Which kind of service it is, the manifest may say. Otherwise it shows: after the first
audio the session waits a moment for ``done``; if the line falls quiet it asks for the
next segment all the same, which both kinds allow, and believes what comes first, a
``done`` or an event of the next context. The wait is no evidence, only an occasion.

A session decodes what it needs to tell takes apart. What they sound like is the
renderer's business.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Literal, Protocol

import trio

from rimebatch.errors import (
    ConnectionClosedError,
    LateAudioError,
    RemoteProtocolError,
    ServerSilentError,
    SynthesisError,
)
from rimebatch.manifest.plan import Segment
from rimebatch.recorder.transports import Received, Transport
from rimebatch.transcript.entries import TakeRecord
from rimebatch.transcript.writer import Span, TranscriptWriter
from rimebatch.ws3.commands import Eos, decode_command, encode_command
from rimebatch.ws3.events import Chunk, Event, decode_event
from rimebatch.ws3.legality import Legality
from rimebatch.ws3.takes import EndedTake, OpenTakes

CLEAN_CLOSES: Final = frozenset({1000, 1001, 1005})  # docs/protocol.md, "Closing"

QUIET_S: Final = 2.0  # the longest hole seen inside live audio was 0.3 s


@dataclass(frozen=True, slots=True)
class Manners:
    """How to treat the service of one job.

    Attributes:
        done: Whether it sends ``done``; ``auto`` finds out.
        bytes_per_sample: To recognise leftover half samples.
        silence_limit_s: The longest wait for an event while a take is open.
        quiet_s: The wait after which ``auto`` asks on.
        close_s: The longest wait for the close once nothing is missing.
        is_script: Whether the job is a script of messages, sent as it stands and
            answered in one take.
    """

    done: Literal["auto", "always", "never"] = "auto"
    bytes_per_sample: int = 1
    silence_limit_s: float = 30.0
    quiet_s: float = QUIET_S
    close_s: float = 2.0
    is_script: bool = False


class Watch(Protocol):
    """Who follows a session, and may end it."""

    def may_ask(self, segment: Segment) -> bool:
        """Whether *segment* may be sent; if not, the session asks for nothing more."""

    def asked(self, segment: Segment) -> None:
        """*segment* is being sent: from here on it may be billed."""

    def took(self, segment: Segment, take: TakeRecord) -> None:
        """*take* of *segment* is on record."""

    def withdrew(self, take: TakeRecord) -> None:
        """*take* was on record, and turned out to be cut: it no longer counts."""


class Unwatched:
    """A `Watch` that lets a session go on, and does nothing about it."""

    def may_ask(self, segment: Segment) -> bool:
        """Return true."""
        return True

    def asked(self, segment: Segment) -> None:
        """Do nothing."""

    def took(self, segment: Segment, take: TakeRecord) -> None:
        """Do nothing."""

    def withdrew(self, take: TakeRecord) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A segment in flight, and where in the transcript its take may begin."""

    segment: Segment
    start: int


class Session:
    """The conversation of one job over one open transport.

    Args:
        transport: Open, nothing said yet.
        transcript: Where the transport records; takes are committed here.
        manners: How to treat the service.
        watch: Allows each segment, is told it as it is sent, and each take as it is
            committed.
    """

    def __init__(
        self,
        transport: Transport,
        transcript: TranscriptWriter,
        manners: Manners,
        watch: Watch,
    ) -> None:
        self._transport = transport
        self._transcript = transcript
        self._manners = manners
        self._watch = watch
        self._takes = OpenTakes(
            manners.bytes_per_sample, done_ends=not manners.is_script
        )
        self._legality = Legality("any" if manners.is_script else "never")
        self._asked: deque[Asked] = deque()
        self._unread: deque[Received] = deque()
        self._committed: dict[str | None, TakeRecord] = {}
        self._has_done = {"always": True, "never": False}.get(manners.done)

    @property
    def in_flight(self) -> Segment | None:
        """The oldest segment asked for whose take is not committed."""
        return self._asked[0].segment if self._asked else None

    @property
    def heard_bytes(self) -> int:
        """Audio received for the segment in flight."""
        return self._takes.audio_bytes

    async def record(self, segments: Iterable[Segment]) -> None:
        """Have the segments spoken and their takes committed, then end the connection.

        A segment that may not be sent ends it as the last one would: what was asked
        for is heard to its end, and the rest stays missing.

        Raises:
            SynthesisError: The service answered with an error.
            RemoteProtocolError: It broke a rule of ws3.
            AudioError: A take came back empty, or ended inside a sample.
            ServerSilentError: Nothing came within the silence limit.
            ConnectionClosedError: It hung up before the end.

        Cancellation:
            Leaves the connection inside a take: close it, do not reuse it. Takes
            committed before stay committed.
        """
        for segment in segments:
            if not self._watch.may_ask(segment):
                break
            await self._ask(segment)
            if not self._manners.is_script:
                await self._settle()
        if not (self._manners.is_script and self._asked):  # a script has its own
            await self._say_eos()
        await self._read_to_close()

    async def _ask(self, segment: Segment) -> None:
        self._takes.ask(segment.context_id)
        self._asked.append(Asked(segment, self._transcript.position))
        self._watch.asked(segment)  # before: the bill is never higher than the count
        first, *others = segment.messages
        await self._send(first)
        # Something may have come in meanwhile; what came before it is not of this take.
        assert self._transcript.last_sent is not None
        self._asked[-1] = Asked(segment, self._transcript.last_sent.start)
        for message in others:
            await self._send(message)

    async def _send(self, message: str) -> None:
        self._legality.say(decode_command(message), self._transcript.position)
        await self._transport.send(message)

    async def _say_eos(self) -> None:
        try:
            await self._send(encode_command(Eos()))
        except ConnectionClosedError:
            if self._takes:
                raise
            # Nothing is missing: the service was merely first to hang up.

    async def _settle(self) -> None:
        """Read until the next segment may be asked for."""
        while self._must_wait():
            if not await self._hear(self._receive_or_quiet):
                return

    def _must_wait(self) -> bool:
        """Whether more takes are open than may stay open."""
        may_stay_open = self._has_done is False and self._takes.audio_bytes > 0
        return len(self._takes) > may_stay_open

    async def _receive_or_quiet(self) -> Received | None:
        """Return the next message; ``None`` when it is time to ask on regardless."""
        may_ask_on = self._has_done is None and len(self._takes) == 1
        if not (may_ask_on and self._takes.audio_bytes):
            return await self._receive()
        with trio.move_on_after(self._manners.quiet_s):
            return await self._transport.receive()
        return None

    async def _receive(self) -> Received:
        limit_s = self._manners.silence_limit_s
        try:
            with trio.fail_after(limit_s):
                return await self._transport.receive()
        except trio.TooSlowError:
            raise ServerSilentError(
                f"nothing came from the service for {limit_s:g} s"
            ) from None

    async def _read_to_close(self) -> None:
        """Read what is left after ``eos``, up to the service's close.

        With nothing missing, neither a close that does not come, nor one that is not
        clean, nor an error event does any harm.
        """
        while self._takes:
            try:
                await self._hear(self._receive)
            except ConnectionClosedError as closed:
                if closed.code not in CLEAN_CLOSES:
                    raise
                await self._commit(self._takes.close(), self._transcript.position)
        with trio.move_on_after(self._manners.close_s):
            await self._read_leftovers()

    async def _read_leftovers(self) -> None:
        while True:
            while self._unread:
                with suppress(SynthesisError):  # on record, and no take left to suffer
                    self._take_in(self._unread.popleft())
            try:
                self._unread.append(await self._transport.receive())
            except ConnectionClosedError:
                return

    async def _hear(self, wait: Callable[[], Awaitable[Received | None]]) -> bool:
        """Take in what has come, up to the end of a take, which is committed.

        Args:
            wait: For the next message where none has come; it may give up.

        Returns:
            Whether there was any.
        """
        if not self._unread:
            received = await wait()
            if received is None:
                return False
            self._unread.extend([received, *self._transport.receive_waiting()])
        while self._unread:
            span = self._unread[0].span
            ended = self._take_in(self._unread.popleft())
            if ended is not None:
                self._has_done = not ended.inferred
                end = span.start if ended.before_this_event else span.end
                await self._commit(ended, end)
                return True
        self._transcript.flush_if_large()
        return True

    def _take_in(self, received: Received) -> EndedTake | None:
        """Give a message to its take, and return the take that it ends."""
        span = received.span
        try:
            event = decode_event(received.message)
            self._legality.hear(event, span.start)
            if self._is_leftover(event, span):
                return None
            ended = self._takes.receive(event, received.message)
        except RemoteProtocolError as error:
            if isinstance(error, LateAudioError):
                self._withdraw(error.context_id)
            raise RemoteProtocolError(f"entry {span.number}: {error}") from error
        if isinstance(event, Chunk) and ended is None:
            self._take_in_more()
        return ended

    def _take_in_more(self) -> None:
        """Give what is more audio to the take that the last chunk was given to."""
        messages, audio_bytes = [], 0
        while self._unread and (audio := self._unread[0].more_audio) is not None:
            messages.append(self._unread.popleft().message)
            audio_bytes += len(audio)
        self._takes.receive_more(messages, audio_bytes)

    def _is_leftover(self, event: Event, span: Span) -> bool:
        """Whether *event* came before the segment was asked for whose take is open.

        It is read only now, so its place in the record alone tells. It is of no take,
        and does no harm, unless it is audio: that was cut from the take before.
        """
        early = bool(self._asked) and span.start < self._asked[0].start
        if early and isinstance(event, Chunk):
            raise LateAudioError(event.context_id)
        return early

    def _withdraw(self, context_id: str | None) -> None:
        """Take back the take of *context_id*, or else the last one: it was cut."""
        cut = self._committed.get(context_id) or [*self._committed.values()][-1]
        self._transcript.withdraw(cut)
        self._watch.withdrew(cut)

    async def _commit(self, ended: EndedTake, end: int) -> None:
        asked = self._asked.popleft()
        record = self._transcript.commit(
            ended,
            segment=asked.segment.key,
            chars=asked.segment.chars,
            start=asked.start,
            end=end,
        )
        self._committed[ended.context_id] = record
        if self._asked:  # asked for ahead: its take begins where this one ends
            ahead = self._asked[0]
            self._asked[0] = Asked(ahead.segment, max(ahead.start, end))
        # The next segment is a purchase: it waits until this one survives a power cut.
        with trio.CancelScope(shield=True):  # and is told, now that it counts
            await trio.to_thread.run_sync(self._transcript.sync)
        self._watch.took(asked.segment, record)
