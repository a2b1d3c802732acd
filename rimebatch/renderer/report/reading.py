"""From what lies in an output folder to what the page shows.

The only module of the report that knows sidecars and transcripts.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from rimebatch.manifest.encoding import AudioFile
from rimebatch.manifest.headings import find_headings
from rimebatch.manifest.parameters import DEFAULT_LANG
from rimebatch.manifest.plan import PlannedJob, mark
from rimebatch.renderer.job import is_rendered
from rimebatch.renderer.job_files import RenderedJob
from rimebatch.renderer.peaks import read_peaks
from rimebatch.renderer.report.model import (
    JobCosts,
    JobState,
    Note,
    ReportJob,
    ReportSegment,
)
from rimebatch.renderer.spoken import SpokenJob, SpokenSegment
from rimebatch.renderer.spoken_file import Remarks, read_spoken
from rimebatch.renderer.takes import Timing
from rimebatch.transcript.reader import RecordedTake, read_length_ns
from rimebatch.transcript.store import JobTranscripts

_MISSING: Final = Note("fault", "not on record")
_INFERRED: Final = Note("notice", "the service did not say where it ends")
_OF_TIMING: Final = {
    Timing.COARSE: Note("notice", "its word times are coarse"),
    Timing.ESTIMATED: Note("notice", "its word times are estimates"),
    Timing.NONE: Note("notice", "it has no word times"),
}

_NS_PER_S: Final = 1_000_000_000

# What every browser plays, best first: of a WAV only the first 4 GiB.
_PLAYED: Final[Sequence[AudioFile]] = ("mp3", "flac", "wav")


def read_report_job(
    plan: PlannedJob, folder: Path, transcripts: JobTranscripts, costs: JobCosts
) -> ReportJob:
    """Return what the page shows of a job.

    Args:
        plan: What was to be said.
        folder: Where its files are.
        transcripts: Its own.
        costs: What the ledger says of it.

    Raises:
        TranscriptError: A transcript cannot be read.
        AudioError: The audio cannot be read.
    """
    takes = transcripts.takes()
    job = mark(plan, takes)
    rendered = is_rendered(job, takes, folder)
    file = read_spoken(rendered.sidecar) if rendered else None
    audio = _choose_audio(job, rendered) if rendered else None
    return ReportJob(
        id=job.id,
        state=_find_state(job, rendered, costs),
        audio_file=audio.name if audio else "",
        peaks=read_peaks(audio) if audio else b"",
        level=file.level if file else "",
        spoken=file.job if file else _list_unspoken(job),
        segments=tuple(_describe(job, takes, file.remarks if file else (), costs)),
        connections=len(transcripts.paths()),
        connected_s=sum(map(read_length_ns, transcripts.paths())) / _NS_PER_S,
        missing_chars=job.missing_chars,
        costs=costs,
    )


def _choose_audio(job: PlannedJob, rendered: RenderedJob) -> Path:
    """Return a file that every browser plays; the main one if there is none."""
    formats = (encoding.format for encoding in job.output.encodings)
    files = dict(zip(formats, rendered.files.audio, strict=True))
    return next((files[name] for name in _PLAYED if name in files), rendered.audio)


def _find_state(
    job: PlannedJob, rendered: RenderedJob | None, costs: JobCosts
) -> JobState:
    if rendered:
        return "done"
    if not job.missing:
        return "unrendered"
    return "unfinished" if costs.state == "done" else costs.state  # edited since


def _list_unspoken(job: PlannedJob) -> SpokenJob:
    language = str(job.parameters.get("lang", DEFAULT_LANG))
    segments = tuple(SpokenSegment(s.text, s.paragraph, 0, 0) for s in job.segments)
    return SpokenJob(job.title, language, job.rate_hz, 0, segments)


def _describe(
    job: PlannedJob,
    takes: Mapping[str, RecordedTake],
    remarks: Sequence[Remarks],
    costs: JobCosts,
) -> Iterator[ReportSegment]:
    """Yield what is known of each segment beside its text and times.

    Args:
        job: What was to be said.
        takes: By segment key.
        remarks: One for each segment; none at all where there is no audio.
        costs: What the ledger says of the job.
    """
    headings = find_headings((s.paragraph, s.text) for s in job.segments)
    for index, segment in enumerate(job.segments):
        notes = list(_note_take(takes.get(segment.key)))
        if remarks:
            notes += _note_sound(remarks[index])
        yield ReportSegment(
            is_heading=segment.paragraph in headings,
            chars=segment.chars,
            # Sent whole or not at all; after an edit it may have been another one.
            tries=costs.segments.get(index + 1, 0) // max(segment.chars, 1),
            notes=tuple(notes),
        )


def _note_take(take: RecordedTake | None) -> Iterator[Note]:
    if take is None:
        yield _MISSING
    elif take.record.inferred:
        yield _INFERRED


def _note_sound(remarks: Remarks) -> Iterator[Note]:
    for sentence in remarks.failed_checks:
        yield Note("fault", sentence)
    if note := _OF_TIMING.get(remarks.timing):
        yield note
    if remarks.flags:
        what = f"word times were mended: {', '.join(remarks.flags)}"
        yield Note("notice", what)
