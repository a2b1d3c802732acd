"""Tests of a job played again from its transcripts."""

import tempfile
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final, Literal

import msgspec
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from fakes.manifests import make_job, make_manifest, make_script
from fakes.recordings import (
    EOS,
    FLUSH,
    QUERY,
    chunk,
    ended,
    error,
    farewell,
    heard,
    make,
    said,
    take,
    text,
    write,
)
from fakes.services import Close, FakeService, Item, only
from fakes.transcripts import HEADER, damage, open_transcript
from rimebatch.errors import TranscriptError
from rimebatch.manifest.load import Job
from rimebatch.manifest.plan import Plan, PlannedJob, make_plan
from rimebatch.recorder.batch import render_batch, run_batch
from rimebatch.recorder.folders import transcripts_of
from rimebatch.recorder.origin import Origin
from rimebatch.recorder.patience import Patience
from rimebatch.recorder.replay_job import PlayedAttempt, PlayedJob, replay_job
from rimebatch.recorder.reports import Report, SegmentAsked
from rimebatch.recorder.transports import Connect
from rimebatch.recorder.transports.endpoint import Endpoint
from rimebatch.recorder.transports.live import open_live
from rimebatch.renderer import Difference
from rimebatch.replay import (
    DivergenceKind,
    Gate,
    Match,
    ReplayOptions,
    Step,
    read_recording,
)
from rimebatch.server import ServiceOptions, serve_ws3
from rimebatch.server.voices import ToneVoice
from rimebatch.transcript import (
    Entry,
    Header,
    Redactor,
    Span,
    TakeRecord,
    TranscriptWriter,
    read_entries,
    read_header,
)
from rimebatch.transcript.edit import reseal
from rimebatch.transcript.entries import (
    RecordedManners,
    decode_checked,
    encode_checked,
)

ONE, TWO, THREE = "The first one.", "Here is number two.", "And, at last, the third."
STORY: Final = make_job("job", ONE, TWO, THREE)
SCRIPT: Final = make_script("job", {"text": f"{ONE} "}, {"operation": "eos"})
# However much it looks like segments, its context ids are its own.
PAIRS: Final = make_script(
    "job",
    *({"text": f"{ONE} ", "contextId": "a"}, {"operation": "flush"}),
    *({"text": TWO, "contextId": "b"}, {"operation": "flush"}),
    {"operation": "eos"},
)

A, B = "job:0123456789abcdef", "job:fedcba9876543210"
DROPPED: Final = ended("client", 1006, "dropped by the client")
AS_RECORDED: Final = ReplayOptions()
ONE_LINE: Final = Patience(attempts=1)

Done = Literal["auto", "always", "never"]


def plan(job: Job = STORY, done: Done = "always") -> Plan:
    """Return the plan of *job*, for a service of that kind."""
    return make_plan(make_manifest(job, done=done))


def record(
    folder: Path, connect: Connect, plan: Plan, redactor: Redactor | None = None
) -> PlannedJob:
    """Record a job into *folder*, and render it if all of it is there."""
    origin = Origin(redactor=redactor or Redactor())
    trio.run(
        partial(run_batch, plan, connect, folder, origin=origin, patience=ONE_LINE)
    )
    return plan.jobs[0]


def play(
    folder: Path, plan: PlannedJob | None, options: ReplayOptions = AS_RECORDED
) -> PlayedJob:
    """Play the job in *folder*, and compare its files if there is a *plan*."""
    paths = transcripts_of(folder, "job").paths()
    recordings = [(path, partial(read_recording, path)) for path in paths]
    with tempfile.TemporaryDirectory() as scratch:
        playing = partial(replay_job, recordings, Path(scratch), options, plan, folder)
        return trio.run(playing, clock=MockClock())


def play_steps(
    folder: Path,
    *steps: Step,
    header: Header | None = None,
    options: ReplayOptions = AS_RECORDED,
) -> PlayedAttempt:
    """Play a transcript of *steps*, by default as a proxy has it; say how it went."""
    recording = make(*steps)
    header = header or msgspec.structs.replace(HEADER, query=QUERY, vantage="proxy")
    path = transcripts_of(folder, "job").folder / "0001.jsonl"
    path.parent.mkdir(parents=True)
    write(path, recording, header)
    [attempt] = play(folder, None, options).attempts
    return attempt


