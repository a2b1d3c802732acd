"""Tests of all jobs of a plan together, over a service in memory."""

import re
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from fakes.manifests import (
    RATE_HZ,
    UNCHECKED,
    make_job,
    make_manifest,
    make_script,
    make_voice,
)
from fakes.mp3 import encode, make_sound
from fakes.services import (
    Change,
    Close,
    FakeLine,
    FakeService,
    Hold,
    Item,
    at_first,
    hush,
    only,
)
from fakes.threads import let_threads_end
from fakes.transcripts import damage, read_kinds
from rimebatch.manifest.load import Job, Manifest, Voice
from rimebatch.manifest.plan import make_plan
from rimebatch.manifest.schedule import DEFAULT_ORDER, Order
from rimebatch.manifest.take_checks import OnFail
from rimebatch.recorder.batch import Stop, render_batch, run_batch
from rimebatch.recorder.folders import transcripts_of
from rimebatch.recorder.ledger import Amounts, Budget, Ledger
from rimebatch.recorder.origin import Origin
from rimebatch.recorder.patience import Patience
from rimebatch.recorder.reports import (
    AttemptFailed,
    JobResult,
    JobStarted,
    LineChanged,
    Listener,
    Report,
    SegmentAsked,
    TakeRecorded,
    TakeRejected,
)
from rimebatch.transcript import TranscriptWriter, read_header, read_takes
from rimebatch.transcript.locks import hold, read_holder
from rimebatch.ws3 import Chunk, Query, decode_event, encode_event

ONE, TWO, THREE = "The first one.", "Here is number two.", "And, at last, the third."
AT_ONCE = Patience(jitter=lambda: 0.0)  # no test waits
JOBS = (make_job("a", ONE, TWO), make_job("b", TWO, THREE), make_job("c", THREE, ONE))


async def run(
    folder: Path,
    service: FakeService,
    *jobs: Job,
    manifest: Manifest | None = None,
    order: Order = DEFAULT_ORDER,
    listener: Listener = lambda _: None,
) -> list[JobResult]:
    """Run *jobs*, planned with what is on record in *folder*."""
    plan = make_plan(
        replace(manifest or make_manifest(), jobs=jobs or JOBS),
        lambda job_id: transcripts_of(folder, job_id).takes(),
    )
    return await run_batch(
        plan,
        service.connect,
        folder,
        order=order,
        listener=listener,
        patience=AT_ONCE,
    )


async def render(folder: Path, *jobs: Job) -> list[JobResult]:
    """Render *jobs* from what is on record in *folder*."""
    return await render_batch(make_plan(make_manifest(*jobs)), folder)


def states(results: list[JobResult]) -> list[tuple[str, str]]:
    """Return job and state of each result."""
    return [(result.job, result.state) for result in results]


def read_outputs(folder: Path) -> dict[str, bytes]:
    """Return the published files in *folder* by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def read_times(folder: Path) -> dict[str, int]:
    """Return when each published file in *folder* was written."""
    return {p.name: p.stat().st_mtime_ns for p in folder.iterdir() if p.is_file()}


def fail_at(text: str) -> FakeService:
    """Return a service that hangs up, for good reason, while it speaks *text*."""
    return FakeService(twist=only(text, lambda items: [items[0], Close(1008, "oh")]))


async def test_results(tmp_path: Path) -> None:
    """Every job has a result, in the order of the plan, and its files."""
    results = await run(tmp_path, FakeService(), *JOBS)

    assert [("a", "done"), ("b", "done"), ("c", "done")] == states(results)
    assert {
        *("a.wav", "a.words.json"),
        *("b.wav", "b.words.json"),
        *("c.wav", "c.words.json"),
    } == read_outputs(tmp_path).keys()
    assert all(result.sent_chars and not result.reused_chars for result in results)


async def test_mp3(tmp_path: Path) -> None:
    """An odd number of bytes is half a sample of PCM, and nothing odd in MP3."""
    tag = b"ID3\4\0\0\0\0\0\1?"
    audio = tag + encode(make_sound(4000, RATE_HZ), RATE_HZ)
    voice = Voice({**make_voice().parameters, "audioFormat": "mp3"})
    job = replace(make_job("a", ONE), voice=voice)
    chunks = [encode_event(Chunk(part)) for part in (audio[:999], audio[999:])]
    service = FakeService(twist=lambda _, items: [*chunks, items[-1]])
    reports: list[Report] = []

    (result,) = await run(tmp_path, service, job, listener=reports.append)

    assert 1 == len(audio) % 2
    assert ("done", 0.5) == (result.state, result.audio_s)
    # Until it is rendered, nobody knows how long it is.
    assert [len(ONE) / 15] == [
        report.audio_s for report in reports if isinstance(report, TakeRecorded)
    ]


@given(jobs=st.integers(1, 7), concurrency=st.integers(1, 8))
@settings(max_examples=15)
def test_concurrency(jobs: int, concurrency: int) -> None:
    """As many connections are open as may be, never more, and none is left."""
    service = FakeService()
    made = (make_job(f"job{number}", ONE, TWO) for number in range(jobs))
    plan = make_plan(make_manifest(*made, concurrency=concurrency))
    all_there = trio.Event()

    @asynccontextmanager
    async def connect(
        query: Query, transcript: TranscriptWriter
    ) -> AsyncIterator[FakeLine]:
        async with service.connect(query, transcript) as line:
            if service.open_now == min(jobs, concurrency):
                all_there.set()
            yield line
            with trio.fail_after(10):
                await all_there.wait()

    with tempfile.TemporaryDirectory() as folder:
        trio.run(run_batch, plan, connect, Path(folder))

    assert min(jobs, concurrency) == service.most_open
    assert jobs == len(service.lines)
    assert 0 == service.open_now


@pytest.mark.parametrize("concurrency", [1, 2, 5])
@pytest.mark.parametrize(
    ("order", "started"), [("longest-first", "dbeac"), ("manifest", "abcde")]
)
async def test_order(
    tmp_path: Path, order: Order, started: str, concurrency: int
) -> None:
    """Jobs start in the order that was asked for; the results are the plan's."""
    reports: list[Report] = []
    lengths = {"a": 2, "b": 3, "c": 1, "d": 4, "e": 3}
    jobs = [make_job(name, *([ONE] * count)) for name, count in lengths.items()]
    results = await run(
        tmp_path,
        FakeService(),
        *jobs,
        manifest=make_manifest(concurrency=concurrency),
        order=order,
        listener=reports.append,
    )

    assert [*started] == [
        report.job for report in reports if isinstance(report, JobStarted)
    ]
    assert [(name, "done") for name in lengths] == states(results)


