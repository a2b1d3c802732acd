"""The batch: all jobs of a plan, side by side, each recorded and then rendered.

One nursery holds a task for each job. A job waits its turn in manifest order, holds a
slot while it may have a connection open, and gives it back before it is rendered. What
goes wrong within a job is its result; anything that leaves `run_batch` is a bug.

A job takes as many connections as it needs, one after the other, each with a transcript
of its own. What went wrong on one decides, with what has been used up so far, whether
there is another (see `rimebatch.recorder.patience`), when, or whether no job of the
batch opens one any more.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import trio

from rimebatch.errors import RimeBatchError
from rimebatch.manifest.load import Manifest
from rimebatch.manifest.plan import Plan, PlannedJob
from rimebatch.recorder.failures import Remedy
from rimebatch.recorder.governor import Governor
from rimebatch.recorder.job import JobRun, Origin
from rimebatch.recorder.patience import PATIENCE, Patience, Quota, Retries
from rimebatch.recorder.reports import AttemptFailed, JobResult, Listener
from rimebatch.recorder.session import Manners
from rimebatch.recorder.transports import Connect
from rimebatch.recorder.turnstile import Turnstile
from rimebatch.renderer import RenderedJob
from rimebatch.ws3.takes import BYTES_PER_SAMPLE

_RENDERING_THREADS: Final = 2  # rendering is fast; more would only crowd the recorder


async def run_batch(  # noqa: PLR0913  # four of them have good defaults
    plan: Plan,
    connect: Connect,
    folder: Path,
    *,
    origin: Origin | None = None,
    listener: Listener = lambda _: None,
    permit: Callable[[int], bool] = lambda _: True,
    patience: Patience = PATIENCE,
) -> list[JobResult]:
    """Record what is missing of every job, and render every job that is not current.

    Args:
        plan: What to say; ``plan.manifest.concurrency`` is how many connections may be
            open at a time.
        connect: Opens a connection: to the service, the local service or a replay.
        folder: Where transcripts and outputs go.
        origin: Goes into the head of each transcript.
        listener: Is told what happens.
        permit: Decides, just before each segment is sent, whether so many characters
            may be, and counts them if so. Once it has said no, nothing more is sent;
            jobs that are complete by then are rendered, the others are stopped.
        patience: How often it is tried again, and how soon.

    Returns:
        One result for each job, in the order of the plan.

    Cancellation:
        Drops the connections. What was committed is on record, transcripts are sealed,
        and no output is half published: the same call goes on from there.
    """
    governor = Governor(plan.manifest.concurrency, quiet_s=patience.quiet_s)
    batch = _Batch(
        plan.manifest,
        folder,
        origin or Origin(),
        listener,
        permit,
        patience,
        Turnstile(connect, governor),
        Quota(patience, plan.missing_chars),
    )
    results: dict[str, JobResult] = {}
    async with trio.open_nursery() as nursery:
        for job in plan.jobs:
            await batch.slots.acquire_on_behalf_of(job.id)
            await nursery.start(batch.run_job, job, results)
    return [results[job.id] for job in plan.jobs]


async def render_batch(
    plan: Plan, folder: Path, listener: Listener = lambda _: None
) -> list[JobResult]:
    """Render every job of *plan* from the record alone, current or not.

    A job with segments missing fails, and its error names them. Nothing is sent.

    Cancellation:
        No output is half published.
    """
    results = []
    for job in plan.jobs:
        run = JobRun(job, folder, listener)
        try:
            await run.look_up(trust=False)
            rendered = await run.render(trio.CapacityLimiter(1))
            result = run.done(rendered)
        except RimeBatchError as error:
            result = run.failed(error)
        listener(result)
        results.append(result)
    return results


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
    stopped_by: str | None = None

    def __post_init__(self) -> None:
        self.slots = trio.CapacityLimiter(self.manifest.concurrency)
        self._rendering = trio.CapacityLimiter(_RENDERING_THREADS)

    async def run_job(
        self,
        job: PlannedJob,
        results: dict[str, JobResult],
        task_status: trio.TaskStatus[None],
    ) -> None:
        """Record and render *job*, whose slot is held; it is released here.

        It has started once it knows what is missing, so that jobs start in order.
        """
        run = JobRun(job, self.folder, self.listener, self._may_send)
        try:
            try:
                try:
                    rendered = await run.look_up(trust=True)
                finally:
                    task_status.started()
                await self._record(run)
            finally:
                self.slots.release_on_behalf_of(job.id)
            result = await self._finish(run, rendered)
        except RimeBatchError as error:
            result = run.failed(error)
        results[job.id] = result
        self.listener(result)

    async def _record(self, run: JobRun) -> None:
        """Record what is missing, with as many connections as that takes."""
        retries = Retries(self.patience, self.quota)
        manners = self._manners(run.job)
        while run.job.missing and not self.turnstile.is_shut:
            try:
                async with self.turnstile.enter() as connect:
                    if connect is not None:
                        await run.record(connect, self.origin, manners)
            except RimeBatchError as error:
                if run.job.missing:  # else what broke was the end of the conversation
                    await self._weigh(error, run, retries)
            else:
                return

    async def _weigh(
        self, error: RimeBatchError, run: JobRun, retries: Retries
    ) -> None:
        """Wait until the job of *run* is tried again; raise *error* if it is not."""
        verdict = retries.judge(error, run.job.missing, run.sent)
        if verdict.remedy is Remedy.FAIL_JOB:
            raise error
        if verdict.remedy is Remedy.STOP_BATCH or self._is_hopeless():
            self._stop(run.describe(error))
        if self.turnstile.is_shut:
            raise error
        said, wait_s = run.describe(error), verdict.wait_s or 0.0
        self.listener(AttemptFailed(run.job.id, run.attempts, said, wait_s))
        await self.turnstile.pause(wait_s)

    async def _finish(self, run: JobRun, rendered: RenderedJob | None) -> JobResult:
        """Render the job of *run*, unless its files are current or it was stopped."""
        if run.job.missing and self.turnstile.is_shut:
            return run.stopped(self.stopped_by)
        return run.done(rendered or await run.render(self._rendering))

    def _may_send(self, chars: int) -> bool:
        """Whether *chars* may be sent; after the first no, nothing may."""
        if not self.turnstile.is_shut and not self.permit(chars):
            self.turnstile.shut()
        return not self.turnstile.is_shut

    def _is_hopeless(self) -> bool:
        """Whether nothing has come of any connection for too long."""
        limits, gate = self.patience, self.turnstile
        limit_s = limits.fruitless_s if gate.has_answered else limits.unanswered_s
        return gate.fruitless_s > limit_s

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
