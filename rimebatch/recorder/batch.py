"""The batch: all jobs of a plan, side by side, each recorded and then rendered.

One nursery holds a task for each job. Jobs of which something is missing wait for their
turns in the order asked for. Each holds a slot while it may have a connection open, and
gives it back before it is rendered. The others need no connection: they are looked up
and rendered beside them, so that they neither delay the first connection nor are left
for the end. What goes wrong within a job is its result; anything that leaves
`run_batch` is a bug.

A job takes as many connections as it needs, one after the other, each with a transcript
of its own. What went wrong on one decides, with what has been used up so far, whether
there is another (see `rimebatch.recorder.patience`), when, or whether no job of the
batch opens one any more.

Several processes may run the same plan side by side: each job is held by one of them,
from before it is looked up until its result has been told, and skipped by the others.
Only jobs whose files are current are not held.
"""

import math
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

import trio

from rimebatch.errors import RimeBatchError
from rimebatch.manifest.load import Manifest
from rimebatch.manifest.plan import Plan, PlannedJob
from rimebatch.manifest.schedule import DEFAULT_ORDER, Order, arrange
from rimebatch.recorder.breaker import Breaker
from rimebatch.recorder.failures import Remedy, classify
from rimebatch.recorder.folders import transcripts_of
from rimebatch.recorder.governor import Governor
from rimebatch.recorder.job import JobRun
from rimebatch.recorder.origin import Origin
from rimebatch.recorder.patience import PATIENCE, Outlook, Patience, Quota, Retries
from rimebatch.recorder.reports import (
    AttemptFailed,
    JobResult,
    Listener,
    Report,
    TakeRecorded,
)
from rimebatch.recorder.session import Manners
from rimebatch.recorder.transports import Connect
from rimebatch.recorder.turnstile import Turnstile
from rimebatch.renderer import RenderedJob
from rimebatch.transcript.locks import hold
from rimebatch.ws3.takes import BYTES_PER_SAMPLE

_RENDERING_THREADS: Final = 2  # rendering is fast; more would only crowd the recorder
_FINAL: Final = frozenset({Remedy.FAIL_JOB, Remedy.STOP_BATCH})

Stop: TypeAlias = Callable[[float], None]
"""Ends a batch early; takes in flight have so many seconds to come to their end."""


async def _run_to_the_end(_: Stop) -> None:
    """Supervise a batch that nobody stops."""


async def run_batch(  # noqa: PLR0913  # all but three have good defaults
    plan: Plan,
    connect: Connect,
    folder: Path,
    *,
    order: Order = DEFAULT_ORDER,
    origin: Origin | None = None,
    listener: Listener = lambda _: None,
    permit: Callable[[int], bool] = lambda _: True,
    patience: Patience = PATIENCE,
    supervise: Callable[[Stop], Awaitable[None]] = _run_to_the_end,
) -> list[JobResult]:
    """Record what is missing of every job, and render every job that is not current.

    Args:
        plan: What to say; ``plan.manifest.concurrency`` is how many connections may be
            open at a time.
        connect: Opens a connection: to the service, the local service or a replay.
        folder: Where transcripts and outputs go.
        order: In which jobs get a connection; see `rimebatch.manifest.schedule`.
        origin: Goes into the head of each transcript.
        listener: Is told what happens.
        permit: Decides, just before each segment is sent, whether so many characters
            may be, and counts them if so. Once it has said no, nothing more is sent;
            jobs that are complete by then are rendered, the others are stopped.
        patience: How often it is tried again, and how soon.
        supervise: Runs beside the jobs for as long as they do, and may stop them. Then
            nothing more is sent or opened; jobs that are complete by the end of what
            is in flight are rendered, and the others are stopped.

    Returns:
        One result for each job, in the order of the plan.

    Cancellation:
        Drops the connections. What was committed is on record, transcripts are sealed,
        and no output is half published: the same call goes on from there. It waits for
        no thread but those that make a take last; one that renders may yet publish the
        files of a job, complete, unless the process ends first.
    """
    turnstile = Turnstile(
        connect,
        Governor(plan.manifest.concurrency, quiet_s=patience.quiet_s),
        Breaker(probe_s=patience.probe_s),
    )
    batch = _Batch(
        plan.manifest,
        folder,
        origin or Origin(),
        listener,
        permit,
        patience,
        turnstile,
        Quota(patience, plan.missing_chars),
        Quota(patience, plan.missing_chars),
    )
    results: dict[str, JobResult] = {}
    async with trio.open_nursery() as around:
        around.start_soon(supervise, batch.stop)
        async with trio.open_nursery() as nursery:
            complete = [job for job in plan.jobs if not job.missing]
            nursery.start_soon(batch.start_jobs, nursery, complete, batch.free, results)
            others = arrange((job for job in plan.jobs if job.missing), order)
            await batch.start_jobs(nursery, others, batch.slots, results)
        around.cancel_scope.cancel()
    return [results.get(job.id) or batch.leave_out(job) for job in plan.jobs]


