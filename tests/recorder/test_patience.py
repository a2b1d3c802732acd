"""Tests of how often a job is tried again, and when all are given up."""

import socket
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.manifests import make_job, make_manifest
from rimebatch.errors import (
    ConnectError,
    ConnectionClosedError,
    EndpointError,
    OutageError,
    OutputError,
    RemoteProtocolError,
    RimeBatchError,
    TranscriptError,
)
from rimebatch.manifest.plan import PlannedJob, Segment, SegmentKey, make_plan
from rimebatch.recorder.failures import Remedy, classify
from rimebatch.recorder.patience import PATIENCE, Outlook, Patience, Quota, Retries

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


ERRORS = [
    LOST,
    BROKEN,
    NOBODY,
    ConnectionClosedError(1000),
    ConnectError("full", status=429),
    ConnectError("later", status=503, retry_after="1000000000"),
    ConnectError("bad request", status=400),
    ConnectError("forbidden", status=403),
]


@dataclass
class FakeGate:
    """What is known of all connections, as a test has it."""

    has_answered: bool = False
    let_in: set[str] = field(default_factory=set)
    fruitless_s: float = 0.0


def make_jobs(count: int) -> list[PlannedJob]:
    """Return so many jobs with the same model."""
    jobs = (make_job(f"job{number}", "Hello.") for number in range(count))
    return list(make_plan(make_manifest(*jobs)).jobs)


def make_outlook(gate: FakeGate) -> Outlook:
    """Return the outlook of a batch whose connections went as *gate* says."""
    return Outlook(PATIENCE, Quota(PATIENCE, 0), gate)


def judge_jobs(
    outlook: Outlook, error: RimeBatchError, jobs: list[PlannedJob]
) -> list[Remedy]:
    """Return what *error* comes to for each of *jobs*."""
    return [classify(outlook.judge(error, job)).remedy for job in jobs]


@pytest.mark.parametrize("status", [302, 400, 404, 405, 414, 422])
def test_what_is_wrong_with_everybody(status: int) -> None:
    """If the first three jobs are refused for good, no other would be let in."""
    outlook = make_outlook(FakeGate(has_answered=True))
    error = ConnectError("refused", status=status)
    one, two, three = make_jobs(3)

    assert [Remedy.FAIL_JOB] * 3 == judge_jobs(outlook, error, [one, one, two])

    end = outlook.judge(error, three)

    assert isinstance(end, EndpointError)
    assert "refused; so ended the first 3 jobs" == str(end)


def test_what_is_wrong_with_some() -> None:
    """Once anybody was let in, who is refused is refused alone."""
    outlook = make_outlook(FakeGate(has_answered=True, let_in={"another"}))
    error = ConnectError("refused", status=400)

    assert [Remedy.FAIL_JOB] * 9 == judge_jobs(outlook, error, make_jobs(9))


def test_forbidden() -> None:
    """403 ends the batch, unless another job with that model was let in."""
    gate = FakeGate(has_answered=True, let_in={"another"})
    outlook = make_outlook(gate)
    error = ConnectError("forbidden", status=403)
    (job,) = make_jobs(1)
    model = dict(job.query)["modelId"]

    assert [Remedy.STOP_BATCH] == judge_jobs(outlook, error, [job])
    assert f"forbidden; nobody was let in with the model {model}" == str(
        outlook.judge(error, job)
    )

    gate.let_in.add(model)

    assert [Remedy.FAIL_JOB] == judge_jobs(outlook, error, [job])


def test_an_unknown_host() -> None:
    """A name that does not exist is looked up three times, if nobody ever answered."""
    gate = FakeGate()
    outlook, error = make_outlook(gate), ConnectError("no such host")
    error.__cause__ = socket.gaierror(socket.EAI_NONAME, "no such host")
    jobs = make_jobs(3)

    assert [Remedy.REOPEN, Remedy.REOPEN, Remedy.STOP_BATCH] == judge_jobs(
        outlook, error, jobs
    )

    gate.has_answered = True

    assert [Remedy.REOPEN] * 3 == judge_jobs(outlook, error, jobs)


