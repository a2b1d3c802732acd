"""What the fixture `ws3_transcript` is: the service of one test, and what was said.

It does not know whether it is played or recorded.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from trio.testing import MockClock

from rimebatch.errors import RemoteProtocolError
from rimebatch.recorder.transports import Received, Transport
from rimebatch.replay import Divergence
from rimebatch.transcript import TranscriptWriter
from rimebatch.ws3.events import Chunk, decode_event
from rimebatch.ws3.query import Query


class Source(Protocol):
    """Where connections come from: a record, or a service."""

    @property
    def clock(self) -> MockClock | None:
        """Of the conversations; ``None`` for the real one."""

    @property
    def divergences(self) -> tuple[Divergence, ...]:
        """How the test left the record."""

    @property
    def unplayed(self) -> tuple[str, ...]:
        """What of the record nobody heard, a line each."""

    def connect(
        self, query: Query, transcript: TranscriptWriter | None
    ) -> AbstractAsyncContextManager[Transport]:
        """Open a connection."""

    def cut(self, at: int | str) -> None:
        """Begin again, with the line of the first connection lost after *at*."""


class Ws3Transcript:
    """The service that a test speaks to: played from its transcript, or recorded.

    Args:
        path: The transcript of its first connection.
        source: Where connections come from.

    Attributes:
        path: As given; of further connections, see docs/pytest.md.
        sends: What the code under test said, in order, over all connections.
    """

    def __init__(self, path: Path, source: Source) -> None:
        self.path = path
        self.sends: list[str] = []
        self._heard: list[str] = []
        self._source = source

    @property
    def clock(self) -> MockClock | None:
        """The clock of the replay; ``None``, the real one, while it is recorded.

        Async tests run by it. Whoever calls `trio.run` passes it on.
        """
        return self._source.clock

    @property
    def takes(self) -> Mapping[str | None, bytes]:
        """The audio that was heard so far, by context id; under ``None``, without."""
        takes: dict[str | None, bytes] = {}
        for chunk in _find_chunks(self._heard):
            takes[chunk.context_id] = takes.get(chunk.context_id, b"") + chunk.audio
        return takes

    @property
    def divergences(self) -> tuple[Divergence, ...]:
        """How the code under test left the record, whether it caught that or not."""
        return self._source.divergences

    @property
    def unplayed(self) -> tuple[str, ...]:
        """What of the record was not heard, a line for each connection."""
        return self._source.unplayed

    def cut(self, *, at: int | str) -> None:
        """Begin again with a record that breaks off: the line is lost after *at*.

        Args:
            at: The number of an entry, or a selector such as ``first chunk``; of the
                first connection.

        Raises:
            ManifestError: There is no such place.
        """
        self._source.cut(at)

    @asynccontextmanager
    async def connect(
        self, query: Query, transcript: TranscriptWriter | None = None
    ) -> AsyncIterator[Transport]:
        """Open the next connection; it is a `rimebatch.Connect`.

        Args:
            query: The synthesis arguments, as pairs.
            transcript: Where the code under test keeps its own record, if it does.

        Raises:
            DivergenceError: The code left the record.
            ConnectError: It could not be opened.
        """
        async with self._source.connect(query, transcript) as line:
            yield _Listener(line, self.sends, self._heard)


@dataclass(frozen=True, slots=True)
class _Listener:
    """A transport, and what went over it."""

    line: Transport
    sends: list[str]
    heard: list[str] = field(repr=False)

    async def send(self, message: str) -> None:
        self.sends.append(message)
        await self.line.send(message)

    async def receive(self) -> Received:
        received = await self.line.receive()
        self.heard.append(received.message)
        return received

    def receive_waiting(self) -> list[Received]:
        waiting = self.line.receive_waiting()
        self.heard.extend(received.message for received in waiting)
        return waiting


def _find_chunks(messages: Iterable[str]) -> Iterable[Chunk]:
    for message in messages:
        try:
            event = decode_event(message)
        except RemoteProtocolError:
            continue  # the code under test has seen it, too
        if isinstance(event, Chunk):
            yield event
