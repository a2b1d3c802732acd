"""Recordings that are played to clients, and recorded once more; and such clients."""

import json
import threading
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Final

import pytest
import trio

from fakes.recordings import EOS, FLUSH, QUERY, done, text
from rimebatch.errors import ConnectionClosedError, DivergenceError
from rimebatch.recorder.transports import Transport
from rimebatch.recorder.transports.replay import Replay
from rimebatch.replay import Divergence, Recording, ReplayOptions
from rimebatch.transcript import Redactor, TranscriptWriter
from rimebatch.transcript.redactor import VERBATIM

NS: Final = 1_000_000_000
AS_RECORDED: Final = ReplayOptions()

Client = Callable[[Transport], Awaitable[None]]


def open_record(
    path: Path, recording: Recording, redactor: Redactor = VERBATIM
) -> TranscriptWriter:
    """Return a transcript like that of *recording*, on the clock of the run."""
    start_s = trio.current_time()

    def clock_ns() -> int:
        return round((trio.current_time() - start_s) * NS)

    return TranscriptWriter(path, recording.header, clock_ns, redactor)


class Stage:
    """Where recordings are played, and recorded once more.

    Attributes:
        paths: The transcripts of what was played.
        divergences: All there were.
        dropped: What was left where a client dropped its line.
    """

    def __init__(self, folder: Path) -> None:
        self.paths: list[Path] = []
        self.divergences: list[Divergence] = []
        self.dropped: list[Divergence] = []
        self._names = (folder / f"{n:04}.jsonl" for n in count(1))

    @asynccontextmanager
    async def open(
        self,
        recording: Recording,
        options: ReplayOptions = AS_RECORDED,
        redactor: Redactor = VERBATIM,
    ) -> AsyncIterator[Transport]:
        """Connect to *recording*; whatever happens, its transcript is sealed."""
        replay = Replay([recording], options)
        self.paths.append(next(self._names))
        try:
            with open_record(self.paths[-1], recording, redactor) as transcript:
                async with replay.connect(QUERY, transcript) as line:
                    yield line
        finally:
            self.divergences += replay.divergences
            self.dropped += replay.dropped

            assert "sealed" in self.lines[-1]

    @property
    def lines(self) -> list[dict[str, object]]:
        """The entries of the last transcript."""
        _, *lines = self.paths[-1].read_text().splitlines()
        return [json.loads(line) for line in lines]

    @property
    def kinds(self) -> list[str]:
        """What the last transcript holds."""
        return [list(line)[-1] for line in self.lines]

    async def play(
        self,
        client: Client,
        recording: Recording,
        options: ReplayOptions = AS_RECORDED,
    ) -> bytes:
        """Have *client* talk to *recording*; return the transcript of it."""
        async with self.open(recording, options) as line:
            await client(line)
        return self.paths[-1].read_bytes()

    async def fail(
        self,
        client: Client,
        recording: Recording,
        options: ReplayOptions = AS_RECORDED,
    ) -> Divergence:
        """Have *client* leave the record; return how."""
        with pytest.raises(DivergenceError) as caught:
            await self.play(client, recording, options)
        [divergence] = self.divergences

        assert str(divergence) == str(caught.value)
        return divergence


async def ask(line: Transport, name: str) -> None:
    """Ask for the take of that *name*, as `take` does."""
    await line.send(text(f"{name.title()}.", name))
    await line.send(FLUSH)


async def hear(line: Transport, name: str) -> None:
    """Listen to a take up to its end."""
    while (await line.receive()).message != done(name):
        pass


async def leave(line: Transport) -> None:
    """End the conversation, and wait for the close."""
    await line.send(EOS)
    await hear_close(line)


async def hear_close(line: Transport, code: int = 1000) -> None:
    """Listen up to the close, which has that *code*."""
    closed = None
    while closed is None:
        try:
            await line.receive()
        except ConnectionClosedError as error:
            closed = error

    assert code == closed.code


def speak(*names: str, window: int = 1) -> Client:
    """Return a client that asks for takes, so many at a time, and hears all."""

    async def client(line: Transport) -> None:
        asked: deque[str] = deque()
        for name in names:
            await ask(line, name)
            asked.append(name)
            if len(asked) == window:
                await hear(line, asked.popleft())
        for name in asked:
            await hear(line, name)
        await leave(line)

    return client


def say(*messages: str) -> Client:
    """Return a client that says *messages* and leaves."""

    async def client(line: Transport) -> None:
        for message in messages:
            await line.send(message)

    return client


class Idle(trio.abc.Instrument):
    """Tells when the run waits for something outside itself."""

    def __init__(self) -> None:
        self.reached = threading.Event()

    def before_io_wait(self, timeout: float) -> None:
        """Tell whoever waits outside."""
        if timeout > 0:
            self.reached.set()