async def test_what_is_complete_waits_for_nobody(tmp_path: Path) -> None:
    """A job that is only to be rendered is done while others have all connections."""
    await run(tmp_path, FakeService(), JOBS[2])
    (tmp_path / "c.wav").unlink()
    rendered = trio.Event()
    service = FakeService()

    @asynccontextmanager
    async def connect(
        query: Query, transcript: TranscriptWriter
    ) -> AsyncIterator[FakeLine]:
        with trio.fail_after(10):
            await rendered.wait()
        async with service.connect(query, transcript) as line:
            yield line

    def listen(report: Report) -> None:
        if isinstance(report, JobResult) and report.job == "c":
            rendered.set()

    plan = make_plan(
        make_manifest(*JOBS, concurrency=1),
        lambda job_id: transcripts_of(tmp_path, job_id).takes(),
    )
    results = await run_batch(plan, connect, tmp_path, listener=listen)

    assert [("a", "done"), ("b", "done"), ("c", "done")] == states(results)
    assert 2 == len(service.lines)


async def test_what_is_complete_and_damaged(tmp_path: Path) -> None:
    """Its line is one of as many as may be open."""
    jobs = [make_job(name, ONE, TWO) for name in "abcdef"]
    await run(tmp_path, FakeService(), *jobs[3:])
    for job in jobs[3:]:
        damage(next(iter(transcripts_of(tmp_path, job.id).takes().values())))
        (tmp_path / f"{job.id}.wav").unlink()
    service = FakeService()
    manifest = make_manifest(concurrency=2)
    results = await run(tmp_path, service, *jobs, manifest=manifest)

    assert {"done"} == {result.state for result in results}
    assert (6, 2) == (len(service.lines), service.most_open)


async def test_one_failure(tmp_path: Path) -> None:
    """A job that fails leaves the others alone, and its takes on record."""
    jobs = [make_job("a", ONE), make_job("bad", ONE, TWO), make_job("c", THREE)]
    results = await run(tmp_path, fail_at(TWO), *jobs)

    assert [("a", "done"), ("bad", "failed"), ("c", "done")] == states(results)
    assert (
        "bad, segment 2 of 2, 5 bytes of audio in: the connection was closed with "
        "1008 (oh)"
    ) == results[1].error

    service = FakeService()
    again = await run(tmp_path, service, *jobs)

    assert [TWO] == service.spoken
    assert ["done"] * 3 == [result.state for result in again]


async def test_a_lost_line(tmp_path: Path) -> None:
    """A job whose line is lost gets another, and only what was in flight goes again."""
    losses = iter([1006, 1011, 1001])
    service = FakeService(
        twist=only(TWO, lambda items: lose(items, next(losses, None)))
    )
    reports: list[Report] = []
    job = make_job("a", ONE, TWO, THREE)
    (result,) = await run(tmp_path, service, job, listener=reports.append)

    assert "done" == result.state
    assert [ONE, TWO, TWO, TWO, TWO, THREE] == service.spoken
    assert len(ONE + TWO * 4 + THREE) == result.sent_chars
    assert [1, 2, 3] == [r.attempt for r in reports if isinstance(r, AttemptFailed)]
    assert 4 == len(transcripts_of(tmp_path, "a").paths())