def edit(folder: Path, change: Callable[[Entry], Iterable[Entry]]) -> None:
    """Replace each entry of the one transcript in *folder* by others, and reseal it."""
    [path] = transcripts_of(folder, "job").paths()
    entries = [
        changed
        for entry in read_entries(path)
        if entry.kind != "sealed"
        for changed in change(entry)
    ]
    numbered = (
        msgspec.structs.replace(entry, number=number)
        for number, entry in enumerate(entries, start=1)
    )
    path.write_bytes(reseal(read_header(path), numbered))


def find_transcript(folder: Path, number: int = 1) -> Path:
    """Return a transcript of the job in *folder*."""
    return transcripts_of(folder, "job").paths()[number - 1]


@pytest.mark.parametrize(
    ("service", "done"),
    [
        (FakeService(), "always"),
        (FakeService(ahead=100), "auto"),
        (FakeService(done=False), "never"),
        (FakeService(done=False, tags_times=False, ahead=3), "never"),
    ],
)
@pytest.mark.parametrize("redactor", [Redactor(), Redactor("hash")])
@pytest.mark.parametrize("gate", ["context", "observed"])
@pytest.mark.parametrize("match", ["json", "exact"])
def test_agrees(
    tmp_path: Path,
    service: FakeService,
    done: Done,
    redactor: Redactor,
    gate: Gate,
    match: Match,
) -> None:
    """A job agrees with its record, whatever the service, and with hidden text, too."""
    job = record(tmp_path, service.connect, plan(done=done), redactor)

    played = play(tmp_path, job, ReplayOptions(gate, match))

    [attempt] = played.attempts
    events = [entry.kind for entry in read_entries(find_transcript(tmp_path))]
    assert (True, 0, ()) == (played.agrees, played.missing, played.differences)
    assert (3, 0, None) == (attempt.takes, attempt.unplayed, attempt.error)
    assert events.count("sent") + events.count("received") == attempt.messages
    assert str(find_transcript(tmp_path)) == attempt.transcript


@pytest.mark.parametrize("job", [SCRIPT, PAIRS])
@pytest.mark.parametrize("redactor", [Redactor(), Redactor("hash")])
def test_script(tmp_path: Path, job: Job, redactor: Redactor) -> None:
    """A script is one take, even where its messages look like those of segments."""
    planned = record(tmp_path, FakeService().connect, plan(job), redactor)

    played = play(tmp_path, planned)

    assert (True, ()) == (played.agrees, played.differences)
    assert [1] == [attempt.takes for attempt in played.attempts]


@pytest.mark.parametrize(
    "end",
    [
        Close(1011, "out of breath"),
        Close(1006, "gone"),
        error("too long"),
        "no event",
    ],
)
@pytest.mark.parametrize("ahead", [0, 100])
def test_failed_then(tmp_path: Path, end: Item, ahead: int) -> None:
    """A job that failed fails the same way, and agrees; it has no files to compare."""
    twist = only(TWO, lambda items: [items[0], end])
    job = record(tmp_path, FakeService(twist=twist, ahead=ahead).connect, plan())

    played = play(tmp_path, job)

    [attempt] = played.attempts
    assert (True, 2, ()) == (played.agrees, played.missing, played.differences)
    assert 1 == attempt.takes
    assert attempt.error is not None


def test_withdrawn_take(tmp_path: Path) -> None:
    """A take that was cut, and withdrawn, is withdrawn again."""
    twist = only(ONE, lambda items: [*items, items[0]])
    job = record(tmp_path, FakeService(twist=twist, ahead=100).connect, plan())

    played = play(tmp_path, job)

    assert (True, 3) == (played.agrees, played.missing)
    assert "had ended already" in str(played.attempts[0].error)


@pytest.mark.parametrize("last", [[], [heard(error("no more"))]])
def test_end_between_takes(tmp_path: Path, last: list[Step]) -> None:
    """Where the line ended before the next word, that nothing more was said agrees."""
    header = msgspec.structs.replace(HEADER, query=QUERY)
    steps = (*take(A), *last, ended(code=1001), ended("client", 1001))
    attempt = play_steps(tmp_path, *steps, header=header)

    assert (1, (), 0) == (attempt.takes, attempt.divergences, attempt.unplayed)
    assert attempt.agrees


