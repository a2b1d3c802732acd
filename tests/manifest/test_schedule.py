"""The order of a batch's jobs, and how long a run takes in it."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.manifests import make_job, make_manifest
from rimebatch.manifest.plan import PlannedJob, make_plan, mark
from rimebatch.manifest.schedule import (
    Order,
    arrange,
    estimate_makespan,
    estimate_makespans,
)

LENGTHS = st.lists(st.integers(0, 40), max_size=30)
FEW = st.lists(st.integers(0, 40), min_size=1, max_size=7)  # all schedules can be tried
CONNECTIONS = st.integers(1, 8)
ORDERS = st.sampled_from(["longest-first", "manifest"])


def plan_lengths(lengths: list[int]) -> tuple[PlannedJob, ...]:
    """Return jobs of so many characters, called by their numbers."""
    jobs = (make_job(f"{n}", "a" * length) for n, length in enumerate(lengths))
    return make_plan(make_manifest(*jobs)).jobs


def longest_first(lengths: list[int]) -> list[int]:
    """Return *lengths* as `arrange` has them by default."""
    arranged = arrange(plan_lengths(lengths), "longest-first")
    return [job.missing_chars for job in arranged]


def find_best(lengths: list[int], connections: int) -> int:
    """Return the least that any assignment of jobs to connections takes."""
    return min(
        max(
            sum(
                length
                for length, its_connection in zip(lengths, chosen, strict=True)
                if its_connection == connection
            )
            for connection in range(connections)
        )
        for chosen in product(range(connections), repeat=len(lengths))
    )


@given(LENGTHS, ORDERS)
def test_no_job_is_lost(lengths: list[int], order: Order) -> None:
    """Every job has one place, in any order."""
    jobs = plan_lengths(lengths)

    arranged = arrange(jobs, order)

    assert sorted(job.id for job in jobs) == sorted(job.id for job in arranged)


@given(LENGTHS)
def test_longest_first(lengths: list[int]) -> None:
    """No job comes before a longer one, nor before an equal one of a lower number."""
    found = [
        (-job.missing_chars, int(job.id))
        for job in arrange(plan_lengths(lengths), "longest-first")
    ]

    assert sorted(found) == found


def test_what_is_on_record_does_not_count() -> None:
    """A long job of which little is missing is a short one."""
    long, short = plan_lengths([40, 3])
    on_record = mark(long, [segment.key for segment in long.segments])

    assert [short, on_record] == arrange([on_record, short], "longest-first")


@given(LENGTHS)
def test_manifest_order(lengths: list[int]) -> None:
    """Whoever wants the manifest's order has it, whatever the lengths."""
    jobs = plan_lengths(lengths)

    assert [*jobs] == arrange(jobs, "manifest")


@pytest.mark.parametrize(
    ("lengths", "connections", "makespan"),
    [
        ([], 3, 0),
        ([5], 3, 5),
        ([1, 2, 3], 1, 6),
        ([1, 1, 1, 1, 1, 1, 6], 3, 8),
        ([6, 1, 1, 1, 1, 1, 1], 3, 6),
    ],
)
def test_makespan(lengths: list[int], connections: int, makespan: int) -> None:
    """A job begins where a connection is free first; the last one to end counts."""
    assert makespan == estimate_makespan(lengths, connections)


def test_makespans_of_a_plan() -> None:
    """Each order has its own; only what is missing counts."""
    jobs = (make_job(f"{n}", "a" * length) for n, length in enumerate((3, 3, 6, 9)))
    plan = make_plan(make_manifest(*jobs, concurrency=2))
    on_record = {segment.key for segment in plan.jobs[3].segments}
    rest = replace(plan, jobs=(*plan.jobs[:3], mark(plan.jobs[3], on_record)))

    assert {"longest-first": 12, "manifest": 12} == estimate_makespans(plan)
    assert {"longest-first": 6, "manifest": 9} == estimate_makespans(rest)


@given(LENGTHS, CONNECTIONS)
def test_bounds(lengths: list[int], connections: int) -> None:
    """No order is below the bound of all orders, nor at twice that bound."""
    total, longest = sum(lengths), max(lengths, default=0)

    for order in (lengths, longest_first(lengths)):
        found = estimate_makespan(order, connections)

        assert max(total / connections, longest) <= found
        assert found <= total / connections + longest * (1 - 1 / connections) + 1e-9


@given(FEW, st.integers(1, 3))
def test_longest_first_is_near_the_best(lengths: list[int], connections: int) -> None:
    """It takes at most 4/3 - 1/(3m) of the least possible (Graham, 1969)."""
    best = find_best(lengths, connections)

    found = estimate_makespan(longest_first(lengths), connections)

    assert best <= found
    assert 3 * connections * found <= (4 * connections - 1) * best