async def test_a_line_that_is_lost_again_and_again(tmp_path: Path) -> None:
    """A segment is bought four times at most; then the job fails, and tells it."""
    service = FakeService(twist=only(TWO, lambda items: lose(items, 1011)))
    results = await run(tmp_path, service, make_job("a", ONE, TWO), make_job("b", ONE))

    assert [("a", "failed"), ("b", "done")] == states(results)
    assert 4 == service.spoken.count(TWO)
    assert (
        "a, segment 2 of 2, 5 bytes of audio in: the connection was closed with 1011; "
        "tried 4 times"
    ) == results[0].error


async def test_an_end_that_is_broken(tmp_path: Path) -> None:
    """What goes wrong once everything is on record is no reason to try again."""
    service = FakeService(farewell=("no event", Close()))
    (result,) = await run(tmp_path, service, JOBS[0])

    assert ("done", 1) == (result.state, len(service.lines))


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_no_account(tmp_path: Path, concurrency: int) -> None:
    """A key that is not let in stops the batch at the first; what is complete stays."""
    await run(tmp_path, FakeService(), JOBS[2])
    (tmp_path / "c.wav").unlink()
    service = FakeService(refusal="who are you?", status=401)
    manifest = make_manifest(concurrency=concurrency)
    results = await run(tmp_path, service, *JOBS, manifest=manifest, order="manifest")

    assert "done" == results[2].state
    assert {"failed", "stopped"} >= {result.state for result in results[:2]}
    assert "a: who are you?" == results[0].error
    if concurrency == 1:
        assert ("stopped", "the batch was stopped: a: who are you?") == (
            results[1].state,
            results[1].error,
        )


async def test_files_that_cannot_be_written(tmp_path: Path) -> None:
    """They stop the batch as anything does that the disk refuses: nothing is bought."""
    (tmp_path / "a.wav").mkdir()
    service, told = FakeService(), trio.Event()

    @asynccontextmanager
    async def connect(
        query: Query, transcript: TranscriptWriter
    ) -> AsyncIterator[FakeLine]:
        if transcript.header.job == "b":
            await told.wait()
        async with service.connect(query, transcript) as line:
            yield line

    def listen(report: Report) -> None:
        if isinstance(report, JobResult):
            told.set()

    plan = make_plan(make_manifest(*JOBS[:2], concurrency=1))
    results = await run_batch(
        plan, connect, tmp_path, order="manifest", listener=listen
    )

    assert [("a", "failed"), ("b", "stopped")] == states(results)
    assert "storage" == results[0].cause
    assert [ONE, TWO] == service.spoken


async def test_nobody_answers(tmp_path: Path, autojump_clock: MockClock) -> None:
    """After a while of pauses that grow the batch is given up, with one reason."""
    service = FakeService(refusal="nobody there", status=None)
    plan = make_plan(replace(make_manifest(*JOBS), concurrency=1))
    results = await run_batch(plan, service.connect, tmp_path, order="manifest")

    assert ["failed", "stopped", "stopped"] == [result.state for result in results]
    assert (
        "a: nobody there; nobody has ever answered; is the address right?; "
        "tried 7 times"
    ) == results[0].error
    assert "endpoint" == results[0].cause
    assert 30 < trio.current_time() < 60


async def test_every_failure(tmp_path: Path) -> None:
    """If no connection can be opened, every job fails and none is forgotten."""
    results = await run(tmp_path, FakeService(refusal="bad request"), *JOBS)

    assert ["failed"] * 3 == [result.state for result in results]
    assert {} == read_outputs(tmp_path)


async def test_what_is_wrong_with_everybody(tmp_path: Path) -> None:
    """When the first three jobs were refused for good, the others are not tried."""
    jobs = [make_job(f"job{number}", ONE) for number in range(6)]
    manifest = make_manifest(concurrency=1)
    service = FakeService(refusal="bad request")
    results = await run(tmp_path, service, *jobs, manifest=manifest)

    assert [*["failed"] * 3, *["stopped"] * 3] == [result.state for result in results]
    assert [None, None, "endpoint"] == [result.cause for result in results[:3]]
    assert "job2: bad request; so ended the first 3 jobs" == results[2].error


async def test_an_ill_service(tmp_path: Path) -> None:
    """When as much was sent again as may be, all ends, and may go on later."""
    long = " ".join([ONE] * 25)
    jobs = [make_job(f"job{number}", long) for number in range(30)]
    manifest = make_manifest(concurrency=1)
    service = FakeService(twist=lambda _, items: lose(items, 1011))
    results = await run(tmp_path, service, *jobs, manifest=manifest)
    states_of = [result.state for result in results]
    sent_chars = sum(map(len, service.spoken))

    assert {"failed", "stopped"} == set(states_of)
    assert "outage" == results[states_of.index("stopped") - 1].cause
    assert sent_chars <= 5_000 + len(long) * states_of.count("failed")


