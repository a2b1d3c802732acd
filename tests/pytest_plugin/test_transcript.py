"""What a test sees of its service: what was said, heard, and left."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from fakes.recordings import QUERY, chunk, done, times
from rimebatch.pytest_plugin.transcript import Ws3Transcript
from rimebatch.recorder.transports import Received, Transport
from rimebatch.replay import Divergence, DivergenceKind
from rimebatch.transcript import Span, TranscriptWriter
from rimebatch.ws3 import Query

DIVERGENCE = Divergence(DivergenceKind.EXTRA, "0001.jsonl", None, 0, "too much")


class Source:
    """A source of connections over which these messages come."""

    clock = None
    divergences = (DIVERGENCE,)
    unplayed = ("0002.jsonl: unplayed",)

    def __init__(self, *messages: str) -> None:
        self.messages = list(messages)
        self.cuts: list[int | str] = []

    def cut(self, at: int | str) -> None:
        """Note where it is cut."""
        self.cuts.append(at)

    @asynccontextmanager
    async def connect(
        self, query: Query, transcript: TranscriptWriter | None
    ) -> AsyncIterator[Transport]:
        """Be the connection itself."""
        yield self

    async def send(self, message: str) -> None:
        """Take *message*, and do nothing about it."""
        await trio.lowlevel.checkpoint()

    async def receive(self) -> Received:
        """Return the next one."""
        await trio.lowlevel.checkpoint()
        return Received(self.messages.pop(0), Span(1, 0, 1))

    def receive_waiting(self) -> list[Received]:
        """Return all of them."""
        waiting = [Received(message, Span(1, 0, 1)) for message in self.messages]
        self.messages.clear()
        return waiting


async def test_what_was_said_and_heard() -> None:
    """Messages are kept in order, and audio by its context id, over all connections."""
    source = Source(
        chunk("one", b"ab"), times("one"), "no event", chunk("one", b"cd"), chunk()
    )
    played = Ws3Transcript(Path("0001.jsonl"), source)
    for number in ("1", "2"):
        async with played.connect(QUERY) as line:
            await line.send(number)
            while len(source.messages) > int(number == "1"):
                await line.receive()

    assert ["1", "2"] == played.sends
    assert {"one": b"abcd", None: b"\1\2"} == played.takes


async def test_what_was_heard_without_waiting() -> None:
    """What is received without waiting counts as well."""
    source = Source(chunk("one", b"ab"), chunk("one", b"cd"))
    played = Ws3Transcript(Path("0001.jsonl"), source)
    async with played.connect(QUERY) as line:
        waiting = line.receive_waiting()

        assert [chunk("one", b"ab"), chunk("one", b"cd")] == [
            received.message for received in waiting
        ]
        assert [] == line.receive_waiting()
    assert {"one": b"abcd"} == played.takes


async def test_nothing_heard_yet() -> None:
    """A take is there with its first chunk, and not before."""
    played = Ws3Transcript(Path("0001.jsonl"), Source(done("one")))
    async with played.connect(QUERY) as line:
        await line.receive()

    assert {} == played.takes


def test_what_is_asked_of_the_source() -> None:
    """Where connections come from knows what was left, and cuts."""
    source = Source()
    played = Ws3Transcript(Path("0001.jsonl"), source)
    played.cut(at="first chunk")

    assert ["first chunk"] == source.cuts
    assert (None, source.divergences, source.unplayed) == (
        played.clock,
        played.divergences,
        played.unplayed,
    )
