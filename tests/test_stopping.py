"""A batch that is stopped half-way: what is paid for is kept, and nothing is begun."""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

import pytest
import trio

from fakes.manifests import make_job, make_manifest
from fakes.services import Close, FakeLine, FakeService, Hold, only
from fakes.threads import let_threads_end
from fakes.transcripts import read_kinds
from rimebatch.files import staged
from rimebatch.manifest.plan import Plan, make_plan
from rimebatch.recorder.batch import Stop, run_batch
from rimebatch.recorder.folders import transcripts_of
from rimebatch.recorder.patience import Patience
from rimebatch.recorder.reports import (
    AttemptFailed,
    JobResult,
    JobStarted,
    Report,
    SegmentAsked,
    TakeRecorded,
)
from rimebatch.recorder.transports import Connect
from rimebatch.transcript import TranscriptWriter, read_takes
from rimebatch.ws3 import Query

ONE, TWO, THREE = "The first one.", "Here is number two.", "And, at last, the third."
JOBS: Final = tuple(make_job(name, ONE, TWO, THREE) for name in "abcd")
LONG_S: Final = 3600.0  # nobody waits so long: a test that would, fails
SOON_S: Final = 10.0  # what ends at once has ended by then on any machine

When = Callable[[Report], bool]


def plan_of(folder: Path, concurrency: int = 2) -> Plan:
    """Return what is to be done, after what is on record in *folder*."""
    manifest = make_manifest(*JOBS, concurrency=concurrency)
    return make_plan(manifest, lambda job: transcripts_of(folder, job).takes())


async def run(folder: Path, connect: Connect) -> list[JobResult]:
    """Do what is left to do."""
    return await run_batch(plan_of(folder), connect, folder)


async def run_until(
    folder: Path,
    connect: Connect,
    when: When,
    grace_s: float,
    reports: list[Report] | None = None,
) -> list[JobResult]:
    """Run, and stop with the first report *when* says so; each job has a result."""
    moment = trio.Event()

    def listen(report: Report) -> None:
        if reports is not None:
            reports.append(report)
        if when(report):
            moment.set()

    async def supervise(stop: Stop) -> None:
        await moment.wait()
        stop(grace_s)

    with trio.fail_after(SOON_S):
        results = await run_batch(
            plan_of(folder),
            connect,
            folder,
            listener=listen,
            patience=Patience(jitter=lambda: 1.0),
            supervise=supervise,
        )

    assert moment.is_set()
    assert [job.id for job in JOBS] == [result.job for result in results]
    return results


def is_asked(segment: int) -> When:
    """Return whether a report says that the segment of that number is sent."""
    return lambda report: isinstance(report, SegmentAsked) and report.segment == segment


def read_outputs(folder: Path) -> dict[str, bytes]:
    """Return the published files in *folder* by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def count_takes(folder: Path) -> int:
    """Return how many takes are on record; every transcript is sealed."""
    paths = [path for job in JOBS for path in transcripts_of(folder, job.id).paths()]

    assert ["sealed"] * len(paths) == [read_kinds(path)[-1] for path in paths]
    return sum(len(read_takes(path, verify=True)) for path in paths)


@contextmanager
def stuck(path: Path) -> Iterator[None]:
    """Have whoever opens *path* in the context wait, until it is left."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)
    try:
        yield
    finally:
        both_ends = os.open(path, os.O_RDWR)  # who waited for the other end goes on
        path.unlink(missing_ok=True)  # unless they have removed it already
        os.close(both_ends)


@pytest.mark.parametrize("at", range(1, 16))
async def test_anywhere(tmp_path: Path, at: int) -> None:
    """Wherever it is stopped, what was sent is kept, and the next run goes on."""
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    await run(whole, FakeService().connect)
    reports: list[Report] = []
    first, second = FakeService(), FakeService()
    results = await run_until(
        broken, first.connect, lambda _: len(reports) == at, LONG_S, reports
    )

    told = [report for report in reports if isinstance(report, TakeRecorded)]
    done = {result.job for result in results if result.state == "done"}
    published = {name.partition(".")[0] for name in read_outputs(broken)}
    assert len(first.spoken) == len(told) == count_takes(broken)
    assert {"done", "stopped"} >= {result.state for result in results}
    assert done == published
    assert 4 == sum(isinstance(report, JobResult) for report in reports)

    again = await run(broken, second.connect)

    assert ["done"] * 4 == [result.state for result in again]
    assert 12 == len(first.spoken) + len(second.spoken)
    assert read_outputs(whole) == read_outputs(broken)


