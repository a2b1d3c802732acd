"""What goes wrong once costs little: whole batches against a service with faults."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import trio

from fakes.manifests import make_job, make_manifest
from fakes.tills import Till, syntheses
from rimebatch.manifest.plan import make_plan
from rimebatch.recorder.batch import run_batch
from rimebatch.recorder.folders import transcripts_of
from rimebatch.recorder.patience import PATIENCE, Patience
from rimebatch.recorder.reports import AttemptFailed, Report
from rimebatch.recorder.transports import Transport
from rimebatch.recorder.transports.endpoint import Endpoint
from rimebatch.recorder.transports.live import LINE_LIMITS, open_live
from rimebatch.server import ServiceOptions, serve_ws3
from rimebatch.server.faults import FAULTS
from rimebatch.server.voices import ToneVoice
from rimebatch.transcript import TranscriptWriter, read_entries
from rimebatch.ws3 import Query

TEXTS: Final = ("Number one.", "Here comes two.", "And three.")
VALUES: Final = {"pings": "=50", "flood": "=500"}  # by default they take a while
SAME_AGAIN: Final = {"redirect"}  # would be answered so again, and is not tried
AT_ONCE: Final = Patience(jitter=lambda: 0.0, quiet_s=0.1)


@asynccontextmanager
async def open_service(
    log: Path, account_limit: int | None = None
) -> AsyncIterator[Endpoint]:
    """Yield where a service is that keeps a *log* and lets in so many at a time."""
    options = ServiceOptions(voice=ToneVoice(), log=log, account_limit=account_limit)
    async with trio.open_nursery() as nursery:
        yield Endpoint(str(await nursery.start(serve_ws3, options)), "any-key")
        nursery.cancel_scope.cancel()


def read_bill(log: Path) -> Counter[str | None]:
    """Return how many characters the service billed, by the context id."""
    bill: Counter[str | None] = Counter()
    for synthesis in syntheses(Till("", log).read()):
        bill[synthesis.context_id] += synthesis.chars
    return bill


async def test_each_job_has_a_fault_of_its_own(tmp_path: Path) -> None:
    """Every job is complete in the end, and little is billed again."""
    jobs = [make_job(name, *TEXTS) for name in FAULTS]
    manifest = make_manifest(*jobs, concurrency=8, done="always", silence_limit_s=2.0)
    plan = make_plan(manifest)
    reports: list[Report] = []

    def connect(
        endpoint: Endpoint, query: Query, transcript: TranscriptWriter
    ) -> AbstractAsyncContextManager[Transport]:
        name = transcript.header.job
        place = "" if FAULTS[name].opens else "@2"
        fault = ("fault", f"{name}{place}{VALUES.get(name, '')}")
        asked = (*query, fault) if transcript.header.attempt == 1 else query
        limits = replace(LINE_LIMITS, connect_s=2.0, close_s=0.1)
        return open_live(endpoint, asked, transcript, limits)

    log = tmp_path / "service.jsonl"
    async with open_service(log) as endpoint:
        results = await run_batch(
            plan,
            partial(connect, endpoint),
            tmp_path,
            listener=reports.append,
            patience=AT_ONCE,
        )
        again = await run_batch(plan, partial(open_live, endpoint), tmp_path)

    failed = {result.job for result in results if result.state != "done"}
    planned_chars = sum(job.chars for job in plan.jobs)
    resent = sum(r.sent_chars for r in (*results, *again)) - planned_chars
    assert SAME_AGAIN == failed
    assert {"done"} == {result.state for result in again}
    bill = read_bill(log)
    assert 0 < bill.total() - planned_chars <= resent <= PATIENCE.resent_chars
    for segment in [segment for job in plan.jobs for segment in job.segments]:
        assert bill[segment.context_id] in {segment.chars, 2 * segment.chars}
    assert len(FAULTS) / 2 < sum(isinstance(r, AttemptFailed) for r in reports)
    for job in jobs:
        for path in transcripts_of(tmp_path, job.id).paths():
            assert "sealed" == [entry.kind for entry in read_entries(path)][-1]


async def test_a_service_with_fewer_places(tmp_path: Path) -> None:
    """Twelve jobs that all want to speak, and four that may: few are refused."""
    jobs = [make_job(f"ch{number:02}", *TEXTS) for number in range(12)]
    plan = make_plan(make_manifest(*jobs, concurrency=12))
    reports: list[Report] = []
    log = tmp_path / "service.jsonl"
    async with open_service(log, account_limit=4) as endpoint:
        results = await run_batch(
            plan,
            partial(open_live, endpoint),
            tmp_path,
            listener=reports.append,
            patience=AT_ONCE,
        )

    refused = [report for report in reports if isinstance(report, AttemptFailed)]
    assert {"done"} == {result.state for result in results}
    assert sum(job.chars for job in plan.jobs) == read_bill(log).total()
    assert 0 < len(refused) <= 12
    assert all("HTTP 429" in report.error for report in refused)
