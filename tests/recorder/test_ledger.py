"""Every character of a run, accounted for."""

from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.manifests import MAX_CHARS, make_job, make_manifest
from fakes.services import Close, FakeService, only
from rimebatch.manifest.plan import Plan, make_plan, plan_job
from rimebatch.recorder.batch import run_batch
from rimebatch.recorder.ledger import (
    KEPT_RUNS,
    Account,
    Amounts,
    Budget,
    JobState,
    Ledger,
    RunEntry,
)
from rimebatch.recorder.patience import Patience
from rimebatch.recorder.reports import (
    JobResult,
    JobStarted,
    LineChanged,
    Report,
    SegmentAsked,
    State,
    TakeRecorded,
    TakeRejected,
    TakeWithdrawn,
)

JOB = make_job("one", "Eins.", "Zwei.", "Sieben.")  # 5, 5 and 7 characters
TWO = make_job("two", "Drei.")  # on record, as the plan believes
TWO_KEYS = [segment.key for segment in plan_job(TWO, MAX_CHARS).segments]
PLAN = make_plan(make_manifest(JOB, TWO), {"one": [], "two": TWO_KEYS}.__getitem__)

NOW = "2026-11-23T12:00:00Z"
ONE_LINE = Patience(attempts=1)

STARTED = JobStarted("one", 3, 2, 12, 5)  # the first is on record
OPENED, CLOSED = (LineChanged("one", is_open=is_open) for is_open in (True, False))
ASKED = SegmentAsked("one", 2, 5)
TAKEN = TakeRecorded("one", 2, 5, 0.5, inferred=False)
REJECTED = TakeRejected("one", 2, 5, "all of its 0.10 s are silent")


def make_ledger(*reports: Report, plan: Plan = PLAN, wall: str | None = None) -> Ledger:
    """Return the ledger of a run after *reports*."""
    ledger = Ledger(plan, wall)
    for report in reports:
        ledger.add(report)
    return ledger


def enter(ledger: Ledger, account: Account | None = None) -> Account:
    """Return *account* with a run in it that knows so."""
    entered = ledger.enter_into(account or Account())
    ledger.entered(entered)
    return entered


def result(state: State, sent_chars: int) -> JobResult:
    """Return how the first job ended."""
    return JobResult("one", state, 3, sent_chars, 5)


@st.composite
def conversations(
    draw: st.DrawFn, name: str, chars: list[int], wanted: list[int]
) -> list[Report]:
    """Return what a job tells that lacks the *wanted* segments, of so many *chars*.

    Any take may be lost with its line, be asked for ahead of another's end, or be
    thrown away and asked for once more, or be withdrawn. Those of a line that has
    closed, and those of earlier runs, may be rejected.
    """
    reports: list[Report] = []
    missing, asked_chars = set(wanted), 0
    for _ in range(draw(st.integers(0, 3))):
        wishes = draw(st.lists(st.sampled_from(sorted({*wanted, *missing}))))
        reports.append(LineChanged(name, is_open=True))
        flying: list[int] = []
        for number in dict.fromkeys(wishes):
            reports.append(SegmentAsked(name, number, chars[number - 1]))
            asked_chars += chars[number - 1]
            flying.append(number)
            for taken in flying[: draw(st.integers(0, 2))]:
                flying.remove(taken)
                missing.discard(taken)
                reports.append(
                    TakeRecorded(name, taken, chars[taken - 1], 1.0, inferred=True)
                )
                if draw(st.booleans()):
                    reports.append(TakeWithdrawn(name, taken, chars[taken - 1]))
                    missing.add(taken)
        reports.append(LineChanged(name, is_open=False))
        rejected = draw(st.sets(st.integers(1, len(chars)))) - missing
        missing |= rejected
        reports += (TakeRejected(name, n, chars[n - 1], "so") for n in sorted(rejected))
    state: Literal["done", "failed"] = "failed" if missing else "done"
    return [*reports, JobResult(name, state, len(chars), asked_chars, 0)]