async def test_an_outage(tmp_path: Path, autojump_clock: MockClock) -> None:
    """A service that fails everybody is asked now and then, and all is complete."""
    jobs = [make_job(f"job{number:02}", ONE) for number in range(30)]
    service, tries = FakeService(refusal="later", status=503), 0

    @asynccontextmanager
    async def connect(
        query: Query, transcript: TranscriptWriter
    ) -> AsyncIterator[FakeLine]:
        nonlocal tries
        tries += 1
        if trio.current_time() > begun_s + 600:
            service.refusal = ""
        async with service.connect(query, transcript) as line:
            yield line

    begun_s = trio.current_time()
    plan = make_plan(make_manifest(*jobs, concurrency=30))
    results = await run_batch(plan, connect, tmp_path)

    assert {"done"} == {result.state for result in results}
    # 20 before the pause, a few that were on their way, a probe every 30 s, and all.
    assert tries <= 20 + 4 + 600 / 30 + 30


@pytest.mark.parametrize("max_chars", [0, 20, len(ONE), 60, 1000])
@pytest.mark.parametrize("concurrency", [1, 3])
async def test_a_budget(tmp_path: Path, concurrency: int, max_chars: int) -> None:
    """No more is sent; what is complete is rendered, and the rest opens no line."""
    service, budget = FakeService(), Budget(max_chars)
    manifest = make_manifest(*JOBS, concurrency=concurrency)
    plan = make_plan(manifest)
    results = await run_batch(plan, service.connect, tmp_path, permit=budget.may_send)
    sent_chars = sum(result.sent_chars for result in results)
    done = {result.job for result in results if result.state == "done"}

    assert max_chars >= sent_chars == sum(map(len, service.spoken))
    assert budget.is_reached == (sent_chars < plan.chars)
    assert {"stopped"} >= {r.state for r in results if r.job not in done}
    assert {f"{job}.wav" for job in done} == {
        name for name in read_outputs(tmp_path) if name.endswith(".wav")
    }
    assert concurrency >= len([line for line in service.lines if len(line.wire) <= 2])

    again = await run_batch(make_plan(manifest), service.connect, tmp_path)

    assert {"done"} == {result.state for result in again}
    assert plan.chars == sum(map(len, service.spoken))


async def test_unreadable_transcript(tmp_path: Path) -> None:
    """A record that a newer RimeBatch has written fails its job alone."""
    folder = transcripts_of(tmp_path, "b").folder
    folder.mkdir(parents=True)
    (folder / "0001.jsonl").write_text('{"rimebatch_transcript":99,"job":"b"}\n')
    plan = make_plan(make_manifest(*JOBS))
    results = await run_batch(plan, FakeService().connect, tmp_path)

    assert [("a", "done"), ("b", "failed"), ("c", "done")] == states(results)
    assert "please update it" in str(results[1].error)


async def test_again(tmp_path: Path) -> None:
    """A second run sends nothing, opens no connection, and leaves the files alone."""
    await run(tmp_path, FakeService(), *JOBS)
    times = read_times(tmp_path)
    service = FakeService()
    results = await run(tmp_path, service, *JOBS)

    assert ["done"] * 3 == [result.state for result in results]
    assert [0] * 3 == [result.sent_chars for result in results]
    assert [] == service.lines
    assert times == read_times(tmp_path)


async def test_one_edit(tmp_path: Path) -> None:
    """An edited paragraph is sent, and only that; other jobs are not touched."""
    await run(tmp_path, FakeService(), *JOBS)
    times = read_times(tmp_path)
    service = FakeService()
    edited = make_job("b", TWO, "Something else.", THREE)
    results = await run(tmp_path, service, JOBS[0], edited, JOBS[2])
    changed = {name for name, _ in read_times(tmp_path).items() - times.items()}

    assert ["Something else."] == service.spoken
    assert {"b.wav", "b.words.json"} == changed
    assert len(TWO + THREE) == results[1].reused_chars


async def test_lost_outputs(tmp_path: Path) -> None:
    """Files that were lost are rendered again from the record, the same bytes."""
    await run(tmp_path, FakeService(), *JOBS)
    outputs = read_outputs(tmp_path)
    for name in outputs:
        (tmp_path / name).unlink()
    service = FakeService()
    await run(tmp_path, service, *JOBS)

    assert [] == service.lines
    assert outputs == read_outputs(tmp_path)


async def test_damaged_take(tmp_path: Path) -> None:
    """A take that is damaged on disk is recorded again when it is needed."""
    await run(tmp_path, FakeService(), *JOBS)
    outputs = read_outputs(tmp_path)
    damage(next(iter(transcripts_of(tmp_path, "a").takes().values())))
    (tmp_path / "a.wav").unlink()
    service = FakeService()
    results = await run(tmp_path, service, *JOBS)

    assert [ONE] == service.spoken
    assert (len(ONE), len(TWO)) == (results[0].sent_chars, results[0].reused_chars)
    assert outputs == read_outputs(tmp_path)


