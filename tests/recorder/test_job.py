"""Tests of one job, from what is on record to its files."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import trio
import xxhash

from fakes.disks import largest_file
from fakes.manifests import (
    MAX_CHARS,
    UNCHECKED,
    make_job,
    make_planned,
    make_script,
    make_voice,
)
from fakes.services import Close, FakeService, at_first, hush, only, sound_of
from fakes.transcripts import damage
from rimebatch.errors import (
    CertificateError,
    ConnectError,
    ConnectionClosedError,
    EndpointError,
    OutageError,
    OutputError,
    RemoteProtocolError,
    RimeBatchError,
    SecretError,
    TranscriptError,
)
from rimebatch.manifest.load import Voice
from rimebatch.manifest.plan import PlannedJob, plan_job
from rimebatch.manifest.plan_file import read_planned_job, write_planned_job
from rimebatch.manifest.take_checks import OnFail
from rimebatch.recorder.folders import plan_of, transcripts_of
from rimebatch.recorder.job import JobRun
from rimebatch.recorder.origin import Origin
from rimebatch.recorder.reports import (
    JobResult,
    JobStarted,
    LineChanged,
    Report,
    SegmentAsked,
    TakeRecorded,
    TakeRejected,
    TakeWithdrawn,
)
from rimebatch.recorder.session import Manners
from rimebatch.renderer import RenderedJob
from rimebatch.transcript import Redactor, read_header, read_messages, read_takes
from rimebatch.ws3 import Chunk, encode_event

ONE, TWO, THREE = "The first one.", "Here is number two.", "The third."
MANNERS = Manners(done="always", bytes_per_sample=2)
ORIGIN = Origin("ws://host/ws3", {"rimebatch": "1"}, "2026-11-23T12:00:00Z")


def make_run(
    folder: Path, job: PlannedJob, reports: list[Report] | None = None
) -> JobRun:
    """Return a run of *job* that adds what it tells to *reports*."""
    return JobRun(job, folder, (reports if reports is not None else []).append)


async def render(run: JobRun) -> RenderedJob:
    """Render the job of *run*."""
    rendered = await run.render(trio.CapacityLimiter(1))
    assert rendered is not None
    return rendered


async def record(folder: Path, service: FakeService, *texts: str) -> JobRun:
    """Record what is missing of *texts*, and render all; return the run."""
    run = make_run(folder, make_planned(*texts))
    await run.look_up(trust=True)
    await run.record(service.connect, ORIGIN, MANNERS)
    await render(run)
    return run


async def take_again(run: JobRun, service: FakeService) -> None:
    """Record with *run*, whatever is on record."""
    await run.record(service.connect, ORIGIN, MANNERS)


def anything(_: int) -> bool:
    """Let so many characters be sent again."""
    return True


async def doubt(run: JobRun) -> JobRun:
    """Render the job of *run*, which comes to nothing: takes failed their checks."""
    assert None is await run.render(trio.CapacityLimiter(1))
    return run


async def fail(run: JobRun, service: FakeService) -> JobResult:
    """Record with *run*, which fails, and return the result."""
    await run.look_up(trust=True)
    with pytest.raises(RimeBatchError) as caught:
        await run.record(service.connect, ORIGIN, MANNERS)
    return run.failed(caught.value)


def is_published(folder: Path) -> bool:
    """Return whether there is any file of the job."""
    return any(folder.glob("job.*"))


def read_samples(rendered: RenderedJob) -> bytes:
    """Return the samples of a rendered WAV file, whose header comes first."""
    content = rendered.audio.read_bytes()
    return content[content.index(b"data") + 8 :]


async def test_from_nothing_to_files(tmp_path: Path) -> None:
    """What is missing is recorded, told, and rendered to audio and its sidecar."""
    reports: list[Report] = []
    run = make_run(tmp_path, make_planned(ONE, TWO), reports)

    assert None is await run.look_up(trust=True)

    await run.record(FakeService().connect, ORIGIN, MANNERS)
    rendered = await render(run)

    assert [
        JobStarted("job", 2, 2, len(ONE + TWO), 0),
        LineChanged("job", is_open=True),
        SegmentAsked("job", 1, len(ONE)),
        TakeRecorded("job", 1, len(ONE), len(ONE) / 8000, inferred=False),
        SegmentAsked("job", 2, len(TWO)),
        TakeRecorded("job", 2, len(TWO), len(TWO) / 8000, inferred=False),
        LineChanged("job", is_open=False),
    ] == reports
    assert sound_of(ONE) + sound_of(TWO) == read_samples(rendered)
    assert JobResult(
        job="job",
        state="done",
        segments=2,
        sent_chars=len(ONE + TWO),
        reused_chars=0,
        audio_s=len(ONE + TWO) / 8000,
        files=(str(tmp_path / "job.wav"), str(tmp_path / "job.words.json")),
    ) == run.done(rendered)


async def test_length_of_a_take(tmp_path: Path) -> None:
    """How long compressed audio is, its bytes do not tell; the text says about."""
    reports: list[Report] = []
    voice = Voice({**make_voice().parameters, "audioFormat": "mp3"})
    job = plan_job(replace(make_job("job", ONE), voice=voice), MAX_CHARS)
    run = make_run(tmp_path, job, reports)
    await run.look_up(trust=True)

    await run.record(FakeService().connect, ORIGIN, Manners())

    assert TakeRecorded("job", 1, 14, 14 / 15, inferred=False) == reports[-2]


async def test_no_permit(tmp_path: Path) -> None:
    """What may not be sent stays missing, and the job is stopped, not failed."""
    reports: list[Report] = []
    asked: list[int] = []

    def permit(chars: int) -> bool:
        asked.append(chars)
        return len(asked) < 2

    run = JobRun(make_planned(ONE, TWO, THREE), tmp_path, reports.append, permit)
    await run.look_up(trust=True)
    await run.record(FakeService().connect, ORIGIN, MANNERS)
    result = run.stopped(None)

    assert [len(ONE), len(TWO)] == asked
    assert [TWO, THREE] == [segment.text for segment in run.job.missing]
    assert ("stopped", len(ONE), None) == (
        result.state,
        result.sent_chars,
        result.error,
    )


async def test_a_cut_take_is_told(tmp_path: Path) -> None:
    """A take that does not count after all is withdrawn from those who heard of it."""
    late = encode_event(Chunk(b"12"))
    reports: list[Report] = []
    run = make_run(tmp_path, make_planned(ONE, TWO), reports)
    await run.look_up(trust=True)
    service = FakeService(farewell=(late, Close()))
    with pytest.raises(RemoteProtocolError):
        await run.record(service.connect, ORIGIN, MANNERS)

    assert TakeWithdrawn("job", 2, len(TWO)) in reports
    assert [TWO] == [segment.text for segment in run.job.missing]


async def test_transcript(tmp_path: Path) -> None:
    """Each attempt has a transcript of its own, whose head says where it is from."""
    await record(tmp_path, FakeService(), ONE)
    await record(tmp_path, FakeService(), ONE, TWO)
    paths = transcripts_of(tmp_path, "job").paths()
    header = read_header(paths[1])

    assert ["0001.jsonl", "0002.jsonl"] == [path.name for path in paths]
    assert ("job", 2, "client") == (header.job, header.attempt, header.vantage)
    assert ORIGIN == Origin(header.endpoint, header.client, header.wall)
    assert make_planned(ONE).query == header.query


async def test_no_room(tmp_path: Path) -> None:
    """What no disk could store is not asked for; what was asked for is on record."""
    planned = make_planned(ONE, TWO, THREE)
    one, two, three = planned.segments
    vast = replace(two, chars=10**15)
    run = make_run(tmp_path, replace(planned, segments=(one, vast, three)))

    result = await fail(run, FakeService())

    folder = tmp_path / "transcripts" / "job"
    assert result.error is not None
    assert result.error.startswith(f"job: {folder}: ")
    assert "are wanted before more text is sent; make room there" in result.error
    assert (len(ONE), "failed", "storage") == (
        result.sent_chars,
        result.state,
        result.cause,
    )
    assert {one.key} == transcripts_of(tmp_path, "job").takes().keys()


async def test_full_disk(tmp_path: Path) -> None:
    """A transcript that cannot be written is not read either, and ends the job."""
    planned = make_planned(ONE, TWO)
    write_planned_job(plan_of(tmp_path, "job"), planned)
    run = make_run(tmp_path, planned)
    with largest_file(300):
        result = await fail(run, FakeService())

    assert "storage" == result.cause
    assert "cannot write the transcript: File too large" in str(result.error)
    assert 300 == (tmp_path / "transcripts/job/0001.jsonl").stat().st_size


@pytest.mark.parametrize(
    ("failure", "cause"),
    [
        (ConnectError("refused", status=401), "endpoint"),
        (CertificateError("expired"), "endpoint"),
        (EndpointError("nobody was let in"), "endpoint"),
        (OutageError("nothing for 15 minutes"), "outage"),
        (OutputError("read-only"), "storage"),
        (SecretError("a credential"), None),
        (ConnectError("refused", status=400), None),
        (ConnectionClosedError(1006), None),
    ],
)
def test_cause(tmp_path: Path, failure: RimeBatchError, cause: str | None) -> None:
    """What no other job would fare better with is told apart."""
    assert cause == make_run(tmp_path, make_planned(ONE)).failed(failure).cause


async def test_hidden_text(tmp_path: Path) -> None:
    """A text that is hidden stands in no transcript, and beside the audio in full."""
    texts = ("Whales, Ishmael!", "Queequeg slept.")
    origin = Origin(redactor=Redactor("hash"))
    run = make_run(tmp_path, make_planned(*texts))
    await run.look_up(trust=True)

    await run.record(FakeService().connect, origin, MANNERS)
    rendered = await render(run)

    [path] = transcripts_of(tmp_path, "job").paths()
    on_record = path.read_text()
    takes = read_takes(path, verify=True)
    heard = ["".join(f"{m}\n" for m in read_messages(take)) for take in takes]
    sidecar = json.loads(rendered.sidecar.read_text())
    words = [word["text"] for word in sidecar["words"]]
    assert " ".join(texts).split() == words
    assert not [word for word in words if word in on_record]
    assert b"".join(map(sound_of, texts)) == read_samples(rendered)
    assert [xxhash.xxh3_128_hexdigest(text.encode()) for text in heard] == [
        take.record.id for take in takes
    ]


async def test_only_what_is_missing(tmp_path: Path) -> None:
    """What is on record is not sent again, wherever in the text it stands."""
    await record(tmp_path, FakeService(), ONE, THREE)
    service = FakeService()
    run = await record(tmp_path, service, ONE, TWO, THREE)
    rendered = await render(run)

    assert [TWO] == service.spoken
    assert b"".join(map(sound_of, (ONE, TWO, THREE))) == read_samples(rendered)
    assert (len(TWO), len(ONE + THREE)) == (
        run.done(rendered).sent_chars,
        run.done(rendered).reused_chars,
    )


async def test_current_files_are_found(tmp_path: Path) -> None:
    """Files that are made of what is on record need not be made again."""
    first = await record(tmp_path, FakeService(), ONE)
    second = make_run(tmp_path, make_planned(ONE))

    assert await render(first) == await second.look_up(trust=True)
    assert len(ONE) == second.done(await render(second)).reused_chars


async def test_without_trust_all_is_read(tmp_path: Path) -> None:
    """Without trust no file counts as current, and damaged takes are missing."""
    first = await record(tmp_path, FakeService(), ONE, TWO)
    damage(transcripts_of(tmp_path, "job").takes()[first.job.segments[1].key])
    second = make_run(tmp_path, first.job)

    assert None is await second.look_up(trust=False)
    assert [TWO] == [segment.text for segment in second.job.missing]


async def test_plan_is_kept(tmp_path: Path) -> None:
    """The plan is there before anything is sent, and is that of the newest run."""
    await record(tmp_path, FakeService(), ONE)
    run = make_run(tmp_path, make_planned(ONE, TWO))
    await fail(run, FakeService(refusal="nobody there"))

    path = plan_of(tmp_path, "job")
    assert make_planned(ONE, TWO) == read_planned_job(path)


async def test_plan_of_current_files(tmp_path: Path) -> None:
    """Files that are current get their plan back, and one that is there is let be."""
    await record(tmp_path, FakeService(), ONE)
    path = plan_of(tmp_path, "job")
    path.unlink()
    await make_run(tmp_path, make_planned(ONE)).look_up(trust=True)
    written_ns = path.stat().st_mtime_ns
    await make_run(tmp_path, make_planned(ONE)).look_up(trust=True)

    assert make_planned(ONE) == read_planned_job(path)
    assert written_ns == path.stat().st_mtime_ns


async def test_plan_of_files_made_again(tmp_path: Path) -> None:
    """Rendering keeps the plan, but not where it cannot begin."""
    await record(tmp_path, FakeService(), ONE)
    path = plan_of(tmp_path, "job")
    path.unlink()
    edited = make_run(tmp_path, make_planned(TWO))
    await edited.look_up(trust=False)
    with pytest.raises(TranscriptError):
        await render(edited)
    kept_too_early = path.exists()
    run = make_run(tmp_path, make_planned(ONE))
    await run.look_up(trust=False)
    await render(run)

    assert not kept_too_early
    assert make_planned(ONE) == read_planned_job(path)


async def test_plan_cannot_be_kept(tmp_path: Path) -> None:
    """Where there is no place for the plan, nothing is sent."""
    (tmp_path / "plans").touch()
    service = FakeService()
    result = await fail(make_run(tmp_path, make_planned(ONE)), service)

    assert f"job: {tmp_path}/plans/job.json: cannot write" in (result.error or "")
    assert [] == service.spoken


async def test_missing_segments_are_named(tmp_path: Path) -> None:
    """A job that is not all on record cannot be rendered, and says what is missing."""
    texts = [f"Number {number}." for number in range(1, 8)]
    await record(tmp_path, FakeService(), texts[1], texts[5])
    run = make_run(tmp_path, make_planned(*texts))
    await run.look_up(trust=False)

    with pytest.raises(TranscriptError) as caught:
        await render(run)

    assert (
        "job: 5 of 7 segments are not on record: 1, 3-5, 7; `rimebatch run` records "
        "them"
    ) == run.failed(caught.value).error


async def test_sound_takes_are_kept(tmp_path: Path) -> None:
    """A take that was verified is not given up for a newer one that is damaged."""
    transcripts = transcripts_of(tmp_path, "job")
    key = (await record(tmp_path, FakeService(), ONE)).job.segments[0].key
    older = transcripts.takes()[key]
    intact = older.path.read_bytes()
    damage(older)
    (tmp_path / "job.wav").unlink()
    await record(tmp_path, FakeService(), ONE)
    damage(transcripts.takes()[key])
    older.path.write_bytes(intact)
    service = FakeService()
    run = await record(tmp_path, service, ONE, TWO)

    assert [TWO] == service.spoken
    assert sound_of(ONE) + sound_of(TWO) == read_samples(await render(run))


async def test_no_connection(tmp_path: Path) -> None:
    """What goes wrong before a segment is asked for is said of the job."""
    service = FakeService(refusal="ws://host/ws3: nobody there")
    run = make_run(tmp_path, make_planned(ONE))

    assert JobResult(
        "job", "failed", 1, 0, 0, error="job: ws://host/ws3: nobody there"
    ) == await fail(run, service)


async def test_failure_inside_a_segment(tmp_path: Path) -> None:
    """What goes wrong inside a segment is said of it, with what was received."""
    reports: list[Report] = []
    twist = only(TWO, lambda items: [items[0], Close(1011, "out of breath")])
    run = make_run(tmp_path, make_planned(ONE, TWO), reports)
    result = await fail(run, FakeService(twist=twist))

    assert (
        "job, segment 2 of 2, 5 bytes of audio in: the connection was closed with "
        "1011 (out of breath)"
    ) == result.error
    assert len(ONE + TWO) == result.sent_chars
    assert LineChanged("job", is_open=False) == reports[-1]


async def test_failure_after_the_last_segment(tmp_path: Path) -> None:
    """What goes wrong when all is on record is said of the job."""
    run = await record(tmp_path, FakeService(), ONE)

    assert "job: no room" == run.failed(RimeBatchError("no room")).error


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("two\r\nlines", "two lines"),
        ("\x1b[31mred\x00", "[31mred"),
        ("word " * 1_000_000, ("word " * 399)),
    ],
)
async def test_an_error_is_one_line(tmp_path: Path, said: str, shown: str) -> None:
    """Whatever a server says, the error of a job is one printable line."""
    run = make_run(tmp_path, make_planned(ONE))

    assert f"job: {shown}" == run.failed(ConnectError(said)).error


async def test_script(tmp_path: Path) -> None:
    """A script of messages is recorded and rendered as one segment."""
    script = make_script("raw", {"text": "This goes. "}, {"operation": "eos"})
    reports: list[Report] = []
    run = make_run(tmp_path, plan_job(script, MAX_CHARS), reports)
    await run.look_up(trust=True)
    manners = Manners(bytes_per_sample=2, is_script=True)
    await run.record(FakeService().connect, Origin(), manners)
    rendered = await render(run)

    assert sound_of("This goes.") == read_samples(rendered)
    assert [SegmentAsked("raw", 1, len("This goes. "))] == [
        report for report in reports if isinstance(report, SegmentAsked)
    ]


async def test_a_take_that_fails_its_checks(tmp_path: Path) -> None:
    """It gives no file, and counts no more once another one is worth a try."""
    reports: list[Report] = []
    service = FakeService(twist=only(TWO, at_first(1, hush)))
    run = make_run(tmp_path, make_planned(ONE, TWO), reports)
    await run.look_up(trust=True)
    await take_again(run, service)
    await doubt(run)

    assert not is_published(tmp_path)
    assert await run.reject_doubtful(anything)
    assert [TWO] == [segment.text for segment in run.job.missing]
    assert TakeRejected("job", 2, len(TWO), "all of its 0.00 s are silent") in reports

    await take_again(run, service)
    result = run.done(await render(run))

    assert (len(ONE + TWO + TWO), 0, ()) == (
        result.sent_chars,
        result.reused_chars,
        result.failed_checks,
    )


async def test_a_take_of_an_earlier_run(tmp_path: Path) -> None:
    """If it fails its checks it was not reused."""
    service = FakeService(twist=only(TWO, at_first(1, hush)))
    first = make_run(tmp_path, make_planned(ONE, TWO))
    await take_again(first, service)
    run = make_run(tmp_path, make_planned(ONE, TWO))
    await run.look_up(trust=True)
    await doubt(run)
    await run.reject_doubtful(anything)
    await take_again(run, service)
    result = run.done(await render(run))

    assert (len(TWO), len(ONE)) == (result.sent_chars, result.reused_chars)


async def test_an_older_take_counts_again(tmp_path: Path) -> None:
    """Where a sound one is left, the newest gives way to it, and nothing is sent."""
    service = FakeService()
    await take_again(make_run(tmp_path, make_planned(ONE)), service)
    service.twist = only(ONE, hush)
    await take_again(make_run(tmp_path, make_planned(ONE)), service)
    reports: list[Report] = []
    run = make_run(tmp_path, make_planned(ONE), reports)
    await run.look_up(trust=True)
    await doubt(run)

    assert await run.reject_doubtful(anything)
    assert () == run.job.missing
    assert sound_of(ONE) == read_samples(await render(run))
    assert [] == [report for report in reports if isinstance(report, TakeRejected)]


@pytest.mark.parametrize("on_fail", ["warn", "fail"])
async def test_no_retake(tmp_path: Path, on_fail: OnFail) -> None:
    """Only where the manifest has it so is another take worth its price."""
    checks = replace(UNCHECKED, on_fail=on_fail)
    run = make_run(tmp_path, replace(make_planned(ONE), checks=checks))
    await take_again(run, FakeService(twist=only(ONE, hush)))
    await run.render(trio.CapacityLimiter(1))

    assert 1 == len(run.doubts)
    assert not await run.reject_doubtful(anything)
    assert (on_fail == "warn") == is_published(tmp_path)


async def test_doubtful(tmp_path: Path) -> None:
    """A job whose takes failed tells each finding, and what would help."""
    run = make_run(tmp_path, make_planned(ONE, TWO))
    await take_again(run, FakeService(twist=only(TWO, hush)))
    result = (await doubt(run)).doubtful()

    assert ("failed", "checks", ()) == (result.state, result.cause, result.files)
    assert (
        "job: the takes of 1 of 2 segments failed their checks; `rimebatch takes` "
        "lists them and takes them all the same, `rimebatch retake` asks for others"
    ) == result.error
    assert [(2, TWO, "silence")] == [
        (failed.segment, failed.text, failed.check) for failed in result.failed_checks
    ]


async def test_what_is_rejected_is_told_once(tmp_path: Path) -> None:
    """A take that counts no more is no finding of the result."""
    run = make_run(tmp_path, make_planned(ONE))
    await take_again(run, FakeService(twist=only(ONE, hush)))
    await doubt(run)
    await run.reject_doubtful(anything)

    assert () == run.stopped(None).failed_checks