@st.composite
def runs(draw: st.DrawFn) -> tuple[Plan, list[Report]]:
    """Return a plan and what a run of it tells, up to where it is interrupted."""
    paragraphs = st.lists(st.text("abc", min_size=1), min_size=1, max_size=4)
    texts = draw(st.lists(paragraphs, min_size=1, max_size=3))
    jobs = [make_job(f"job{n}", *text) for n, text in enumerate(texts)]
    plan = make_plan(make_manifest(*jobs))
    told = []
    for job in plan.jobs:
        chars = [segment.chars for segment in job.segments]
        numbers = range(1, len(chars) + 1)
        wanted = draw(st.lists(st.sampled_from(numbers), min_size=1, unique=True))
        wanted_chars = sum(chars[n - 1] for n in wanted)
        found = JobStarted(
            job.id, len(chars), len(wanted), wanted_chars, job.chars - wanted_chars
        )
        told.append([found, *draw(conversations(job.id, chars, wanted))])
    turns = draw(st.permutations([n for n, own in enumerate(told) for _ in own]))
    reports = [told[turn].pop(0) for turn in turns]
    return plan, reports[: draw(st.integers(0, len(reports)))]


@given(runs())
def test_any_run_balances(run: tuple[Plan, list[Report]]) -> None:
    """After every report of any run, each segment, job and run is reconciled."""
    plan, reports = run
    ledger = make_ledger(plan=plan)
    for report in reports:
        ledger.add(report)
        ledger.check()

    total = ledger.total
    sent = [r.chars for r in reports if isinstance(r, SegmentAsked)]
    kinds = TakeRecorded | TakeWithdrawn | TakeRejected
    takes = [r for r in reports if isinstance(r, kinds)]
    last = {(take.job, take.segment): take for take in takes}.values()
    standing = [take.chars for take in last if isinstance(take, TakeRecorded)]

    assert total.balances
    assert plan.chars == total.planned_chars
    assert sum(sent) == total.sent_chars
    assert sum(standing) == total.recorded_chars
    assert sum((ledger.amounts(job.id) for job in plan.jobs), Amounts()) == total


@given(runs())
def test_nothing_is_in_flight_without_a_line(run: tuple[Plan, list[Report]]) -> None:
    """Wherever a run stops, once its lines are closed what got no take is wasted."""
    plan, reports = run
    closing = [LineChanged(job.id, is_open=False) for job in plan.jobs]
    total = make_ledger(*reports, *closing, plan=plan).total

    assert 0 == total.in_flight_chars
    assert total.sent_chars - total.recorded_chars == total.wasted_chars


def test_before_the_first_report() -> None:
    """What the plan believes stands until a job's turn has come."""
    found = make_ledger().total

    assert Amounts(22, reused_chars=5, missing_chars=17) == found


def test_a_run_believes_what_it_finds_on_record() -> None:
    """What a job finds when its turn comes replaces what the plan believed."""
    found = make_ledger(STARTED, OPENED).amounts("one")

    assert Amounts(17, reused_chars=5, missing_chars=12) == found
    assert 5 == found.on_record_chars


def test_in_flight() -> None:
    """What was sent is neither recorded nor wasted while its line is open."""
    found = make_ledger(STARTED, OPENED, ASKED).amounts("one")

    assert Amounts(17, 5, 0, 12, sent_chars=5, in_flight_chars=5) == found


def test_recorded() -> None:
    """A take on record is missing no more."""
    found = make_ledger(STARTED, OPENED, ASKED, TAKEN, CLOSED).amounts("one")

    assert Amounts(17, 5, 5, 7, sent_chars=5) == found


@pytest.mark.parametrize("lost", [[OPENED, ASKED, CLOSED, OPENED], [OPENED, ASKED]])
def test_wasted_and_sent_again(lost: list[Report]) -> None:
    """What was asked for again is paid for twice, and recorded once."""
    found = make_ledger(STARTED, *lost, ASKED, TAKEN).amounts("one")

    assert Amounts(17, 5, 5, 7, sent_chars=10, wasted_chars=5) == found


def test_a_take_that_gave_way() -> None:
    """A take counts until another of its segment is there; then it was for nothing."""
    again = make_ledger(STARTED, OPENED, ASKED, TAKEN, ASKED)

    assert Amounts(17, 5, 5, 7, 10, 0, 5) == again.amounts("one")

    again.add(TAKEN)

    assert Amounts(17, 5, 5, 7, 10, 5) == again.amounts("one")


def test_a_take_that_was_withdrawn() -> None:
    """It was for nothing, and its segment is missing again."""
    cut = TakeWithdrawn("one", 2, 5)
    ledger = make_ledger(STARTED, OPENED, ASKED, TAKEN, cut)

    assert Amounts(17, 5, 0, 12, 5, 5) == ledger.amounts("one")

    for report in (ASKED, TAKEN):
        ledger.add(report)

    assert Amounts(17, 5, 5, 7, 10, 5) == ledger.amounts("one")