async def test_failure_leaves_good_outputs(tmp_path: Path) -> None:
    """A job that fails does not touch the files of an earlier run."""
    await run(tmp_path, FakeService(), *JOBS)
    times = read_times(tmp_path)
    edited = make_job("a", ONE, "Something else.")
    results = await run(tmp_path, fail_at("Something else."), edited)

    assert [("a", "failed")] == states(results)
    assert times == read_times(tmp_path)


async def test_reports_add_up(tmp_path: Path) -> None:
    """What is told on the way comes to what the results say."""
    await run(tmp_path, FakeService(), JOBS[0])
    reports: list[Report] = []
    results = await run(tmp_path, fail_at(THREE), *JOBS, listener=reports.append)

    for result, job in zip(results, make_plan(make_manifest(*JOBS)).jobs, strict=True):
        of_job = [report for report in reports if report.job == job.id]
        started = next(r for r in of_job if isinstance(r, JobStarted))
        asked = [r for r in of_job if isinstance(r, SegmentAsked)]
        took = [r for r in of_job if isinstance(r, TakeRecorded)]

        assert result == of_job[-1]
        assert sum(report.chars for report in asked) == result.sent_chars
        assert started.reused_chars == result.reused_chars
        assert started.reused_chars + started.missing_chars == job.chars
        if result.state == "done":
            assert job.chars == result.sent_chars + result.reused_chars
            assert started.missing == len(took)


async def test_origin(tmp_path: Path) -> None:
    """Each transcript says where it comes from; an empty origin says nothing."""
    plan = make_plan(make_manifest(*JOBS[:1]))
    origin = Origin("ws://host/ws3", {"rimebatch": "1"}, "2026-11-23T12:00:00Z")
    await run_batch(plan, FakeService().connect, tmp_path, origin=origin)
    header = read_header(transcripts_of(tmp_path, "a").paths()[0])

    assert origin == Origin(header.endpoint, header.client, header.wall)


async def test_manners(tmp_path: Path, mock_clock: MockClock) -> None:
    """How a service is treated is the manifest's to say, job by job."""
    service = FakeService(done=False, clock=mock_clock)
    script = make_script("raw", {"text": "This goes."}, {"operation": "eos"})
    manifest = make_manifest(done="always", silence_limit_s=7.0, concurrency=1)
    results = await run(tmp_path, service, JOBS[0], script, manifest=manifest)

    assert [("a", "failed"), ("raw", "done")] == states(results)
    assert "nothing came from the service for 7 s" in str(results[0].error)

    odd = FakeService(twist=only(ONE, lambda items: [items[0], items[-1]]))
    results = await run(tmp_path, odd, make_job("odd", ONE))

    assert "inside a sample" in str(results[0].error)


def lose(items: list[Item], code: int | None) -> list[Item]:
    """Return *items* broken off after the first by a close with *code*, if any."""
    return items if code is None else [items[0], Close(code)]


class StopError(Exception):
    """What a listener may raise: it is no error of a job."""


@pytest.mark.parametrize("at", range(1, 20, 2))
async def test_cancellation(tmp_path: Path, at: int) -> None:
    """A run that is stopped anywhere goes on from there, to the same files."""
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    await run(whole, FakeService(), *JOBS)
    reports: list[Report] = []
    first, second = FakeService(), FakeService()
    with trio.CancelScope() as scope:

        def stop(report: Report) -> None:
            reports.append(report)
            if len(reports) == at:
                scope.cancel()

        await run(broken, first, *JOBS, listener=stop)
    await let_threads_end()
    paths = [path for job in JOBS for path in transcripts_of(broken, job.id).paths()]
    on_record = [take for path in paths for take in read_takes(path, verify=True)]
    await run(broken, second, *JOBS)

    assert ["sealed"] * len(paths) == [read_kinds(path)[-1] for path in paths]
    assert 6 == len(on_record) + len(second.spoken)
    assert len(on_record) == sum(isinstance(r, TakeRecorded) for r in reports)
    assert 0 == first.open_now
    assert read_outputs(whole) == read_outputs(broken)


async def test_a_bug_is_not_hidden(tmp_path: Path) -> None:
    """What is not of RimeBatch's own making leaves the batch as it is."""

    def stumble(_: Report) -> None:
        raise StopError

    with pytest.RaisesGroup(StopError, flatten_subgroups=True):
        await run(tmp_path, FakeService(), *JOBS[:1], listener=stumble)


async def test_render_again(tmp_path: Path) -> None:
    """Rendering from the record alone gives the same bytes, whatever became of them.

    The files of a job that have them are left alone.
    """
    await run(tmp_path, FakeService(), *JOBS)
    outputs, times = read_outputs(tmp_path), read_times(tmp_path)
    flipped = bytearray(outputs["b.wav"])
    flipped[-1] ^= 1
    (tmp_path / "b.wav").write_bytes(flipped)
    results = await render(tmp_path, *JOBS)

    assert ["done"] * 3 == [result.state for result in results]
    assert [0] * 3 == [result.sent_chars for result in results]
    assert outputs == read_outputs(tmp_path)
    changed = {
        name for name, time in read_times(tmp_path).items() if time != times[name]
    }
    assert {"b.wav", "b.words.json"} == changed


