"""What a page shows is what lies in the folder, and what does not is said so."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from fakes.manifests import UNCHECKED
from rimebatch.manifest.encoding import AudioFile, Encoding
from rimebatch.manifest.load import Job, Output, Voice
from rimebatch.manifest.plan import PlannedJob, Segment, plan_job
from rimebatch.renderer.job import render_job
from rimebatch.renderer.report import JobCosts, Note, ReportJob, read_report_job
from rimebatch.renderer.report.model import JobState
from rimebatch.renderer.spoken import SpokenWord
from rimebatch.transcript.reader import RecordedTake
from rimebatch.transcript.store import JobTranscripts
from rimebatch.ws3.events import Chunk, Done, Event, Timestamps
from rimebatch.ws3.query import Parameter

Speak = Callable[[Segment], Sequence[Event]]
Record = Callable[[Path, PlannedJob, Speak], Mapping[str, RecordedTake]]

VOICE: Mapping[str, Parameter] = {
    "modelId": "arcana",
    "speaker": "luna",
    "lang": "eng",
    "audioFormat": "pcm",
    "samplingRate": 8000,
    "segment": "never",
}
TEXT = "A heading\n\nOne one two.\n\nThree."


def plan_text(text: str = TEXT, title: str | None = None) -> PlannedJob:
    """Return the plan of a job that says *text*."""
    return plan_job(Job("ch01", title, Voice(VOICE), text, None), 500)


def speak(segment: Segment) -> Sequence[Event]:
    """Return a second of audio, in which each word lasts a tenth of one."""
    words = tuple(segment.text.split())
    start, end = (
        tuple((number + side) / 10 for number in range(len(words))) for side in (0, 1)
    )
    label = segment.context_id
    times = Timestamps(words, start, end, label)
    return [times, Chunk(b"\0\x40" * 8000, label), Done(label)]


def speak_badly(segment: Segment) -> Sequence[Event]:
    """Return a word that is not in the text, one that is, and one in front of it."""
    label = segment.context_id
    times = Timestamps(("un", "two.", "One"), (0.0, 0.2, 0.4), (0.1, 0.3, 0.5), label)
    return [times, Chunk(bytes(16000), label), Done(label)]


def speak_silently(segment: Segment) -> Sequence[Event]:
    """Return audio without times, the end of which is known by what follows alone."""
    return [Chunk(bytes(16000), segment.context_id)]


def read(folder: Path, plan: PlannedJob, costs: JobCosts | None = None) -> ReportJob:
    """Return what the page shows of *plan*, by what lies in *folder*."""
    transcripts = JobTranscripts(folder / "transcripts" / "ch01")
    return read_report_job(plan, folder, transcripts, costs or JobCosts())


def test_a_job_that_is_done(tmp_path: Path, record: Record) -> None:
    """A rendered job has audio, outline and title, and nothing to complain of."""
    plan = plan_text(title="One")
    render_job(plan, record(tmp_path, plan, speak), tmp_path)
    job = read(tmp_path, plan)

    assert ("ch01", "done", "ch01.wav") == (job.id, job.state, job.audio_file)
    assert b"\x40\x40" * 1000 == job.peaks
    assert ("One", "eng", 8000) == (
        job.spoken.title,
        job.spoken.language,
        job.spoken.rate_hz,
    )
    assert (24000, 1, 0) == (job.spoken.frames, job.connections, job.missing_chars)
    assert 0 < job.connected_s < 1e-6  # a nanosecond for each entry
    assert [()] * 3 == [segment.notes for segment in job.segments]


def test_words_and_where_they_stand(tmp_path: Path, record: Record) -> None:
    """Each word has its place in the printed text, a repeated one the next place."""
    plan = plan_text()
    render_job(plan, record(tmp_path, plan, speak), tmp_path)
    segment = read(tmp_path, plan).spoken.segments[1]

    assert ("One one two.", 1, 8000, 16000) == (
        segment.text,
        segment.paragraph,
        segment.start,
        segment.end,
    )
    assert segment.words == (
        SpokenWord(0, 3, 8000, 8800),
        SpokenWord(4, 7, 8800, 9600),
        SpokenWord(8, 12, 9600, 10400),
    )


def test_words_that_are_not_in_the_text(tmp_path: Path, record: Record) -> None:
    """A word that the text does not have, or not there any more, is not shown."""
    plan = plan_text("One one two.")
    render_job(plan, record(tmp_path, plan, speak_badly), tmp_path)
    [segment] = read(tmp_path, plan).spoken.segments

    assert (SpokenWord(0, 3, 3200, 4000),) == segment.words


def test_what_the_service_left_open(tmp_path: Path, record: Record) -> None:
    """An inferred end and missing times are notices; a failed check is a fault."""
    plan = plan_text("One one two.")
    render_job(plan, record(tmp_path, plan, speak_silently), tmp_path)
    [segment] = read(tmp_path, plan).segments

    assert segment.notes == (
        Note("notice", "the service did not say where it ends"),
        Note("fault", "all of its 1.00 s are silent"),
        Note("notice", "it has no word times"),
    )


@pytest.mark.parametrize(
    ("starts", "what"),
    [
        ((0.4, 0.8, 1.4, 2.0, 2.6, 3.0), "its word times are coarse"),
        ((0.0, 0.3, 0.2, 0.5, 0.65, 1.2), "word times were mended: overrun, reversed"),
    ],
)
def test_times_that_are_doubtful(
    tmp_path: Path, record: Record, starts: tuple[float, ...], what: str
) -> None:
    """Coarse times, and times that had to be mended, are one notice a segment."""

    def speak_doubtfully(segment: Segment) -> Sequence[Event]:
        label, words = segment.context_id, tuple(segment.text.split())
        audio = b"\0\x40" * round(max(starts[:-1]) * 8000 + 3200)
        times = Timestamps(words, starts[:-1], starts[1:], label)
        return [times, Chunk(audio, label), Done(label)]

    plan = replace(plan_text("One two three four five."), checks=UNCHECKED)
    render_job(plan, record(tmp_path, plan, speak_doubtfully), tmp_path)
    [segment] = read(tmp_path, plan).segments

    assert (Note("notice", what),) == segment.notes


@pytest.mark.parametrize(
    ("formats", "expected"),
    [
        (["wav", "mp3"], "ch01.mp3"),
        (["opus", "wav"], "ch01.wav"),
        (["opus", "ogg"], "ch01.opus"),
        (["ulaw"], "ch01.ulaw.wav"),
    ],
)
def test_audio_that_every_browser_plays(
    tmp_path: Path, record: Record, formats: Sequence[AudioFile], expected: str
) -> None:
    """Of several files the page plays one that every browser can, if there is one."""
    output = Output(encodings=tuple(map(Encoding, formats)))
    plan = replace(plan_text("One."), output=output)
    render_job(plan, record(tmp_path, plan, speak), tmp_path)

    assert expected == read(tmp_path, plan).audio_file


@pytest.mark.parametrize(
    ("told", "state"),
    [("failed", "failed"), ("stopped", "stopped"), ("done", "unfinished")],
)
def test_segments_that_are_missing(
    tmp_path: Path, record: Record, told: JobState, state: JobState
) -> None:
    """What is not on record is a fault, and the job is what the ledger says it is."""
    record(tmp_path, plan_text("One one two."), speak)
    job = read(tmp_path, plan_text("One one two.\n\nMore."), JobCosts(told))

    assert (state, "", b"", 5) == (
        job.state,
        job.audio_file,
        job.peaks,
        job.missing_chars,
    )
    assert [(), (Note("fault", "not on record"),)] == [s.notes for s in job.segments]
    assert ["One one two.", "More."] == [s.text for s in job.spoken.segments]
    assert 0 == job.spoken.frames


def test_files_that_are_not_of_the_record(tmp_path: Path, record: Record) -> None:
    """A job that is on record without files that are current is not rendered."""
    plan = plan_text()
    record(tmp_path, plan, speak)

    assert "unrendered" == read(tmp_path, plan, JobCosts("done")).state


def test_headings(tmp_path: Path) -> None:
    """What looks like a heading is shown as one."""
    plan = plan_text("CHAPTER IV.\n\nIt ends.\n\nThe End")

    assert [True, False, True] == [s.is_heading for s in read(tmp_path, plan).segments]


def test_tries(tmp_path: Path) -> None:
    """How often a segment was sent, the characters sent for it say."""
    costs = JobCosts(segments={1: 9, 2: 36})

    found = [segment.tries for segment in read(tmp_path, plan_text(), costs).segments]

    assert [1, 3, 0] == found