def test_a_take_that_was_rejected() -> None:
    """One of this run was for nothing, as if it had been withdrawn."""
    ledger = make_ledger(STARTED, OPENED, ASKED, TAKEN, CLOSED, REJECTED)

    assert Amounts(17, 5, 0, 12, 5, 5) == ledger.amounts("one")

    for report in (OPENED, ASKED, TAKEN):
        ledger.add(report)

    assert Amounts(17, 5, 5, 7, 10, 5) == ledger.amounts("one")


def test_an_older_take_that_was_rejected() -> None:
    """One of an earlier run was not reused after all, and is missing again."""
    first = TakeRejected("one", 1, 5, "all of its 0.10 s are silent")
    ledger = make_ledger(STARTED, first)

    assert Amounts(17, 0, 0, 17) == ledger.amounts("one")

    taken = TakeRecorded("one", 1, 5, 0.5, inferred=False)
    for report in (SegmentAsked("one", 1, 5), taken):
        ledger.add(report)
    ledger.check()

    assert Amounts(17, 0, 5, 12, 5) == ledger.amounts("one")


def test_a_job_that_was_stopped() -> None:
    """It may lack segments, and says so."""
    ledger = make_ledger(STARTED, ASKED, TAKEN, result("stopped", 5))
    ledger.check()

    assert JobState("stopped", 17, 10, 7) == enter(ledger).jobs["one"]


@pytest.mark.parametrize(
    "reports",
    [
        [TAKEN],
        [STARTED, TAKEN],
        [STARTED, ASKED, CLOSED, TAKEN],
        [
            STARTED,
            SegmentAsked("one", 2, 4),
            TakeRecorded("one", 2, 4, 0.5, inferred=False),
        ],
        [JobStarted("one", 3, 2, 12, 0)],
        [JobStarted("one", 3, 0, 0, 17), ASKED, TAKEN],
        [STARTED, ASKED, TAKEN, result("failed", 0)],
        [STARTED, ASKED, TAKEN, result("done", 5)],
    ],
    ids=[
        "before its turn",
        "never asked for",
        "after its line",
        "not as long as planned",
        "characters lost from the plan",
        "a take more than was missing",
        "a job that counts otherwise",
        "done with segments missing",
    ],
)
def test_a_bug_is_found(reports: list[Report]) -> None:
    """What cannot be does not balance."""
    ledger = make_ledger(*reports)

    with pytest.raises(AssertionError, match="one: the ledger does not balance"):
        ledger.check()


async def test_a_run_that_is_cut_and_run_again(tmp_path: Path) -> None:
    """What a batch really tells balances, and names what the cut has cost."""
    cut = FakeService(twist=only("Zwei.", lambda items: [items[0], Close(1011, "oh")]))
    account = Account()
    for service in (cut, FakeService()):
        ledger = Ledger(PLAN)
        await run_batch(
            PLAN, service.connect, tmp_path, listener=ledger.add, patience=ONE_LINE
        )
        ledger.check()
        account = enter(ledger, account)

    assert [
        Amounts(22, 0, 5 + 5, 12, sent_chars=5 + 5 + 5, wasted_chars=5),
        Amounts(22, 10, 12, 0, sent_chars=12),
    ] == [run.total for run in account.runs]
    assert ["done", "done"] == [job.state for job in account.jobs.values()]


def test_runs_are_added() -> None:
    """The newest run is last, and a job that it leaves out stays as it was."""
    before = enter(make_ledger(STARTED, OPENED, ASKED))
    only_two = Plan(PLAN.manifest, PLAN.jobs[1:])

    found = enter(Ledger(only_two, NOW), before)

    assert [(1, None), (2, NOW)] == [(run.number, run.wall) for run in found.runs]
    assert [5, 0] == [run.total.sent_chars for run in found.runs]
    assert before.jobs == found.jobs


def test_what_cost_nothing_is_not_listed() -> None:
    """A run lists the segments that were sent, and the jobs that have any."""
    (run,) = enter(make_ledger(STARTED, OPENED, ASKED, TAKEN)).runs

    assert {"one": {2: Amounts(5, 0, 5, 0, 5)}} == {
        name: job.segments for name, job in run.jobs.items()
    }


def test_the_newest_state_of_a_job() -> None:
    """A job is as far as its last run says, not as an earlier one did."""
    before = enter(make_ledger(STARTED))

    found = enter(make_ledger(STARTED, OPENED, ASKED, TAKEN), before)

    assert 7 == found.jobs["one"].missing_chars