def hold_job(folder: Path, job_id: str) -> AbstractContextManager[None]:
    """Be at a job, as another process would be."""
    return hold(transcripts_of(folder, job_id).folder, "10:00")


async def test_a_job_that_is_held(tmp_path: Path) -> None:
    """It is left to whoever is at it, who is named; the other jobs go on."""
    service = FakeService()
    reports: list[Report] = []
    with hold_job(tmp_path, "b"):
        results = await run(tmp_path, service, listener=reports.append)
    again = await run(tmp_path, service)

    assert [("a", "done"), ("b", "held"), ("c", "done")] == states(results)
    assert re.fullmatch(
        r"b: \S+/transcripts/b: in use by pid \d+ on \S+ since 10:00; wait for it to "
        "end, then run again",
        str(results[1].error),
    )
    assert {"a", "c"} == {r.job for r in reports if isinstance(r, JobStarted)}
    assert [0, len(TWO + THREE), 0] == [result.sent_chars for result in again]


async def test_a_job_that_is_current_is_not_held(tmp_path: Path) -> None:
    """Where there is nothing to do it does not matter who is there."""
    await run(tmp_path, FakeService())
    with hold_job(tmp_path, "b"):
        results = await run(tmp_path, FakeService())

    assert ["done"] * 3 == [result.state for result in results]


async def test_a_job_is_held_until_its_result_is_told(tmp_path: Path) -> None:
    """Whoever listens can write down how it ended before another takes it up."""
    seen = []

    def look(report: Report) -> None:
        seen.append(read_holder(transcripts_of(tmp_path, report.job).folder))

    origin = Origin(wall="2026-11-23T12:00:00Z")
    plan = make_plan(make_manifest(*JOBS[:1]))
    await run_batch(plan, FakeService().connect, tmp_path, origin=origin, listener=look)

    assert len(seen) > 3
    assert all(str(holder).endswith("since 2026-11-23T12:00:00Z") for holder in seen)
    assert None is read_holder(transcripts_of(tmp_path, "a").folder)


async def test_render_beside_another(tmp_path: Path) -> None:
    """A job that another process is at is not rendered either."""
    await run(tmp_path, FakeService())
    with hold_job(tmp_path, "b"):
        results = await render(tmp_path, *JOBS)

    assert [("a", "done"), ("b", "held"), ("c", "done")] == states(results)


async def test_render_names_what_is_missing(tmp_path: Path) -> None:
    """A job that is not all on record is not rendered; the others are."""
    await run(tmp_path, FakeService(), JOBS[0], make_job("b", TWO))
    b_before = (tmp_path / "b.wav").read_bytes()
    reports: list[Report] = []
    plan = make_plan(make_manifest(*JOBS))
    results = await render_batch(plan, tmp_path, reports.append)

    assert [("a", "done"), ("b", "failed"), ("c", "failed")] == states(results)
    assert [
        "b: 1 of 2 segments are not on record: 2; `rimebatch run` records them",
        "c: 2 of 2 segments are not on record: 1-2; `rimebatch run` records them",
    ] == [result.error for result in results[1:]]
    assert results == [report for report in reports if isinstance(report, JobResult)]
    assert b_before == (tmp_path / "b.wav").read_bytes()


def drone(items: list[Item]) -> list[Item]:
    """Return *items* with eight seconds of noise before them."""
    assert isinstance(items[0], str)
    first = decode_event(items[0])
    assert isinstance(first, Chunk)
    noise = Chunk(b"\0\x10" * 8 * RATE_HZ, first.context_id)
    return [encode_event(noise), *items]


def checked(job: Job, on_fail: OnFail) -> Job:
    """Return *job* with that to be done about takes that fail."""
    return replace(job, checks=replace(UNCHECKED, on_fail=on_fail))


async def count(
    folder: Path,
    service: FakeService,
    *jobs: Job,
    budget: Budget | None = None,
    supervise: Callable[[Stop], Awaitable[None]] | None = None,
    listener: Listener = lambda _: None,
) -> tuple[list[JobResult], Amounts]:
    """Run *jobs*; return the results and what the ledger, which balances, has of it."""
    plan = make_plan(
        make_manifest(*jobs, concurrency=1),
        lambda job_id: transcripts_of(folder, job_id).takes(),
    )
    ledger = Ledger(plan)

    def hear(report: Report) -> None:
        ledger.add(report)
        ledger.check()
        listener(report)

    with trio.fail_after(10):
        results = await run_batch(
            plan,
            service.connect,
            folder,
            order="manifest",
            listener=hear,
            permit=(budget or Budget(None)).may_send,
            patience=AT_ONCE,
            supervise=supervise or sit_by,
        )
    return results, ledger.total


