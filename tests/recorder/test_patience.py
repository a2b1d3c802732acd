"""Tests of how often a job is tried again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimebatch.errors import (
    ConnectError,
    ConnectionClosedError,
    OutputError,
    RemoteProtocolError,
    RimeBatchError,
    TranscriptError,
)
from rimebatch.manifest.plan import Segment, SegmentKey
from rimebatch.recorder.failures import Remedy
from rimebatch.recorder.patience import PATIENCE, Patience, Quota, Retries

LOST = ConnectionClosedError(1006)
NOBODY = ConnectError("nobody there")
BROKEN = RemoteProtocolError("no event")


def segment(number: int, chars: int = 100) -> Segment:
    """Return a segment of so many characters."""
    return Segment(SegmentKey(f"key{number}"), "", 0, 0, 0, f"c{number}", ("",), chars)


ONE, TWO = segment(1), segment(2)


def make_retries(patience: Patience = PATIENCE, missing_chars: int = 0) -> Retries:
    """Return what one job alone is granted."""
    return Retries(patience, Quota(patience, missing_chars))


def judge_all(
    retries: Retries, error: RimeBatchError, times: int, *, sent: str = ONE.key
) -> list[Remedy]:
    """Return what is to be done each time, with one segment missing."""
    return [retries.judge(error, [ONE], [sent]).remedy for _ in range(times)]


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (TranscriptError("damaged"), Remedy.FAIL_JOB),
        (OutputError("disk full"), Remedy.STOP_BATCH),
    ],
)
def test_what_is_not_tried_again(error: RimeBatchError, remedy: Remedy) -> None:
    """What would end the same way is not tried again at all."""
    assert [remedy] == judge_all(make_retries(), error, 1)


def test_opening_is_free() -> None:
    """A connection that does not open is tried again and again."""
    assert {Remedy.REOPEN} == set(judge_all(make_retries(), NOBODY, 100))


@pytest.mark.parametrize(("error", "tries"), [(LOST, 3), (BROKEN, 1)])
@pytest.mark.parametrize("sent", [ONE.key, "another"])
def test_tries_of_a_segment(error: RimeBatchError, tries: int, sent: str) -> None:
    """A segment is bought again a few times; a line that breaks before it counts."""
    remedies = judge_all(make_retries(), error, tries + 1, sent=sent)

    assert [*[Remedy.ASK_AGAIN] * tries, Remedy.FAIL_JOB] == remedies


def test_few_attempts() -> None:
    """Who has patience for so many connections gets no more, whatever fails."""
    retries = make_retries(Patience(attempts=2))

    assert [Remedy.REOPEN, Remedy.FAIL_JOB] == judge_all(retries, NOBODY, 2)


def test_each_segment_has_its_own() -> None:
    """Failures at one segment are not held against the next."""
    retries = make_retries()
    judge_all(retries, LOST, 3)

    verdict = retries.judge(LOST, [TWO], [ONE.key, TWO.key])

    assert Remedy.ASK_AGAIN is verdict.remedy


def test_all_that_is_at_stake_counts() -> None:
    """Of two segments in flight each is bought again, and both are in the quota."""
    retries = make_retries(Patience(resent_chars=300))
    both = [ONE.key, TWO.key]

    assert [Remedy.ASK_AGAIN, Remedy.FAIL_JOB] == [
        retries.judge(LOST, [ONE, TWO, segment(3)], both).remedy for _ in range(2)
    ]


def test_quota() -> None:
    """All jobs share what may be sent again; when it is used up, a job fails."""
    patience = Patience(resent_chars=250)
    quota = Quota(patience, 0)
    jobs = [Retries(patience, quota) for _ in range(3)]

    assert [Remedy.ASK_AGAIN, Remedy.ASK_AGAIN, Remedy.FAIL_JOB] == [
        job.judge(LOST, [ONE], [ONE.key]).remedy for job in jobs
    ]


def test_quota_of_a_large_batch() -> None:
    """It grows with what the batch has to send."""
    quota = Quota(PATIENCE, 1_000_000)

    assert quota.take(50_000)
    assert not quota.take(1)


def test_pauses() -> None:
    """They double up to half a minute, and begin anew after a take."""
    retries = make_retries()
    pauses = [retries.judge(NOBODY, [ONE, TWO], []).wait_s for _ in range(8)]

    assert [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0] == pauses
    assert 0.5 == retries.judge(NOBODY, [TWO], [ONE.key]).wait_s


def test_pauses_that_a_service_asks_for() -> None:
    """They are kept, and up to a second more, so that not all come at once."""
    busy, full = (
        ConnectError("later", status=status, retry_after="7") for status in (503, 429)
    )
    retries = make_retries(Patience(jitter=lambda: 0.25))

    assert [7.25, 7.25] == [
        retries.judge(error, [ONE], []).wait_s for error in (busy, full)
    ]


def test_a_full_service() -> None:
    """Where it does not say when, that is the governor's to say."""
    full = ConnectError("full", status=429)

    assert 0.0 == make_retries().judge(full, [ONE], []).wait_s


@given(st.lists(st.sampled_from([LOST, BROKEN, NOBODY])), st.floats(0, 1))
def test_bounds(errors: list[RimeBatchError], chance: float) -> None:
    """Whatever fails, a segment is bought at most four times, and no pause is long."""
    retries = make_retries(Patience(jitter=lambda: chance))
    verdicts = [retries.judge(error, [ONE], [ONE.key]) for error in errors]
    granted = [verdict for verdict in verdicts if verdict.remedy is Remedy.ASK_AGAIN]

    assert len(granted) <= 3
    assert all(0 <= (verdict.wait_s or 0.0) <= 30 for verdict in verdicts)
