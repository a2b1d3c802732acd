"""Tests of the turnstile, in virtual time: no socket and no thread is near."""

import random  # noqa: TID251  # seeded: a crowd's jobs are of many lengths
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from typing import TypeAlias

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from fakes.services import FakeLine, FakeService
from fakes.transcripts import open_transcript
from rimebatch.errors import ConnectError, ConnectionClosedError, RimeBatchError
from rimebatch.recorder.breaker import FAILURES, PROBE_S
from rimebatch.recorder.governor import HANDSHAKES, QUIET_S, Governor
from rimebatch.recorder.transports import Connect
from rimebatch.recorder.turnstile import Turnstile
from rimebatch.transcript import TranscriptWriter
from rimebatch.ws3 import Query

QUERY = (("modelId", "coda"), ("segment", "never"))
FULL = ConnectError("full", status=429)


@pytest.fixture
def transcript(tmp_path: Path) -> Iterator[TranscriptWriter]:
    """Yield somewhere to record to."""
    with open_transcript(tmp_path / "0001.jsonl") as transcript:
        yield transcript


class House:
    """A service behind a turnstile, and its visitors.

    Attributes:
        turnstile: As it is.
        governor: Of the turnstile.
        inside: Who is, or was, connected, in that order.
        sent_away: Who came too late.
    """

    def __init__(self, transcript: TranscriptWriter, ceiling: int = 2) -> None:
        self.governor = Governor(ceiling)
        self.turnstile = Turnstile(FakeService().connect, self.governor)
        self.inside: list[str] = []
        self.sent_away: list[str] = []
        self._transcript = transcript

    async def visit(self, name: str, stay_s: float) -> None:
        """Enter, stay and leave."""
        async with self.turnstile.enter() as connect:
            if connect is None:
                self.sent_away.append(name)
                return
            async with connect(QUERY, self._transcript):
                self.inside.append(name)
                await trio.sleep(stay_s)

    async def refuse(self, error: RimeBatchError = FULL) -> None:
        """Enter, and be refused."""
        with pytest.raises(type(error)):
            async with self.turnstile.enter():
                raise error


async def test_order(mock_clock: MockClock, transcript: TranscriptWriter) -> None:
    """Whoever waits longest passes first, as soon as another leaves."""
    house = House(transcript, ceiling=2)
    names = list(map(str, range(20)))
    async with trio.open_nursery() as nursery:
        for name in names:
            nursery.start_soon(house.visit, name, 1.0)
            await wait_all_tasks_blocked()
        mock_clock.autojump_threshold = 0

    assert names == house.inside
    assert 10.0 == pytest.approx(trio.current_time())
    assert (0, 0) == (house.governor.open, house.governor.opening)


async def test_handshakes(transcript: TranscriptWriter) -> None:
    """Few handshakes are in flight at a time, however much room there is."""
    house = House(transcript, ceiling=20)
    entered: list[int] = []

    async def dawdle(number: int) -> None:
        async with house.turnstile.enter():
            entered.append(number)
            await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        for number in range(HANDSHAKES):
            nursery.start_soon(dawdle, number)
        await wait_all_tasks_blocked()
        nursery.start_soon(house.visit, "late", 0.0)
        await wait_all_tasks_blocked()

        assert (HANDSHAKES, []) == (len(entered), house.inside)

        nursery.cancel_scope.cancel()

    assert 0 == house.governor.opening


async def test_full(autojump_clock: MockClock, transcript: TranscriptWriter) -> None:
    """After a refusal one waits for a quiet interval, and no longer."""
    house = House(transcript)
    await house.refuse()
    await house.visit("patient", 0.0)

    assert QUIET_S == pytest.approx(trio.current_time())
    assert ["patient"] == house.inside


async def test_other_refusals(transcript: TranscriptWriter) -> None:
    """A refusal for any other reason says nothing of room."""
    house = House(transcript)
    await house.refuse(ConnectError("bad request", status=400))

    assert house.governor.may_open(trio.current_time())


@pytest.mark.parametrize(
    ("error", "has_answered"), [(FULL, True), (ConnectError("nobody"), False)]
)
async def test_answers(
    transcript: TranscriptWriter, error: ConnectError, has_answered: bool
) -> None:
    """A refusal is an answer; where nobody listens there is none."""
    house = House(transcript)
    await house.refuse(error)

    assert has_answered == house.turnstile.has_answered
    assert set() == house.turnstile.let_in


async def test_let_in(transcript: TranscriptWriter) -> None:
    """It is known with which models the service lets somebody in."""
    house = House(transcript)
    await house.visit("somebody", 0.0)

    assert {"coda"} == house.turnstile.let_in
    assert house.turnstile.has_answered


async def test_a_service_that_says_when(
    autojump_clock: MockClock, transcript: TranscriptWriter
) -> None:
    """With nobody inside, a service that is full is asked again when it says."""
    house = House(transcript)
    await house.refuse(ConnectError("full", status=429, retry_after="2"))
    await house.visit("patient", 0.0)

    assert 2.0 == pytest.approx(trio.current_time())


