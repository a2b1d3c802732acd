"""The turnstile: every connection of a batch is opened through it.

It waits until the governor has room and the breaker is not broken, one job after the
other in the order in which they come, and tells both what becomes of each connection.
Once it is shut nobody passes any more. It knows no job, and does not decide what is
tried again.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from rimebatch.errors import ConnectError, RimeBatchError
from rimebatch.recorder.breaker import Breaker
from rimebatch.recorder.failures import Remedy, classify
from rimebatch.recorder.governor import Governor
from rimebatch.recorder.transports import Connect, Transport
from rimebatch.transcript.writer import TranscriptWriter
from rimebatch.ws3.query import Query


class Turnstile:
    """Lets connections through, as the governor allows.

    Args:
        connect: Opens one.
        governor: Says whether there is room; nobody else may tell it anything.
        breaker: Says whether the service is left alone. That a take is on record it
            learns through `took`.

    Attributes:
        has_answered: Whether the service ever has, be it with a refusal.
        let_in: The models with which a connection was opened.
    """

    def __init__(
        self, connect: Connect, governor: Governor, breaker: Breaker | None = None
    ) -> None:
        self.has_answered = False
        self.let_in: set[str] = set()
        self._connect = connect
        self._governor = governor
        self._breaker = breaker or Breaker()
        self._queue = trio.StrictFIFOLock()
        self._changed = trio.lowlevel.ParkingLot()  # where the head of the queue waits
        self._shut = trio.Event()
        self._last_open_s = trio.current_time()

    @property
    def is_shut(self) -> bool:
        """Whether nobody passes any more."""
        return self._shut.is_set()

    @property
    def fruitless_s(self) -> float:
        """For how long no connection has been open."""
        if self._governor.open:
            return 0.0
        return trio.current_time() - self._last_open_s

    def shut(self) -> None:
        """Let nobody pass from now on; whoever waits is sent away."""
        self._shut.set()
        self._changed.unpark_all()

    def took(self) -> None:
        """Note that a take is on record: the service is not ill."""
        self._breaker.succeeded()
        self._changed.unpark()

    async def pause(self, seconds: float) -> None:
        """Wait so long, or until it is shut."""
        with trio.move_on_after(seconds):
            await self._shut.wait()

    @asynccontextmanager
    async def enter(self) -> AsyncIterator[Connect | None]:
        """Wait for room, and yield what opens one connection; ``None`` once it is shut.

        Room for a handshake is held from then on: connect soon.
        """
        async with self._queue:
            await self._wait_for_room()
        if self.is_shut:
            yield None
            return
        # Before anybody else runs, so the room is still there.
        self._governor.begin()
        self._breaker.begin(trio.current_time())
        is_open = False

        @asynccontextmanager
        async def connect(
            query: Query, transcript: TranscriptWriter
        ) -> AsyncIterator[Transport]:
            nonlocal is_open
            async with self._connect(query, transcript) as transport:
                is_open = True
                self._opened(query)
                yield transport

        try:
            yield connect
        except RimeBatchError as error:
            self._note(error)
            raise
        finally:
            self._left(is_open=is_open)

    async def _wait_for_room(self) -> None:
        while wait_s := self._wait_s(trio.current_time()):
            with trio.move_on_after(wait_s):
                await self._changed.park()

    def _wait_s(self, now_s: float) -> float:
        if self.is_shut:
            return 0.0
        if wait_s := self._breaker.wait_s(now_s):
            return wait_s
        return 0.0 if self._governor.may_open(now_s) else self._governor.wait_s(now_s)

    def _opened(self, query: Query) -> None:
        self.has_answered = True
        self.let_in.add(dict(query).get("modelId", ""))
        self._governor.opened()
        self._changed.unpark()

    def _note(self, error: RimeBatchError) -> None:
        now_s, verdict = trio.current_time(), classify(error)
        if isinstance(error, ConnectError):
            self.has_answered |= error.status is not None
        if verdict.remedy is Remedy.WAIT_FOR_ROOM:
            self._governor.full(now_s, verdict.wait_s)
        elif verdict.remedy in {Remedy.REOPEN, Remedy.ASK_AGAIN}:
            self._breaker.failed(now_s)

    def _left(self, *, is_open: bool) -> None:
        if is_open:
            self._last_open_s = trio.current_time()
            self._governor.closed()
        else:
            self._governor.failed()
        self._changed.unpark()