async def sit_by(_: Stop) -> None:
    """Stop nothing."""


@pytest.mark.parametrize("spoil", [hush, drone])
async def test_a_take_that_fails_its_checks(tmp_path: Path, spoil: Change) -> None:
    """It is bought once more, over a line of its own, and it alone is wasted."""
    service = FakeService(twist=only(TWO, at_first(1, spoil)))
    [result], amounts = await count(tmp_path, service, make_job("a", ONE, TWO, THREE))
    chars = len(ONE + TWO + THREE)

    assert ("done", ()) == (result.state, result.failed_checks)
    assert ([ONE, TWO, THREE, TWO], 2) == (service.spoken, len(service.lines))
    assert amounts == Amounts(
        chars, 0, chars, 0, sent_chars=chars + len(TWO), wasted_chars=len(TWO)
    )


@pytest.mark.parametrize("retakes", [0, 1, 2])
async def test_takes_that_always_fail(tmp_path: Path, retakes: int) -> None:
    """So many more are bought, ever; the job fails, and its files stay as they were."""
    await run(tmp_path, FakeService(), make_job("a", ONE))
    before = read_outputs(tmp_path)
    service = FakeService(twist=only(TWO, hush))
    checks = replace(UNCHECKED, retakes=retakes)
    job = replace(make_job("a", ONE, TWO), checks=checks)
    [result], amounts = await count(tmp_path, service, job)
    again, nothing = await count(tmp_path, service, job)

    assert ("failed", "checks") == (result.state, result.cause)
    assert [(2, TWO, "silence")] == [
        (failed.segment, failed.text, failed.check) for failed in result.failed_checks
    ]
    assert (1 + retakes, retakes * len(TWO)) == (
        len(service.spoken),
        amounts.wasted_chars,
    )
    assert (0, 0) == (nothing.sent_chars, nothing.missing_chars)
    assert [(result.state, result.error, result.failed_checks)] == [
        (same.state, same.error, same.failed_checks) for same in again
    ]
    assert before == read_outputs(tmp_path)


@pytest.mark.parametrize(("on_fail", "state"), [("warn", "done"), ("fail", "failed")])
async def test_checks_without_retakes(
    tmp_path: Path, on_fail: OnFail, state: str
) -> None:
    """Nothing is bought again; whether there are files, the manifest decides."""
    service = FakeService(twist=only(TWO, hush))
    job = checked(make_job("a", ONE, TWO), on_fail)
    [result] = await run(tmp_path, service, job)

    assert (state, 1) == (result.state, len(result.failed_checks))
    assert [ONE, TWO] == service.spoken
    assert (on_fail == "warn") == bool(read_outputs(tmp_path))


async def test_other_jobs_go_on(tmp_path: Path) -> None:
    """Takes that fail are the trouble of one job, while others are recorded."""
    service = FakeService(twist=only(ONE, hush))
    jobs = [make_job("a", ONE), make_job("b", TWO), make_job("c", THREE)]
    results, amounts = await count(tmp_path, service, *jobs)

    assert [("a", "failed"), ("b", "done"), ("c", "done")] == states(results)
    assert 2 * len(ONE) == amounts.wasted_chars


async def test_killed_before_the_checks(tmp_path: Path) -> None:
    """A take on record that nobody has checked is checked by the next run."""
    job, service = make_job("a", ONE, TWO), FakeService(twist=only(TWO, hush))
    with trio.CancelScope() as scope:

        def stop(report: Report) -> None:
            if report == LineChanged("a", is_open=False):
                scope.cancel()

        await run(tmp_path, service, job, listener=stop)
    await let_threads_end()
    service.twist = only(TWO, at_first(1, hush))
    [result], amounts = await count(tmp_path, service, job)

    assert [ONE, TWO, TWO, TWO] == service.spoken
    assert ("done", len(ONE)) == (result.state, result.reused_chars)
    assert amounts == Amounts(
        *(len(ONE + TWO), len(ONE), len(TWO), 0),
        sent_chars=2 * len(TWO),
        wasted_chars=len(TWO),
    )


async def test_a_take_that_was_picked(tmp_path: Path) -> None:
    """It is right, whatever checks find."""
    job, service = make_job("a", ONE), FakeService(twist=only(ONE, hush))
    await run(tmp_path, service, checked(job, "fail"))
    transcripts = transcripts_of(tmp_path, "a")
    transcripts.pick(transcripts.all_takes()[0])
    [result] = await run(tmp_path, service, job)

    assert ("done", ()) == (result.state, result.failed_checks)
    assert [ONE] == service.spoken


