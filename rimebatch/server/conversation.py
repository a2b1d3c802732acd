"""What goes on over one open connection: commands in, events out.

Two tasks: one receives commands into the buffer and answers what is malformed, at
once; the other speaks what the buffer gives out, one synthesis at a time. Neither
knows how the connection was opened.

The same messages get the same answers, byte for byte, as far as the protocol lets
them: what is flushed, or what sentence ends, while a synthesis runs is merged into the
next one, and what has arrived by then is a matter of timing. A client that awaits the
end of each synthesis before it sends more text sees no such difference.
"""

import copy
from typing import Final, TypeAlias

import trio
from trio_websocket import ConnectionClosed, WebSocketConnection

from rimebatch.errors import RemoteProtocolError
from rimebatch.server.encoding import BYTES_PER_SAMPLE
from rimebatch.server.handshake import RefusedError, Voicing
from rimebatch.server.options import ServiceOptions
from rimebatch.server.synthesis import synthesize
from rimebatch.ws3.buffer import TextBuffer, Utterance
from rimebatch.ws3.commands import Command, Eos, Flush, decode_command
from rimebatch.ws3.events import (
    Chunk,
    Done,
    ErrorEvent,
    Event,
    Timestamps,
    encode_event,
)

_Ending: TypeAlias = tuple[int, str | None]  # the code and the reason to close with
_NORMAL: Final = 1000  # RFC 6455, 7.4.1
_INTERNAL_ERROR: Final = 1011  # what the service closes with, whoever is to blame

# A client sees the close behind the audio that it has not read yet, which may be
# megabytes; trio-websocket's own limit.
_CLOSE_LIMIT_S: Final = 60.0


class Conversation:
    """One client's connection, from its opening to its close.

    Args:
        connection: Open, and nobody else's.
        voicing: What its handshake asked for.
        options: How the service behaves.
        limiter: Shared by all connections: how many syntheses may run at a time.
    """

    def __init__(
        self,
        connection: WebSocketConnection,
        voicing: Voicing,
        options: ServiceOptions,
        limiter: trio.CapacityLimiter,
    ) -> None:
        self._connection = connection
        self._voicing = voicing
        self._options = options
        self._limiter = limiter
        self._buffer = TextBuffer(voicing.segment)
        self._buffer_changed = trio.Event()
        self._no_more_text = False

    async def run(self) -> None:
        """Serve the client until it says eos, is refused or leaves; then close."""
        ending: _Ending = (_NORMAL, None)
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._receive_commands)
                ending = await self._speak_until_eos()
                # Before the close, which makes any receiving fail.
                nursery.cancel_scope.cancel()
        except* ConnectionClosed:
            pass  # the client left; the library finishes its closing handshake
        with trio.move_on_after(_CLOSE_LIMIT_S):
            await self._connection.aclose(*ending)

    async def _receive_commands(self) -> None:
        while True:
            message = await self._connection.get_message()
            try:
                self._take(_decode(message))
            except RemoteProtocolError as error:
                await self._send(ErrorEvent(str(error)))

    def _take(self, command: Command) -> None:
        if self._no_more_text:
            raise RemoteProtocolError("a message after eos")
        self._no_more_text = isinstance(command, Eos)
        self._buffer.receive(command)
        self._buffer_changed.set()

    async def _speak_until_eos(self) -> _Ending:
        """Speak all that comes, and return what to close with."""
        try:
            while utterance := await self._next_utterance():
                await self._speak(utterance)
        except RefusedError as refusal:
            return _INTERNAL_ERROR, str(refusal)
        return _NORMAL, None

    async def _next_utterance(self) -> Utterance | None:
        """Wait for text that is to be spoken now; ``None`` when no more will come."""
        while True:
            self._buffer_changed = trio.Event()
            utterance = self._buffer.next_utterance()
            if utterance or self._no_more_text:
                return utterance
            await self._buffer_changed.wait()

    async def _speak(self, utterance: Utterance) -> None:
        events = await trio.to_thread.run_sync(
            synthesize, utterance, self._voicing, self._options, limiter=self._limiter
        )
        await self._send_paced(events)
        if self._options.done and self._run_has_ended():
            await self._send(Done(utterance.context_id))

    async def _send_paced(self, events: list[Chunk | Timestamps]) -> None:
        bytes_per_sample = BYTES_PER_SAMPLE[self._voicing.audio_format]
        bytes_per_s = self._voicing.rate_hz * bytes_per_sample * self._options.speed
        due = trio.current_time()
        for event in events:
            await self._send(event)
            if bytes_per_s and isinstance(event, Chunk):
                due += len(event.audio) / bytes_per_s
                await trio.sleep_until(due)

    async def _send(self, event: Event) -> None:
        await self._connection.send_message(encode_event(event))

    def _run_has_ended(self) -> bool:
        """Whether the synthesis just sent was the last of its run."""
        if self._voicing.segment == "never":
            return True
        rest = copy.deepcopy(self._buffer)
        rest.receive(Flush())
        return rest.next_utterance() is None


def _decode(message: str | bytes) -> Command:
    if isinstance(message, bytes):
        raise RemoteProtocolError("a binary message; ws3 has none")
    return decode_command(message)
