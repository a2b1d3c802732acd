"""The order of a batch's jobs, and how long a run takes in it, by estimate.

Pure. A job is as long as what is missing of it has characters; how fast a service
speaks, and what connecting and rendering cost, it does not know.

Theory of operation. A batch takes as long as the connection that is done last. If each
job in turn goes to the connection that is free first, the worst that can happen is a
long job that begins when the others are nearly done: then one connection speaks, and
the others are idle. With the longest jobs first, the short ones fill the ends. No order
is ever faster by more than a third, less ``1 / (3 * connections)``: R. L. Graham,
"Bounds on Multiprocessing Timing Anomalies", 1969.
"""

from collections.abc import Iterable
from heapq import heapreplace
from typing import Final, Literal, TypeAlias, get_args

from rimebatch.manifest.plan import Plan, PlannedJob

Order: TypeAlias = Literal["longest-first", "manifest"]

DEFAULT_ORDER: Final[Order] = "longest-first"


def arrange(jobs: Iterable[PlannedJob], order: Order) -> list[PlannedJob]:
    """Return *jobs*, which are in the manifest's order, in *order*.

    Of jobs of the same length that comes first which the manifest has first.
    """
    if order == "manifest":
        return list(jobs)
    return sorted(jobs, key=lambda job: job.missing_chars, reverse=True)


def estimate_makespans(plan: Plan) -> dict[Order, int]:
    """Return by each order how much the connection that ends last is to speak.

    In characters. Connecting, rendering and what is sent again are left out, and so is
    that a service may let in fewer connections than the manifest allows.
    """
    orders: tuple[Order, ...] = get_args(Order)
    return {
        order: estimate_makespan(
            (job.missing_chars for job in arrange(plan.jobs, order)),
            plan.manifest.concurrency,
        )
        for order in orders
    }


def estimate_makespan(lengths: Iterable[int], connections: int) -> int:
    """Return when the last of several jobs is done, in the unit of *lengths*.

    Args:
        lengths: Of the jobs, in the order in which they begin.
        connections: How many jobs go on at a time, at least 1.
    """
    busy_until = [0] * connections
    for length in lengths:
        heapreplace(busy_until, busy_until[0] + length)
    return max(busy_until)
