"""What goes on over one open connection: commands in, events out.

Two tasks: one receives commands into the buffer and answers what is malformed, at
once; the other speaks what the buffer gives out, one synthesis at a time. Two more
only watch the clock. None knows how the connection was opened.

The same messages get the same answers, byte for byte, as far as the protocol lets
them: what is flushed, or what sentence ends, while a synthesis runs is merged into the
next one, and what has arrived by then is a matter of timing. A client that awaits the
end of each synthesis before it sends more text sees no such difference.
"""

from dataclasses import replace
from functools import partial
from typing import Final, TypeAlias

import msgspec
import trio
from trio_websocket import ConnectionClosed

from rimebatch.errors import RemoteProtocolError
from rimebatch.server.connection import Connection
from rimebatch.server.encoding import make_encoder
from rimebatch.server.faults import SynthesisFault
from rimebatch.server.handshake import UNKNOWN_SPEAKER, Voicing
from rimebatch.server.logbook import Logbook, Message, Synthesis
from rimebatch.server.options import ServiceOptions
from rimebatch.server.pacing import pace
from rimebatch.server.refusal import RefusedError
from rimebatch.server.script import EndRun, HangUp, Rest, Say, Script, Step
from rimebatch.server.synthesis import check_length, count_chars, synthesize
from rimebatch.ws3.buffer import TextBuffer, Utterance
from rimebatch.ws3.commands import Clear, Command, Eos, Text, decode_command
from rimebatch.ws3.events import Done, ErrorEvent, Event, Timestamps, encode_event

_Ending: TypeAlias = tuple[int, str | None]  # the code and the reason to close with
_NORMAL: Final = 1000  # RFC 6455, 7.4.1, as the two below
_GOING_AWAY: Final = 1001
_INTERNAL_ERROR: Final = 1011  # what the service closes with, whoever is to blame