@pytest.mark.parametrize(
    "error", [ConnectError("nobody"), ConnectionClosedError(1011)], ids=repr
)
async def test_an_ill_service(
    autojump_clock: MockClock, transcript: TranscriptWriter, error: RimeBatchError
) -> None:
    """After many failures in a row it is asked by one at a time, until a take."""
    house = House(transcript, ceiling=64)
    for _ in range(FAILURES):
        await house.refuse(error)
    async with trio.open_nursery() as nursery:
        for name in "abc":
            nursery.start_soon(house.visit, name, 100.0)
        await trio.sleep(1.5 * PROBE_S)

        assert 1 == len(house.inside)

        house.turnstile.took()
        await wait_all_tasks_blocked()

        assert 3 == len(house.inside)


@pytest.mark.parametrize("error", [FULL, ConnectError("bad", status=400)], ids=repr)
async def test_a_service_that_is_not_ill(
    autojump_clock: MockClock, transcript: TranscriptWriter, error: RimeBatchError
) -> None:
    """One that is full, or will not have what is asked for, is well."""
    house = House(transcript)
    for _ in range(FAILURES):
        await house.refuse(error)
    begun_s = trio.current_time()
    await house.visit("next", 0.0)

    assert trio.current_time() - begun_s <= QUIET_S + 0.01


async def test_fruitless_time(
    autojump_clock: MockClock, transcript: TranscriptWriter
) -> None:
    """It counts the time in which no connection is open."""
    house = House(transcript)
    await trio.sleep(3)

    assert 3.0 == house.turnstile.fruitless_s

    async with trio.open_nursery() as nursery:
        nursery.start_soon(house.visit, "somebody", 5.0)
        await trio.sleep(4)

        assert 0.0 == house.turnstile.fruitless_s

    await trio.sleep(1)

    assert 1.0 == house.turnstile.fruitless_s


async def test_shut(autojump_clock: MockClock, transcript: TranscriptWriter) -> None:
    """Whoever is inside stays; all others are sent away at once, a pause is over."""
    house = House(transcript, ceiling=1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(house.visit, "early", 5.0)
        await trio.sleep(1)
        for name in ("late", "later"):
            nursery.start_soon(house.visit, name, 5.0)
        nursery.start_soon(house.turnstile.pause, 600.0)
        await trio.sleep(1)
        house.turnstile.shut()

    assert (["early"], {"late", "later"}) == (house.inside, set(house.sent_away))
    assert 5.0 == trio.current_time()
    assert house.turnstile.is_shut


async def test_pause(autojump_clock: MockClock, transcript: TranscriptWriter) -> None:
    """A pause lasts as long as it is said to."""
    await House(transcript).turnstile.pause(7.0)

    assert 7.0 == trio.current_time()


Rush: TypeAlias = Callable[["Crowd", float], Awaitable[None]]
"""How one job of so many seconds gets a connection, and holds it."""


class Crowd:
    """Jobs before a service that lets in 20 at a time.

    Attributes:
        refused: How many handshakes were answered with 429.
        turnstile: The way in for those who use it.
        limit: The way in for those who do not.
    """

    def __init__(self, transcript: TranscriptWriter) -> None:
        self.refused = 0
        self.turnstile = Turnstile(self.connect, Governor(64))
        self.limit = trio.CapacityLimiter(64)
        self.chance = random.Random(1)
        self._inside = 0
        self._transcript = transcript

    @asynccontextmanager
    async def connect(
        self, query: Query, transcript: TranscriptWriter
    ) -> AsyncIterator[FakeLine]:
        """Open a connection, if there is a place."""
        await trio.sleep(0.1)
        if self._inside == 20:
            self.refused += 1
            raise FULL
        self._inside += 1
        async with FakeService().connect(query, transcript) as line:
            yield line
        self._inside -= 1

    async def stay(self, connect: Connect, seconds: float) -> None:
        """Hold a connection for so long."""
        async with connect(QUERY, self._transcript):
            await trio.sleep(seconds)

    async def run(self, rush: Rush) -> float:
        """Return how long 400 jobs of about 20 s take."""
        begun_s = trio.current_time()
        async with trio.open_nursery() as nursery:
            for _ in range(400):
                nursery.start_soon(rush, self, self.chance.uniform(10.0, 30.0))
        return trio.current_time() - begun_s


async def use_turnstile(crowd: Crowd, seconds: float) -> None:
    """Wait for room whenever there is none."""
    while True:
        with suppress(ConnectError):
            async with crowd.turnstile.enter() as connect:
                assert connect
                await crowd.stay(connect, seconds)
                return


async def use_limit(crowd: Crowd, seconds: float) -> None:
    """Be one of at most 64 that try, again and again, after pauses with full jitter."""
    for number in count():
        with suppress(ConnectError):
            async with crowd.limit:
                await crowd.stay(crowd.connect, seconds)
            return
        longest_s = min(30.0, 0.5 * 2.0 ** min(number, 6))
        await trio.sleep(crowd.chance.uniform(0.0, longest_s))


async def test_a_crowd(autojump_clock: MockClock, transcript: TranscriptWriter) -> None:
    """With 20 places and 64 allowed, few are refused, and no time is lost.

    42 handshakes against 6,765, and 411 s against 415 s. (A client whose jobs stay
    among the 64 while they pause is refused 1,773 times, and takes 420 s.)
    """
    ours, theirs = Crowd(transcript), Crowd(transcript)
    ours_s, theirs_s = await ours.run(use_turnstile), await theirs.run(use_limit)

    assert ours.refused < 0.01 * theirs.refused
    assert ours_s < 1.05 * theirs_s