async def test_interrupted_over_a_socket(tmp_path: Path) -> None:
    """What is left when a run is cancelled within a take agrees."""
    planned = plan()
    with trio.CancelScope() as scope:

        def stop_at_two(report: Report) -> None:
            if isinstance(report, SegmentAsked) and report.segment == 2:
                scope.cancel()

        async with trio.open_nursery() as nursery:
            url = await nursery.start(serve_ws3, ServiceOptions(voice=ToneVoice()))
            connect = partial(open_live, Endpoint(str(url), "any-key"))
            await run_batch(planned, connect, tmp_path, listener=stop_at_two)

    played = await trio.to_thread.run_sync(play, tmp_path, planned.jobs[0])

    [attempt] = played.attempts
    assert (True, 2, 1) == (played.agrees, played.missing, attempt.takes)
    assert "dropped by the client" in str(attempt.error)


def test_silent_then(tmp_path: Path) -> None:
    """A session that gave up does so again, after as long."""
    header = msgspec.structs.replace(
        HEADER, query=QUERY, manners=RecordedManners("always", 2.0)
    )
    gone = replace(DROPPED, time_ns=2_001_000_000)
    steps = (said(text("One.", A)), said(FLUSH), heard(chunk(A)), gone)

    attempt = play_steps(tmp_path, *steps, header=header)

    assert (True, 0) == (attempt.agrees, attempt.takes)
    assert "nothing came from the service for 2 s" == attempt.error
    assert pytest.approx(0.05 + 0.1 + 2) == attempt.seconds


@pytest.mark.parametrize(
    ("open_line", "why"),
    [
        (lambda writer: writer.refused(503, {}, "too busy"), "HTTP 503: too busy"),
        (lambda writer: writer.lost("server", "nobody there"), "nobody there"),
    ],
)
def test_no_connection_then(
    tmp_path: Path, open_line: Callable[[TranscriptWriter], Span], why: str
) -> None:
    """A handshake that failed fails again, and there is nothing else to be played."""
    folder = transcripts_of(tmp_path, "job").folder
    folder.mkdir(parents=True)
    with open_transcript(folder / "0001.jsonl") as writer:
        open_line(writer)

    [attempt] = play(tmp_path, None).attempts

    assert (True, 0, 0) == (attempt.agrees, attempt.messages, attempt.unplayed)
    assert str(attempt.error).endswith(why)


def test_two_attempts(tmp_path: Path) -> None:
    """What the first attempt had not, the second has; the files are made of both."""
    twist = only(TWO, lambda items: [items[0], Close(1006)])
    record(tmp_path, FakeService(twist=twist).connect, plan())
    keys = transcripts_of(tmp_path, "job").takes()
    rest = make_plan(plan().manifest, lambda _: keys)
    job = record(tmp_path, FakeService().connect, rest)

    played = play(tmp_path, job)

    assert (True, ()) == (played.agrees, played.differences)
    assert [1, 2] == [attempt.takes for attempt in played.attempts]


def test_edited_text(tmp_path: Path) -> None:
    """Attempts ask for what they asked then, and the files are by the newest plan."""
    record(tmp_path, FakeService().connect, plan(make_job("job", ONE, TWO)))
    edited = plan(make_job("job", THREE, ONE))
    job = record(tmp_path, FakeService().connect, edited)

    played = play(tmp_path, job)

    assert (True, 0, ()) == (played.agrees, played.missing, played.differences)
    assert [2, 1] == [attempt.takes for attempt in played.attempts]


def test_chosen_takes(tmp_path: Path) -> None:
    """The files are made of what was chosen among the takes, as they were then."""
    job, transcripts = plan().jobs[0], transcripts_of(tmp_path, "job")
    for chunk_bytes in (5, 4, 3):  # so that no take is like another
        record(tmp_path, FakeService(chunk_bytes=(chunk_bytes,)).connect, plan())
        transcripts.reject(transcripts.all_takes(), "retake")
    oldest, *_, newest = transcripts.all_takes()
    middle = transcripts.all_takes()[4]
    for picked in (oldest, middle, newest):
        transcripts.pick(picked)

    assert not play(tmp_path, job).agrees

    trio.run(render_batch, plan(), tmp_path)
    played = play(tmp_path, job)

    assert (True, 0, ()) == (played.agrees, played.missing, played.differences)
    assert [3, 3, 3] == [attempt.takes for attempt in played.attempts]

    transcripts.reject([middle], "retake")

    assert 1 == play(tmp_path, job).missing