def test_an_account_is_a_value() -> None:
    """What was handed out stays as it was while the run goes on."""
    ledger = make_ledger(STARTED, OPENED, ASKED)
    account = enter(ledger)

    ledger.add(TAKEN)

    assert enter(make_ledger(STARTED, OPENED, ASKED)) == account


def test_a_result() -> None:
    """A job is as far as its result says; without one it is unfinished."""
    failed = make_ledger(STARTED, ASKED, TAKEN, CLOSED, result("failed", 5))

    assert {
        "one": JobState("failed", 17, 10, 7),
        "two": JobState("unfinished", 5, 5, 0),
    } == enter(failed).jobs


def test_a_job_that_failed_before_it_began() -> None:
    """That its record could not even be read is told, too."""
    before = enter(make_ledger())

    assert "failed" == enter(make_ledger(result("failed", 0)), before).jobs["one"].state


def test_a_job_that_is_held() -> None:
    """Whoever has it tells how far it is; for this run it is as planned."""
    before = enter(make_ledger(STARTED, ASKED, TAKEN, result("failed", 5)))
    ledger = make_ledger(JobResult("one", "held", 3, 0, 0))
    ledger.check()

    assert before.jobs == enter(ledger, before).jobs
    assert "unfinished" == enter(ledger).jobs["one"].state
    assert Amounts(17, missing_chars=17) == ledger.amounts("one")


def test_a_job_that_another_run_has_taken_up() -> None:
    """How a job ended is told once; what comes after is another's to tell."""
    first, second = make_ledger(STARTED, wall=NOW), make_ledger(STARTED)
    first.add(result("failed", 0))
    account = enter(first)
    second.add(result("stopped", 0))
    account = enter(second, account)

    assert "stopped" == enter(first, account).jobs["one"].state


def test_what_could_not_be_written_is_told_again() -> None:
    """An account that nobody has kept does not count as told."""
    ledger = make_ledger(STARTED, result("failed", 0))
    ledger.enter_into(Account())

    assert "failed" == ledger.enter_into(enter(make_ledger())).jobs["one"].state


@given(st.lists(st.integers(0, 3)))
def test_runs_side_by_side(turns: list[int]) -> None:
    """However runs take turns, each is there once, as of its last turn."""
    ledgers = [make_ledger(STARTED, OPENED, wall=f"run {n}") for n in range(4)]
    account = Account()
    for turn in turns:
        for report in (ASKED, TAKEN):
            ledgers[turn].add(report)
        account = enter(ledgers[turn], account)

    newcomers = list(dict.fromkeys(turns))
    assert [f"run {n}" for n in newcomers] == [run.wall for run in account.runs]
    assert [5 * turns.count(n) for n in newcomers] == [
        run.total.sent_chars for run in account.runs
    ]


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=2 * KEPT_RUNS + 1))
@settings(max_examples=20)
def test_old_runs_are_added_up(costs: list[int]) -> None:
    """The newest are told apart; of the others the sum is kept, and nothing is lost."""
    account = Account()
    for number, chars in enumerate(costs, start=1):
        account = account.enter(RunEntry(None, Amounts(sent_chars=chars), {}, number))

    kept = [run.total.sent_chars for run in account.runs]
    assert costs[-KEPT_RUNS:] == kept
    assert sum(costs[:-KEPT_RUNS]) == account.earlier.sent_chars


def test_a_ledger_that_was_deleted() -> None:
    """Numbers begin anew, and runs of one number are told apart by their times."""
    ledger = make_ledger(wall=NOW)
    enter(ledger)
    account = enter(make_ledger(wall="later"))

    assert [(1, "later"), (1, NOW)] == [
        (run.number, run.wall) for run in enter(ledger, account).runs
    ]


def test_no_cap() -> None:
    """Without a cap anything may be sent."""
    budget = Budget(None)

    assert budget.may_send(10**9)
    assert not budget.is_reached


def test_cap() -> None:
    """The last segment that fits is sent; after a refusal nothing is, however short."""
    budget = Budget(10)

    assert [True, True, False, False] == [budget.may_send(n) for n in (4, 6, 1, 0)]
    assert budget.is_reached


@given(st.integers(0, 50), st.lists(st.integers(1, 20)))
def test_a_cap_is_never_exceeded(max_chars: int, segments: list[int]) -> None:
    """What is sent is the longest beginning that fits."""
    budget = Budget(max_chars)
    sent = [chars for chars in segments if budget.may_send(chars)]

    assert segments[: len(sent)] == sent
    assert sum(sent) <= max_chars
    assert (sum(segments) > max_chars) == budget.is_reached