async def test_the_last_segment(tmp_path: Path) -> None:
    """Jobs that come to their end in time are rendered; later ones are not begun."""
    reports: list[Report] = []
    results = await run_until(
        tmp_path, FakeService().connect, is_asked(3), LONG_S, reports
    )

    begun = {report.job for report in reports if isinstance(report, JobStarted)}
    assert "done" in {result.state for result in results[:2]}
    assert {"stopped"} == {result.state for result in results[2:]}
    assert "the batch was stopped: interrupted" == results[3].error
    assert {"a", "b"} == begun


@pytest.mark.parametrize("grace_s", [0.0, 0.05])
async def test_too_little_time(tmp_path: Path, grace_s: float) -> None:
    """What does not end in time is dropped, which is no failure; the rest is kept."""
    service = FakeService(
        twist=only(TWO, lambda items: [items[0], Hold(for_good=True)])
    )
    results = await run_until(tmp_path, service.connect, is_asked(2), grace_s)

    assert {"stopped"} == {result.state for result in results}
    assert 0 == service.open_now
    assert 1 <= count_takes(tmp_path) <= service.spoken.count(ONE)
    assert {} == read_outputs(tmp_path)


async def test_a_line_that_is_lost_meanwhile(tmp_path: Path) -> None:
    """What would be tried again if the batch went on, the next run tries again."""
    service = FakeService(twist=only(TWO, lambda items: [items[0], Close(1011)]))
    results = await run_until(tmp_path, service.connect, is_asked(2), LONG_S)

    assert {"stopped"} == {result.state for result in results}
    assert 2 >= service.spoken.count(TWO)  # of two jobs, once each


async def test_a_farewell_that_does_not_come(tmp_path: Path) -> None:
    """A job whose last take is on record is complete, however its line ends."""
    service = FakeService(farewell=(Hold(for_good=True),))
    results = await run_until(
        tmp_path,
        service.connect,
        lambda report: isinstance(report, TakeRecorded) and report.segment == 3,
        0.0,
    )

    assert "done" in {result.state for result in results[:2]}


async def test_a_handshake(tmp_path: Path) -> None:
    """A connection that is not open yet is given up at once."""

    @asynccontextmanager
    async def connect(
        query: Query, transcript: TranscriptWriter
    ) -> AsyncIterator[FakeLine]:
        await trio.Event().wait()
        async with FakeService().connect(query, transcript) as line:
            yield line

    results = await run_until(
        tmp_path,
        connect,
        lambda report: isinstance(report, JobStarted) and report.job == "b",
        LONG_S,
    )

    assert {"stopped"} == {result.state for result in results}


@pytest.mark.parametrize("status", [503, 429])
async def test_a_pause(tmp_path: Path, status: int) -> None:
    """Pauses before another try, and the wait for room, end at once."""
    service = FakeService(refusal="not now", status=status)
    results = await run_until(
        tmp_path,
        service.connect,
        lambda report: isinstance(report, AttemptFailed),
        LONG_S,
    )

    assert {"stopped"} == {result.state for result in results}
    assert "the batch was stopped: interrupted" == results[0].error


async def test_nobody_waits_for_a_thread(tmp_path: Path) -> None:
    """A run that is cancelled does not wait for what is read or rendered."""
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    await run(whole, FakeService().connect)
    await run(broken, FakeService().connect)
    plan = plan_of(broken)
    (broken / "a.words.json").unlink()
    [of_b] = transcripts_of(broken, "b").paths()
    kept = of_b.rename(broken / "kept")
    with stuck(staged(broken / "a.wav")), stuck(of_b), trio.fail_after(SOON_S):
        with trio.move_on_after(0.1) as scope:
            await run_batch(plan, FakeService().connect, broken)

    assert scope.cancelled_caught

    await let_threads_end()
    kept.rename(of_b)
    service = FakeService()
    await run(broken, service.connect)

    assert [] == service.spoken
    assert read_outputs(whole) == read_outputs(broken)