def test_files_of_another_day(tmp_path: Path) -> None:
    """Files that are there, although the record lacks a take for them, differ."""
    record(tmp_path, FakeService().connect, plan(make_job("job", ONE)))
    edited = plan(make_job("job", ONE, TWO)).jobs[0]

    played = play(tmp_path, edited)

    what = "1 of 2 segments are not on record"
    assert (False, 1) == (played.agrees, played.missing)
    assert (
        Difference(tmp_path / "job.wav", what),
        Difference(tmp_path / "job.words.json", what),
    ) == played.differences


def test_changed_file(tmp_path: Path) -> None:
    """A file that is not what the record makes differs."""
    job = record(tmp_path, FakeService().connect, plan())
    (tmp_path / "job.words.json").unlink()

    played = play(tmp_path, job)

    missing = Difference(tmp_path / "job.words.json", "missing")
    assert (False, (missing,)) == (played.agrees, played.differences)
    assert played.attempts[0].agrees


def test_nothing_to_compare(tmp_path: Path) -> None:
    """Without a plan no file is looked at."""
    record(tmp_path, FakeService().connect, plan())
    (tmp_path / "job.wav").unlink()

    assert (True, None) == (
        play(tmp_path, None).agrees,
        play(tmp_path, None).differences,
    )


def test_damaged_take(tmp_path: Path) -> None:
    """A byte of a chunk that changed is named, and so is what it changes to hear."""
    job = record(tmp_path, FakeService().connect, plan())
    damage(transcripts_of(tmp_path, "job").takes()[job.segments[1].key])

    played = play(tmp_path, job)

    [damaged] = played.attempts[0].damages
    files = [difference.file.name for difference in played.differences or ()]
    assert (False, 2) == (played.agrees, damaged.take)
    assert ["job.wav", "job.words.json"] == files


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, PlannedJob]:
    """Record a job that waits for nobody; its folder and its plan."""
    folder = tmp_path_factory.mktemp("whole")
    service = FakeService(done=False, ahead=3)
    return folder, record(folder, service.connect, plan(done="never"))


