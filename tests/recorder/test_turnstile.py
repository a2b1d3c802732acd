"""Tests of the turnstile, in virtual time: no socket and no thread is near."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from fakes.services import FakeService
from fakes.transcripts import open_transcript
from rimebatch.errors import ConnectError
from rimebatch.recorder.governor import HANDSHAKES, QUIET_S, Governor
from rimebatch.recorder.turnstile import Turnstile
from rimebatch.transcript import TranscriptWriter

QUERY = (("segment", "never"),)
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

    async def refuse(self, error: ConnectError = FULL) -> None:
        """Enter, and be refused."""
        with pytest.raises(ConnectError):
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