async def render_batch(
    plan: Plan,
    folder: Path,
    listener: Listener = lambda _: None,
    *,
    wall: str | None = None,
) -> list[JobResult]:
    """Render every job of *plan* from the record alone, current or not.

    A job with segments missing fails, and its error names them; one that another
    process is at is left to it. Nothing is sent.

    Args:
        plan: What is said.
        folder: Where transcripts and outputs are.
        listener: Is told what happens.
        wall: The time of day as RFC 3339, for whoever wants a job that is held.

    Cancellation:
        No output is half published.
    """
    results = []
    for job in plan.jobs:
        run = JobRun(job, folder, listener)
        # With nothing on record nothing can be made: not even a folder to hold.
        is_recorded = bool(transcripts_of(folder, job.id).paths())
        try:
            with _hold(job, folder, wall) if is_recorded else nullcontext():
                await run.look_up(trust=False)
                rendered = await run.render(trio.CapacityLimiter(1))
            result = run.done(rendered) if rendered else run.doubtful()
        except RimeBatchError as error:
            result = run.failed(error)
        listener(result)
        results.append(result)
    return results


def _hold(
    job: PlannedJob, folder: Path, wall: str | None
) -> AbstractContextManager[None]:
    return hold(transcripts_of(folder, job.id).folder, since=wall or "unknown")