def test_an_unsure_resolver() -> None:
    """Where looking a name up fails for now, it is tried again."""
    outlook, error = make_outlook(FakeGate()), ConnectError("try again")
    error.__cause__ = socket.gaierror(socket.EAI_AGAIN, "try again")

    assert [Remedy.REOPEN] * 9 == judge_jobs(outlook, error, make_jobs(9))


@pytest.mark.parametrize(
    ("has_answered", "fruitless_s", "kind"),
    [
        (False, 29.0, ConnectError),
        (False, 31.0, EndpointError),
        (True, 899.0, ConnectError),
        (True, 901.0, OutageError),
    ],
)
def test_silence(
    has_answered: bool, fruitless_s: float, kind: type[RimeBatchError]
) -> None:
    """Who never answers is not there; who did is away, and may come back."""
    gate = FakeGate(has_answered, fruitless_s=fruitless_s)

    assert kind is type(make_outlook(gate).judge(NOBODY, *make_jobs(1)))


def test_a_quota_that_is_used_up() -> None:
    """It ends the batch, and the next run begins with a new one."""
    quota = Quota(PATIENCE, 0)
    outlook = Outlook(PATIENCE, quota, FakeGate(has_answered=True, let_in={"m"}))
    (job,) = make_jobs(1)

    assert LOST is outlook.judge(LOST, job)

    quota.take(1_000_000)
    end = outlook.judge(LOST, job)

    assert isinstance(end, OutageError)
    assert (
        "the connection was closed with 1006; as much was sent again as one run may; "
        "run the same command again later"
    ) == str(end)


def test_what_ends_it_anyway() -> None:
    """A full disk is what it is, whatever else there was."""
    full = OutputError("disk full")
    gate = FakeGate(has_answered=True, fruitless_s=1e6)

    assert full is make_outlook(gate).judge(full, *make_jobs(1))


@given(st.lists(st.tuples(st.sampled_from(ERRORS), st.integers(0, 9)), max_size=200))
def test_a_bill_is_bounded(failures: list[tuple[RimeBatchError, int]]) -> None:
    """Whatever fails in ten jobs, in any order, little is sent again."""
    patience = Patience(resent_chars=1_000)
    quota = Quota(patience, 0)
    jobs = [Retries(patience, quota) for _ in range(10)]
    verdicts = [jobs[at].judge(error, [ONE], [ONE.key]) for error, at in failures]
    granted = [verdict for verdict in verdicts if verdict.remedy is Remedy.ASK_AGAIN]

    assert len(granted) * ONE.chars <= 1_000
    assert all((verdict.wait_s or 0.0) <= 601 for verdict in verdicts)


@given(st.lists(st.sampled_from(ERRORS), min_size=1), st.floats(0.01, 1))
def test_waiting_is_bounded(errors: list[RimeBatchError], chance: float) -> None:
    """Whatever fails again and again, no job waits for much more than a quarter hour.

    The last pause may be ten minutes.
    """
    gate, now_s, ended = FakeGate(), 0.0, False
    outlook, retries = make_outlook(gate), make_retries(Patience(lambda: chance))
    (job,) = make_jobs(1)
    while not ended:
        for error in errors:
            gate.fruitless_s = now_s
            gate.has_answered |= getattr(error, "status", None) is not None
            verdict = retries.judge(error, [ONE], [ONE.key])
            end = outlook.judge(error, job)
            ended = Remedy.FAIL_JOB is verdict.remedy
            ended = ended or Remedy.STOP_BATCH is classify(end).remedy
            if ended:
                break
            now_s += max(verdict.wait_s or 0.0, 1.0)  # a full service: the governor's

    assert now_s <= 900 + 601