@settings(max_examples=40)
@given(data=st.data())
def test_any_byte(whole: tuple[Path, PlannedJob], data: st.DataObject) -> None:
    """No byte of a transcript can change without an error or a difference."""
    folder, job = whole
    path = find_transcript(folder)
    sound = path.read_bytes()
    content = bytearray(sound)
    content[data.draw(st.integers(0, len(sound) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    try:
        agrees = play(folder, job).agrees
    except TranscriptError:
        agrees = False
    finally:
        path.write_bytes(sound)

    assert not agrees


@settings(max_examples=40)
@given(data=st.data())
def test_any_crash(whole: tuple[Path, PlannedJob], data: st.DataObject) -> None:
    """However much of a transcript a crash has left, it agrees as far as it goes."""
    folder, job = whole
    path = find_transcript(folder)
    sound = path.read_bytes()
    header_end = sound.index(b"\n") + 1
    path.write_bytes(sound[: data.draw(st.integers(header_end, len(sound)))])
    try:
        played = play(folder, job)
    finally:
        path.write_bytes(sound)

    assert played.attempts[0].agrees
    assert (played.missing > 0) == bool(played.differences)


def test_half_a_header(tmp_path: Path) -> None:
    """What was cut within its first line is no transcript, and the error says so."""
    job = record(tmp_path, FakeService().connect, plan())
    path = find_transcript(tmp_path)
    path.write_bytes(path.read_bytes()[:20])

    with pytest.raises(TranscriptError, match=r"0001\.jsonl: not a transcript"):
        play(tmp_path, job)


def test_pace(tmp_path: Path) -> None:
    """Gaps are stretched and shortened, and no limit of the session strikes for it."""
    header = msgspec.structs.replace(
        HEADER, query=QUERY, vantage="proxy", manners=RecordedManners("auto", 1.0)
    )
    steps = [*take(A), *take(B), *farewell()]
    attempts = [
        play_steps(
            tmp_path / str(pace),
            *steps,
            header=header,
            options=ReplayOptions(pace=pace),
        )
        for pace in (0, 0.5, 1, 100)
    ]

    assert [True] * 4 == [attempt.agrees for attempt in attempts]
    assert [2] * 4 == [attempt.takes for attempt in attempts]
    assert pytest.approx([0, 0.33, 0.66, 66]) == [a.seconds for a in attempts]


@pytest.mark.parametrize(
    ("steps", "takes"),
    [
        # Word by word, without context ids.
        ([said(text("One ")), said(text("two. ")), said(EOS), heard(chunk())], 1),
        # Flushes of nothing, and words after the last of them.
        ([said(FLUSH), said(text("One.", A)), said(EOS), heard(chunk(A))], 1),
        # Something that the recorder would not say.
        ([*take("a"), said('{"operation":"clear"}'), said(EOS)], 1),
        ([*take("a"), heard(error()), said(EOS)], 0),
    ],
)
def test_another_client(tmp_path: Path, steps: list[Step], takes: int) -> None:
    """What any client said is said again; its takes are nobody's to compare."""
    closed = (ended(), ended("client"))
    attempt = play_steps(tmp_path, *steps, *closed)

    assert (True, takes) == (attempt.agrees, attempt.takes)


@pytest.mark.parametrize("end", [ended("client"), DROPPED, ended("client", 3000)])
def test_another_client_that_leaves(tmp_path: Path, end: Step) -> None:
    """A client that left when it had enough does no harm."""
    attempt = play_steps(tmp_path, *take("a"), end, heard(chunk("a")), ended())

    assert (True, 0) == (attempt.agrees, attempt.unplayed)


def test_what_is_no_command(tmp_path: Path) -> None:
    """What the recorder cannot say is unplayed, with all that should follow."""
    steps = (said("hello?"), heard(chunk()), ended(), ended("client"))
    attempt = play_steps(tmp_path, *steps)

    assert (False, 2, 2) == (attempt.agrees, attempt.messages, attempt.unplayed)
    assert attempt.error is not None


def test_binary_message(tmp_path: Path) -> None:
    """A binary message is heard, and fails the session again."""
    header = msgspec.structs.replace(HEADER, query=QUERY)
    steps = (said(text("One.", A)), said(FLUSH), heard(b"\0"), DROPPED)
    attempt = play_steps(tmp_path, *steps, header=header)

    assert (True, 3, 0) == (attempt.agrees, attempt.messages, attempt.unplayed)
    assert "a binary message" in str(attempt.error)


def test_divergence(tmp_path: Path) -> None:
    """Where the session leaves the record, that is told, and nothing agrees."""
    steps = (*take("a"), *take("b"), *farewell())
    attempt = play_steps(tmp_path, *steps, options=ReplayOptions("total"))

    [divergence] = attempt.divergences
    assert not attempt.agrees
    assert DivergenceKind.EARLY is divergence.kind
    assert str(divergence) == attempt.error


def lie(take: TakeRecord) -> TakeRecord:
    """Return *take* as if other messages had come."""
    return msgspec.structs.replace(take, id="0" * 64)


def change_take(
    entry: Entry, change: Callable[[TakeRecord], TakeRecord] = lie
) -> list[Entry]:
    """Return *entry*, with another take if it commits one."""
    if entry.kind != "take":
        return [entry]
    value = encode_checked(change(decode_checked(entry.value, TakeRecord))).decode()
    return [msgspec.structs.replace(entry, value=value)]


def leave_out(entry: Entry) -> list[Entry]:
    """Return *entry*, unless it commits a take."""
    return [] if entry.kind == "take" else [entry]


def withdraw(entry: Entry) -> list[Entry]:
    """Return *entry*, and another that withdraws the take it commits, if it does."""
    if entry.kind != "take":
        return [entry]
    withdrawn = msgspec.structs.replace(entry, kind="withdrawn", start=-entry.start)
    return [entry, withdrawn]


def rename(entry: Entry) -> list[Entry]:
    """Return *entry*; a take that it commits is of something that was not said."""
    return change_take(
        entry, lambda take: msgspec.structs.replace(take, segment="x", context_id="x")
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (change_take, ["the take of {} came out different"]),
        (leave_out, ["the take of {} is not on record"]),
        (withdraw, ["the take of {} was withdrawn then"]),
        (
            rename,
            ["the take of x did not come again", "the take of {} is not on record"],
        ),
    ],
)
@pytest.mark.parametrize("job", [make_job("job", ONE), SCRIPT])
def test_changed_take(
    tmp_path: Path,
    change: Callable[[Entry], list[Entry]],
    said: list[str],
    job: Job,
) -> None:
    """A take that is not the one on record is told, and how."""
    planned = record(tmp_path, FakeService().connect, plan(job))
    edit(tmp_path, change)

    [attempt] = play(tmp_path, planned).attempts

    name = planned.segments[0].context_id or "the script"
    assert tuple(what.format(name) for what in said) == attempt.changed
    assert not attempt.agrees