@dataclass
class _Batch:
    """What the jobs of one batch share."""

    manifest: Manifest
    folder: Path
    origin: Origin
    listener: Listener
    permit: Callable[[int], bool]
    patience: Patience
    turnstile: Turnstile
    quota: Quota
    retakes: Quota
    stopped_by: str | None = None
    is_ending: bool = False
    on_line: set[JobRun] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.slots = trio.CapacityLimiter(self.manifest.concurrency)
        self.free = trio.CapacityLimiter(math.inf)
        self._outlook = Outlook(self.patience, self.quota, self.turnstile)
        self._rendering = trio.CapacityLimiter(_RENDERING_THREADS)

    async def start_jobs(
        self,
        nursery: trio.Nursery,
        jobs: Iterable[PlannedJob],
        slots: trio.CapacityLimiter,
        results: dict[str, JobResult],
    ) -> None:
        """Start a task for each of *jobs*, in order, once it has one of *slots*."""
        for job in jobs:
            await slots.acquire_on_behalf_of(job.id)
            if self.is_ending:
                slots.release_on_behalf_of(job.id)  # to one with retakes
                break
            await nursery.start(self._run_job, job, slots, results)

    async def _run_job(
        self,
        job: PlannedJob,
        slots: trio.CapacityLimiter,
        results: dict[str, JobResult],
        task_status: trio.TaskStatus[None],
    ) -> None:
        """Record and render *job*, which holds one of *slots*; it is released here.

        It has started once it knows what is missing, so that jobs start in order.
        """
        run = JobRun(job, self.folder, self._hear, self._may_send)
        with ExitStack() as lock:
            try:
                try:
                    try:
                        rendered = await self._look_up(run, lock)
                    finally:
                        task_status.started()
                    await self._record(run)
                finally:
                    slots.release_on_behalf_of(job.id)
                result = await self._finish(run, rendered)
            except RimeBatchError as error:
                if classify(error).remedy is Remedy.STOP_BATCH:
                    self._stop(run.describe(error))
                result = run.failed(error)
            results[job.id] = result
            self.listener(result)

    async def _look_up(self, run: JobRun, lock: ExitStack) -> RenderedJob | None:
        """Find what is on record; return the files of the job if they are current.

        If they are not, the job is held from here on until *lock* is left, and looked
        up again: whoever held it just before may have completed it.
        """
        rendered = await run.find_files()
        if rendered is None:
            lock.enter_context(_hold(run.job, self.folder, self.origin.wall))
            rendered = await run.look_up(trust=True)
        return rendered

    def stop(self, grace_s: float) -> None:
        """End the batch; what is in flight has *grace_s* seconds; see `Stop`."""
        self.is_ending = True
        self._stop("interrupted")
        for run in self.on_line:
            run.hang_up(grace_s)

    def leave_out(self, job: PlannedJob) -> JobResult:
        """Return, and tell, the result of a *job* that is not begun any more."""
        result = JobRun(job, self.folder, self.listener).stopped(self.stopped_by)
        self.listener(result)
        return result

    async def _record(self, run: JobRun) -> None:
        """Record what is missing, with as many connections as that takes."""
        retries = Retries(self.patience, self.quota)
        manners = self._manners(run.job)
        while run.job.missing and not self.turnstile.is_shut:
            try:
                async with self.turnstile.enter() as connect:
                    if connect is not None:
                        self.on_line.add(run)
                        await run.record(connect, self.origin, manners)
            except RimeBatchError as error:
                if run.job.missing:  # else what broke was the end of the conversation
                    await self._weigh(error, run, retries)
            else:
                return
            finally:
                self.on_line.discard(run)

    async def _weigh(
        self, error: RimeBatchError, run: JobRun, retries: Retries
    ) -> None:
        """Wait until the job of *run* is tried again; raise why if it is not."""
        verdict = retries.judge(error, run.job.missing, run.sent)
        if self.is_ending and verdict.remedy not in _FINAL:
            return  # the next run tries again: the job is stopped, not failed
        if not self.turnstile.is_shut:
            error = self._outlook.judge(error, run.job)
        if classify(error).remedy is Remedy.STOP_BATCH:
            self._stop(run.describe(error))
        if verdict.remedy is Remedy.FAIL_JOB or self.turnstile.is_shut:
            raise error
        said, wait_s = run.describe(error), verdict.wait_s or 0.0
        self.listener(AttemptFailed(run.job.id, run.attempts, said, wait_s))
        await self.turnstile.pause(wait_s)

    async def _finish(self, run: JobRun, rendered: RenderedJob | None) -> JobResult:
        """Render the job of *run*, unless its files are current or it was stopped.

        Where takes fail their checks and others are worth a try, they are recorded.
        """
        while rendered is None:
            if run.job.missing and self.turnstile.is_shut:
                return run.stopped(self.stopped_by)
            rendered = await run.render(self._rendering)
            if rendered is None:
                if self.turnstile.is_shut or not await run.reject_doubtful(
                    self.retakes.take
                ):
                    return run.doubtful()
                async with self.slots:
                    await self._record(run)
        return run.done(rendered)

    def _may_send(self, chars: int) -> bool:
        """Whether *chars* may be sent; after the first no, nothing may."""
        if not self.turnstile.is_shut and not self.permit(chars):
            self.turnstile.shut()
        return not self.turnstile.is_shut

    def _hear(self, report: Report) -> None:
        """Tell the turnstile of a take, and the listener of everything."""
        if isinstance(report, TakeRecorded):
            self.turnstile.took()
        self.listener(report)

    def _stop(self, why: str) -> None:
        """Have nothing more sent in this batch; the first reason is the one told."""
        self.stopped_by = self.stopped_by or f"the batch was stopped: {why}"
        self.turnstile.shut()

    def _manners(self, job: PlannedJob) -> Manners:
        return Manners(
            done=self.manifest.done,
            bytes_per_sample=BYTES_PER_SAMPLE.get(dict(job.query)["audioFormat"], 1),
            silence_limit_s=self.manifest.silence_limit_s,
            is_script=job.is_script,
        )
