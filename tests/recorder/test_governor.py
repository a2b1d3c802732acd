"""Tests of how many connections may be open."""

import math

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from rimebatch.recorder.governor import HANDSHAKES, QUIET_S, Governor


def open_all(governor: Governor, now_s: float = 0.0) -> int:
    """Open as many connections as may be opened, each in no time; how many."""
    count = 0
    while governor.may_open(now_s):
        governor.begin()
        governor.opened()
        count += 1
    return count


def refuse(governor: Governor, now_s: float) -> None:
    """Have one more handshake refused because the service is full."""
    governor.begin()
    governor.failed()
    governor.full(now_s)


def test_ceiling() -> None:
    """No more connections are opened than a person allows."""
    governor = Governor(20)

    assert 20 == open_all(governor)
    assert math.inf == governor.wait_s(0.0)


def test_handshakes() -> None:
    """Few handshakes are in flight, however many connections are allowed."""
    governor = Governor(20)
    for _ in range(HANDSHAKES):
        governor.begin()

    assert not governor.may_open(0.0)

    governor.failed()

    assert governor.may_open(0.0)


def test_a_refusal_fits_the_limit() -> None:
    """What is open when the service refuses is what it lets in."""
    governor = Governor(20)
    for _ in range(7):
        governor.begin()
        governor.opened()
    refuse(governor, 100.0)

    assert 7 == governor.limit(100.0)
    assert not governor.may_open(100.0)
    assert QUIET_S == governor.wait_s(100.0)

    governor.closed()

    assert governor.may_open(100.0)


def test_quiet() -> None:
    """One more is tried after each quiet interval, up to the ceiling."""
    governor = Governor(9)
    for _ in range(7):
        governor.begin()
        governor.opened()
    refuse(governor, 100.0)

    assert [7, 7, 8, 9, 9] == [
        governor.limit(100.0 + after_s) for after_s in (0, 9.9, 10, 20, 1e9)
    ]
    assert pytest.approx(0.1) == governor.wait_s(109.9)
    assert 10.0 == governor.wait_s(110.0)
    assert math.inf == governor.wait_s(120.0)


@pytest.mark.parametrize("now_s", [0.1, 0.7, 1.1, 3.3, 1e9 + 0.1])
def test_no_wait_is_in_vain(now_s: float) -> None:
    """However the clock rounds, a few waits make room, and each moves the time on."""
    governor = Governor(9)
    refuse(governor, now_s)
    for _ in range(3):
        assert governor.may_open(now_s) or governor.wait_s(now_s) > 0
        if not governor.may_open(now_s):
            now_s += governor.wait_s(now_s)

    assert governor.may_open(now_s)


def test_refused_with_nothing_open() -> None:
    """An account that others use up is asked again after a while, by one."""
    governor = Governor(9)
    refuse(governor, 0.0)

    assert (0, 0, 1) == tuple(governor.limit(s) for s in (0, 9.9, 10))
    assert 1 == governor.refused


@pytest.mark.parametrize(
    ("is_open", "asked_s", "rises_s"),
    [
        (False, None, QUIET_S),
        (False, 0.0, 1.0),
        (False, 2.0, 2.0),
        (False, 60.0, 60.0),
        (True, 2.0, QUIET_S),
        (True, 60.0, 60.0),
    ],
)
def test_a_service_that_says_when(
    is_open: bool, asked_s: float | None, rises_s: float
) -> None:
    """It is believed, but for less than the quiet interval only if nothing is open."""
    governor = Governor(9)
    if is_open:
        governor.begin()
        governor.opened()
    governor.begin()
    governor.failed()
    governor.full(100.0, asked_s)

    assert rises_s == governor.wait_s(100.0)
    assert [0, 0, 1, 1, 2] == [
        governor.limit(100.0 + rises_s + after_s) - is_open
        for after_s in (-rises_s, -0.1, 0.0, 9.9, 10.0)
    ]


STEPS = st.sampled_from(["begin", "opened", "failed", "full", "closed"])


ASKED = st.none() | st.floats(0, 600)


@given(st.integers(1, 8), st.lists(st.tuples(STEPS, st.floats(0, 30), ASKED)))
def test_invariants(ceiling: int, steps: list[tuple[str, float, float | None]]) -> None:
    """Whatever happens: never above the ceiling, and never stuck for good."""
    governor, now_s = Governor(ceiling), 0.0
    for step, later_s, asked_s in steps:
        now_s += later_s
        if step == "begin" and governor.may_open(now_s):
            governor.begin()
        elif step == "opened" and governor.opening:
            governor.opened()
        elif step in {"failed", "full"} and governor.opening:
            governor.failed()
            if step == "full":
                governor.full(now_s, asked_s)
        elif step == "closed" and governor.open:
            governor.closed()

        assert governor.open + governor.opening <= ceiling
        assert 0 <= governor.limit(now_s) <= ceiling
        idle = governor.open == governor.opening == 0
        assert not idle or governor.may_open(now_s) or governor.wait_s(now_s) < math.inf


async def test_a_service_with_a_cap(autojump_clock: MockClock) -> None:
    """120 jobs against a cap of 20 are refused a few dozen times, not thousands."""
    governor, cap, done = Governor(64), 20, 0

    async def run_job(length_s: float) -> None:
        nonlocal done
        while True:
            while not governor.may_open(  # noqa: ASYNC110  # the simulation polls
                trio.current_time()
            ):
                await trio.sleep(0.5)
            governor.begin()
            await trio.sleep(0.1)
            if governor.open < cap:
                break
            governor.failed()
            governor.full(trio.current_time())
        governor.opened()
        await trio.sleep(length_s)
        governor.closed()
        done += 1

    async with trio.open_nursery() as nursery:
        for number in range(120):
            nursery.start_soon(run_job, 10.0 + number % 21)

    assert 120 == done
    assert governor.refused < 100
    assert trio.current_time() < 1.2 * 120 * 20 / cap
