"""The batch: all jobs of a plan, side by side, each recorded and then rendered.

One nursery holds a task for each job. A job waits its turn in manifest order, holds a
slot while it may have a connection open, and gives it back before it is rendered. What
goes wrong within a job is its result; anything that leaves `run_batch` is a bug.
"""

from pathlib import Path
from typing import Final

import trio

from rimebatch.errors import RimeBatchError
from rimebatch.manifest.load import Manifest
from rimebatch.manifest.plan import Plan, PlannedJob
from rimebatch.recorder.job import JobRun, Origin
from rimebatch.recorder.reports import JobResult, Listener
from rimebatch.recorder.session import Manners
from rimebatch.recorder.transports import Connect
from rimebatch.ws3.takes import BYTES_PER_SAMPLE

_RENDERING_THREADS: Final = 2  # rendering is fast; more would only crowd the recorder


async def run_batch(
    plan: Plan,
    connect: Connect,
    folder: Path,
    *,
    origin: Origin | None = None,
    listener: Listener = lambda _: None,
) -> list[JobResult]:
    """Record what is missing of every job, and render every job that is not current.

    Args:
        plan: What to say; ``plan.manifest.concurrency`` is how many connections may be
            open at a time.
        connect: Opens a connection: to the service, the local service or a replay.
        folder: Where transcripts and outputs go.
        origin: Goes into the head of each transcript.
        listener: Is told what happens.

    Returns:
        One result for each job, in the order of the plan.

    Cancellation:
        Drops the connections. What was committed is on record, transcripts are sealed,
        and no output is half published: the same call goes on from there.
    """
    batch = _Batch(plan.manifest, connect, folder, origin or Origin(), listener)
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


class _Batch:
    """What the jobs of one batch share."""

    def __init__(
        self,
        manifest: Manifest,
        connect: Connect,
        folder: Path,
        origin: Origin,
        listener: Listener,
    ) -> None:
        self.slots = trio.CapacityLimiter(manifest.concurrency)
        self._rendering = trio.CapacityLimiter(_RENDERING_THREADS)
        self._manifest = manifest
        self._connect = connect
        self._folder = folder
        self._origin = origin
        self._listener = listener

    async def run_job(
        self,
        job: PlannedJob,
        results: dict[str, JobResult],
        task_status: trio.TaskStatus[None],
    ) -> None:
        """Record and render *job*, whose slot is held; it is released here.

        It has started once it knows what is missing, so that jobs start in order.
        """
        run = JobRun(job, self._folder, self._listener)
        try:
            try:
                try:
                    rendered = await run.look_up(trust=True)
                finally:
                    task_status.started()
                if run.job.missing:
                    await run.record(self._connect, self._origin, self._manners(job))
            finally:
                self.slots.release_on_behalf_of(job.id)
            rendered = rendered or await run.render(self._rendering)
            result = run.done(rendered)
        except RimeBatchError as error:
            result = run.failed(error)
        results[job.id] = result
        self._listener(result)

    def _manners(self, job: PlannedJob) -> Manners:
        return Manners(
            done=self._manifest.done,
            bytes_per_sample=BYTES_PER_SAMPLE.get(dict(job.query)["audioFormat"], 1),
            silence_limit_s=self._manifest.silence_limit_s,
            is_script=job.is_script,
        )