class Conversation:
    """One client's connection, from its opening to its close.

    Args:
        connection: Open, and nobody else's.
        number: Which it is, for the log.
        voicing: What its handshake asked for.
        options: How the service behaves.
        limiter: Shared by all connections: how many syntheses may run at a time.
        logbook: Shared as well.
    """

    def __init__(
        self,
        connection: Connection,
        number: int,
        voicing: Voicing,
        options: ServiceOptions,
        limiter: trio.CapacityLimiter,
        logbook: Logbook,
    ) -> None:
        self._connection = connection
        self._number = number
        self._voicing = voicing
        self._options = options
        self._limiter = limiter
        self._logbook = logbook
        self._encode = make_encoder(
            voicing.audio_format,
            voicing.rate_hz,
            continuous=options.audio_stream == "connection",
        )
        self._buffer = TextBuffer(voicing.segment)
        self._buffer_changed = trio.Event()
        self._no_more_text = False
        self._count_syntheses = 0
        self._before: Script | None = None
        self._sending = trio.Lock()
        self._scope = trio.CancelScope()
        self._ending: _Ending = (_NORMAL, None)

    async def run(self) -> None:
        """Serve the client until it says eos, is refused or leaves; then close."""
        try:
            with self._scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._receive_commands)
                    nursery.start_soon(self._watch_idleness)
                    nursery.start_soon(self._watch_age)
                    await self._speak_until_eos()
        except* ConnectionClosed:
            pass  # the client left; the library finishes its closing handshake
        await self._connection.close(*self._ending)

    async def _receive_commands(self) -> None:
        while True:
            message = await self._connection.receive()
            self._logbook.add(_entry(self._number, message))
            try:
                self._take(_decode(message))
            except RemoteProtocolError as error:
                await self._complain(str(error))
            except RefusedError as refusal:
                await self._hang_up(_INTERNAL_ERROR, str(refusal))

    def _take(self, command: Command) -> None:
        if self._no_more_text:
            raise RemoteProtocolError("a message after eos")
        if isinstance(command, Text):
            command = self._admit(command)
        self._no_more_text = isinstance(command, Eos)
        self._buffer.receive(command)
        self._buffer_changed.set()

    def _admit(self, text: Text) -> Text:
        if self._options.limit_per == "message":
            check_length(text.text, self._options.profile.max_chars)
        if self._options.empty_context_id == "absent":
            return Text(text.text, text.context_id or None)
        return text

    async def _watch_idleness(self) -> None:
        limit_s = self._options.idle_limit_s
        # Not an event: every byte, either way, would have to set it.
        while (end := self._connection.active_at + limit_s) > trio.current_time():  # noqa: ASYNC110
            await trio.sleep_until(end)
        await self._hang_up(_GOING_AWAY, "idle")

    async def _watch_age(self) -> None:
        await trio.sleep(self._options.connection_limit_s)
        await self._hang_up(_GOING_AWAY, "connection limit reached")

    async def _speak_until_eos(self) -> None:
        try:
            while utterance := await self._next_utterance():
                await self._speak(self._tag(utterance))
        except RefusedError as refusal:
            await self._hang_up(_INTERNAL_ERROR, str(refusal))
        else:
            await self._hang_up(self._options.eos_close_code)

    async def _next_utterance(self) -> Utterance | None:
        """Wait for text that is to be spoken now; ``None`` when no more will come."""
        while True:
            self._buffer_changed = trio.Event()
            utterance = self._buffer.next_utterance()
            if utterance or self._no_more_text:
                return utterance
            await self._buffer_changed.wait()

    def _tag(self, utterance: Utterance) -> Utterance:
        if self._options.empty_context_id == "null":
            return replace(utterance, context_id=utterance.context_id or None)
        return utterance

    async def _speak(self, utterance: Utterance) -> None:
        if await self._speaker_is_refused():
            return
        make_steps = partial(
            synthesize, utterance, self._voicing, self._options, self._encode
        )
        steps = await trio.to_thread.run_sync(make_steps, limiter=self._limiter)
        self._count_syntheses += 1
        chars, context_id = count_chars(utterance.text), utterance.context_id
        self._logbook.add(
            Synthesis(self._number, self._count_syntheses, chars, context_id)
        )
        script = Script(steps, context_id, self._before)
        self._before = replace(script, before=None)
        await self._play(script)

    async def _speaker_is_refused(self) -> bool:
        match self._options.refusal_of(self._voicing.speaker):
            case "close":
                raise UNKNOWN_SPEAKER
            case "event":
                await self._complain(UNKNOWN_SPEAKER.reason)
                return True
            case _:
                return False

    async def _play(self, script: Script) -> None:
        for fault in self._voicing.faults:
            if isinstance(fault, SynthesisFault) and fault.is_at(self._count_syntheses):
                script = replace(script, steps=fault.change(script))
        for step in pace(script.steps, self._options.speed):
            await self._take_step(step)

    async def _take_step(self, step: Step) -> None:
        match step:
            case Say(what):
                await self._send(what)
            case Rest(seconds):
                await trio.sleep(seconds)
            case EndRun(context_id):
                await self._end_run(context_id)
            case HangUp(code, reason):
                await self._hang_up(code, reason)
            case _:
                await step.do(self._connection)

    async def _end_run(self, context_id: str | None) -> None:
        if self._options.profile.done and await self._run_has_ended():
            await self._send(Done(context_id))

    async def _run_has_ended(self) -> bool:
        """Whether the synthesis just sent is the last of its run, for all one knows."""
        if self._voicing.segment == "never":
            return True
        with trio.move_on_after(self._options.done_hold_s):
            while self._buffer.is_empty and not self._no_more_text:
                self._buffer_changed = trio.Event()
                await self._buffer_changed.wait()
        return self._buffer.is_empty

    async def _complain(self, message: str) -> None:
        """Tell the client that something is wrong, and go on."""
        await self._send(ErrorEvent(message))
        if self._options.error_drops_text:
            self._buffer.receive(Clear())
        if self._options.done_after_error and self._options.profile.done:
            await self._send(Done(self._buffer.context_id))

    async def _send(self, what: Event | str | bytes) -> None:
        message = self._encode_event(what) if isinstance(what, Event) else what
        async with self._sending:
            await self._connection.send(message)

    def _encode_event(self, event: Event) -> str:
        message = encode_event(event)
        if isinstance(event, Timestamps) and not self._options.profile.tags_times:
            return _without_context_id(message)
        return message

    async def _hang_up(self, code: int, reason: str | None = None) -> None:
        """End the conversation, but never in the middle of a message."""
        async with self._sending:
            self._ending = (code, reason)
            self._scope.cancel()


def _decode(message: str | bytes) -> Command:
    if isinstance(message, bytes):
        raise RemoteProtocolError("a binary message; ws3 has none")
    return decode_command(message)


def _entry(number: int, message: str | bytes) -> Message:
    if isinstance(message, bytes):
        return Message(number, binary=message)
    return Message(number, text=message)


def _without_context_id(message: str) -> str:
    fields = msgspec.json.decode(message, type=dict[str, msgspec.Raw])
    del fields["contextId"]
    return msgspec.json.encode(fields).decode()