async def test_a_budget_without_room_for_retakes(tmp_path: Path) -> None:
    """The job is stopped, and the next run buys what this one may not."""
    job = make_job("a", ONE, TWO)
    service = FakeService(twist=only(TWO, at_first(1, hush)))
    [result], amounts = await count(
        tmp_path, service, job, budget=Budget(len(ONE + TWO))
    )
    [again], rest = await count(tmp_path, service, job)

    assert ("stopped", None, ()) == (result.state, result.error, result.failed_checks)
    assert amounts == Amounts(
        *(len(ONE + TWO), 0, len(ONE), len(TWO)),
        sent_chars=len(ONE + TWO),
        wasted_chars=len(TWO),
    )
    assert ("done", len(TWO)) == (again.state, rest.sent_chars)


async def test_as_much_as_may_be_sent_again(tmp_path: Path) -> None:
    """If every take fails, it is rather the checks: one run does not buy all again."""
    long = " ".join([ONE] * 25)
    jobs = [make_job(f"job{number:02}", long) for number in range(20)]
    service = FakeService(twist=lambda _, items: hush(items))
    results, amounts = await count(tmp_path, service, *jobs)

    assert {"checks"} == {result.cause for result in results}
    assert 5_000 - len(long) < amounts.wasted_chars <= 5_000


async def test_stopped_while_it_waits_for_a_retake(tmp_path: Path) -> None:
    """A job that waits for its turn to record again is stopped like any other."""
    rejected, took_the_turn = trio.Event(), trio.Event()

    def listen(report: Report) -> None:
        if isinstance(report, TakeRejected):
            rejected.set()
        if isinstance(report, SegmentAsked) and report.job == "b":
            took_the_turn.set()

    async def supervise(stop: Stop) -> None:
        await rejected.wait()
        await took_the_turn.wait()
        await trio.testing.wait_all_tasks_blocked()
        stop(0.0)

    stuck = only(TWO, lambda _: [Hold(for_good=True)])
    service = FakeService(twist=lambda text, items: stuck(text, hush(items)))
    jobs = [make_job("a", ONE), make_job("b", TWO), make_job("c", THREE)]
    results, amounts = await count(
        tmp_path, service, *jobs, supervise=supervise, listener=listen
    )

    assert [("a", "stopped"), ("b", "stopped"), ("c", "stopped")] == states(results)
    assert (len(ONE + TWO), len(ONE + TWO)) == (
        amounts.sent_chars,
        amounts.wasted_chars,
    )


async def test_stopped_during_a_retake(tmp_path: Path) -> None:
    """What is in flight may end; where it is sound the job is done."""
    asked_again = trio.Event()

    def listen(report: Report) -> None:
        if isinstance(report, SegmentAsked) and service.spoken == [ONE]:
            asked_again.set()

    async def supervise(stop: Stop) -> None:
        await asked_again.wait()
        stop(10.0)

    service = FakeService(twist=only(ONE, at_first(1, hush)))
    job = make_job("a", ONE)
    [result], _ = await count(
        tmp_path, service, job, supervise=supervise, listener=listen
    )

    assert ("done", [ONE, ONE]) == (result.state, service.spoken)


async def test_stopped_before_a_retake(tmp_path: Path) -> None:
    """Takes that fail while a run ends are told; the next run buys the others."""
    ended = trio.Event()

    def listen(report: Report) -> None:
        if isinstance(report, TakeRecorded):
            ended.set()

    async def supervise(stop: Stop) -> None:
        await ended.wait()
        stop(10.0)

    service = FakeService(twist=only(ONE, at_first(1, hush)))
    job = make_job("a", ONE)
    [result], _ = await count(
        tmp_path, service, job, supervise=supervise, listener=listen
    )
    [again], _ = await count(tmp_path, service, job)

    assert ("failed", "checks") == (result.state, result.cause)
    assert ("done", [ONE, ONE]) == (again.state, service.spoken)


async def test_a_script_that_fails_its_checks(tmp_path: Path) -> None:
    """It is bought once more, as a whole."""
    script = make_script("raw", {"text": "This goes."}, {"operation": "eos"})
    service = FakeService(twist=only("This goes.", at_first(1, hush)))
    [result], amounts = await count(tmp_path, service, script)

    assert ("done", ["This goes."] * 2) == (result.state, service.spoken)
    assert 2 * len("This goes.") == amounts.sent_chars


async def test_render_takes_that_fail_their_checks(tmp_path: Path) -> None:
    """They give no files, or with a warning; nothing is rejected or sent."""
    service = FakeService(twist=only(ONE, hush))
    job = make_job("a", ONE)
    await run(tmp_path, service, checked(job, "fail"))
    [failed] = await render(tmp_path, job)
    without = read_outputs(tmp_path)
    [warned] = await render(tmp_path, checked(job, "warn"))

    assert ("failed", "checks", 1) == (
        failed.state,
        failed.cause,
        len(failed.failed_checks),
    )
    assert {} == without
    assert ("done", failed.failed_checks) == (warned.state, warned.failed_checks)
    assert {"a.wav", "a.words.json"} == read_outputs(tmp_path).keys()
    assert {} == transcripts_of(tmp_path, "a").choices().rejected
