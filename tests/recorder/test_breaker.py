"""Tests of when an ill service is left alone."""

from hypothesis import given
from hypothesis import strategies as st

from rimebatch.recorder.breaker import FAILURES, PROBE_S, Breaker


def make_broken(now_s: float) -> Breaker:
    """Return a breaker that has just seen one failure too many."""
    breaker = Breaker()
    for _ in range(FAILURES):
        breaker.failed(now_s)
    return breaker


def test_a_few_failures() -> None:
    """As long as they are not many in a row, nobody waits."""
    breaker = Breaker()
    for _ in range(3):
        for _ in range(FAILURES - 1):
            breaker.failed(5.0)

        assert (False, 0.0) == (breaker.is_broken, breaker.wait_s(5.0))

        breaker.succeeded()


def test_probes() -> None:
    """After many there is a pause, and then one connection for each interval."""
    breaker = make_broken(100.0)

    assert [PROBE_S, 10.0, 0.0] == [breaker.wait_s(s) for s in (100.0, 120.0, 130.0)]

    breaker.begin(135.0)
    breaker.failed(136.0)

    assert [29.0, 0.0] == [breaker.wait_s(s) for s in (136.0, 165.0)]


def test_a_success() -> None:
    """It ends the pause at once, and failures are counted from zero again."""
    breaker = make_broken(100.0)
    breaker.succeeded()
    breaker.failed(101.0)

    assert (False, 0.0) == (breaker.is_broken, breaker.wait_s(101.0))


STEPS = st.sampled_from(["begin", "failed", "succeeded"])


@given(st.lists(st.tuples(STEPS, st.floats(0, 60))))
def test_waiting_is_bounded(steps: list[tuple[str, float]]) -> None:
    """Whatever happens, nobody waits longer than for the next probe, or in vain."""
    breaker, now_s = Breaker(failures=3), 0.0
    for step, later_s in steps:
        now_s += later_s
        if step == "begin":
            breaker.begin(now_s)
        elif step == "failed":
            breaker.failed(now_s)
        else:
            breaker.succeeded()
        wait_s = breaker.wait_s(now_s)

        assert 0.0 <= wait_s <= PROBE_S
        assert not wait_s or breaker.is_broken
        assert 0.0 == breaker.wait_s(now_s + wait_s)
