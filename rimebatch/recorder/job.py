"""One job of a batch, from what is on record to its files.

It counts what the job costs and tells a listener; it opens no nursery, and takes no
decision about other jobs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import trio

from rimebatch.errors import OutputError, RimeBatchError, TranscriptError
from rimebatch.manifest.plan import CHARS_PER_SECOND, PlannedJob, Segment, mark
from rimebatch.manifest.plan_file import write_planned_job
from rimebatch.recorder.failures import Remedy, classify
from rimebatch.recorder.reports import (
    Cause,
    JobResult,
    JobStarted,
    LineChanged,
    Listener,
    SegmentAsked,
    TakeRecorded,
    TakeWithdrawn,
)
from rimebatch.recorder.session import Manners, Session
from rimebatch.recorder.transports import Connect
from rimebatch.recorder.transports.clock import start_clock
from rimebatch.renderer import RenderedJob, is_rendered, render_job
from rimebatch.transcript import (
    Header,
    JobTranscripts,
    RecordedTake,
    Redactor,
    TakeRecord,
    TranscriptWriter,
    read_takes,
)
from rimebatch.transcript.entries import RecordedManners
from rimebatch.transcript.redactor import VERBATIM
from rimebatch.transcript.storage import check_segment_room
from rimebatch.ws3.takes import BYTES_PER_SAMPLE

_ERROR_CHARS: Final = 2000  # a server's words may be a megabyte


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a transcript comes from, as its first line says, and what it may hold.

    Attributes:
        endpoint: The address, without a key.
        client: Versions of what speaks.
        wall: The time of day as RFC 3339; ``None`` keeps it out of the record.
        redactor: What is kept out of every line.
    """

    endpoint: str = ""
    client: Mapping[str, str] = field(default_factory=dict)
    wall: str | None = None
    redactor: Redactor = VERBATIM


def transcripts_of(folder: Path, job_id: str) -> JobTranscripts:
    """Return where the transcripts of a job lie in the output *folder* of a batch."""
    return JobTranscripts(folder / "transcripts" / job_id)


def plan_of(folder: Path, job_id: str) -> Path:
    """Return where the plan of a job is kept in the output *folder* of a batch."""
    return folder / "plans" / f"{job_id}.json"


class JobRun:
    """A job being recorded and rendered.

    Args:
        job: What to say; what is on record is looked up here again.
        folder: Of the batch's outputs.
        listener: Is told what happens.
        permit: Decides whether so many characters may be sent, and counts them if so.

    Attributes:
        job: As planned, with what is on record now.
        sent: The keys of the segments that were sent in this run.
        attempts: How many connections were begun for it.
    """

    def __init__(
        self,
        job: PlannedJob,
        folder: Path,
        listener: Listener,
        permit: Callable[[int], bool] = lambda _: True,
    ) -> None:
        self.job = job
        self._folder = folder
        self._listener = listener
        self._permit = permit
        self._transcripts = transcripts_of(folder, job.id)
        self._numbers: Mapping[str, int] = {
            s.key: n for n, s in enumerate(job.segments, start=1)
        }
        self.sent: set[str] = set()
        self.attempts = 0
        self._takes: Mapping[str, RecordedTake] = {}
        self._reused_chars = 0
        self._sent_chars = 0
        self._session: Session | None = None
        self._full: OutputError | None = None

    async def look_up(self, *, trust: bool) -> RenderedJob | None:
        """Find what is on record; return the job's files if they are current.

        Args:
            trust: Whether to believe sealed transcripts without reading them, where
                that shows the files to be current. Whatever is sent or rendered rests
                on takes that have been read and verified.

        Raises:
            TranscriptError: A transcript cannot be read at all.
            OutputError: The plan of files that are current cannot be kept with them.
        """
        rendered = None
        if trust:
            await self._load(verify=False)
            rendered = is_rendered(self.job, self._takes, self._folder)
        if rendered is None:
            await self._load(verify=True)
        else:
            await self._keep_plan()
        self._reused_chars = self.job.chars - self.job.missing_chars
        self._listener(
            JobStarted(
                self.job.id,
                len(self.job.segments),
                len(self.job.missing),
                self.job.missing_chars,
                self._reused_chars,
            )
        )
        return rendered

    async def record(self, connect: Connect, origin: Origin, manners: Manners) -> None:
        """Have the missing segments spoken over one connection.

        However it ends, the takes that came of it count.

        Raises:
            OutputError: The plan cannot be kept; nothing was sent. Or the disk has no
                room for an answer, which was not asked for.
            RimeBatchError: Whatever `Session.record` or *connect* raises.
        """
        self.attempts += 1
        self._session = None
        await self._keep_plan()
        transcript = self._transcripts.create(
            lambda attempt: self._make_header(attempt, origin, manners),
            start_clock(),
            origin.redactor,
        )
        failure: RimeBatchError | None = None
        try:
            with transcript:
                await self._converse(connect, transcript, manners)
        except OutputError:  # the file itself is the trouble: it may have no header
            raise
        except RimeBatchError as error:
            failure = error
        await self._add_takes(transcript.path)
        if failure := failure or self._full:
            raise failure

    async def _converse(
        self, connect: Connect, transcript: TranscriptWriter, manners: Manners
    ) -> None:
        async with connect(self.job.query, transcript) as transport:
            self._listener(LineChanged(self.job.id, is_open=True))
            self._session = Session(transport, transcript, manners, self)
            try:
                await self._session.record(self.job.missing)
            finally:
                self._listener(LineChanged(self.job.id, is_open=False))

    async def render(self, limiter: trio.CapacityLimiter) -> RenderedJob:
        """Write the job's files, in a thread of *limiter*.

        Raises:
            TranscriptError: A segment is missing, or its take is damaged.
            AudioError: A take is not sound of the format that was asked for.
            OutputError: A file cannot be written.
        """
        if missing := self.job.missing:
            numbers = [self._number(segment) for segment in missing]
            raise TranscriptError(
                f"{len(missing)} of {len(self.job.segments)} segments are not on "
                f"record: {_ranges(numbers)}; `rimebatch run` records them"
            )
        await self._keep_plan()
        return await trio.to_thread.run_sync(
            render_job, self.job, self._takes, self._folder, limiter=limiter
        )

    def may_ask(self, segment: Segment) -> bool:
        """Return whether *segment* may be sent; see `Watch`."""
        return self._has_room(segment) and self._permit(segment.chars)

    def asked(self, segment: Segment) -> None:
        """Count *segment*, which is being sent; see `Watch`."""
        self.sent.add(segment.key)
        self._sent_chars += segment.chars
        self._listener(SegmentAsked(self.job.id, self._number(segment), segment.chars))

    def took(self, segment: Segment, take: TakeRecord) -> None:
        """Tell that *take* of *segment* is on record; see `Watch`."""
        query = dict(self.job.query)
        if sample_bytes := BYTES_PER_SAMPLE.get(query["audioFormat"]):
            audio_s = take.audio_bytes / sample_bytes / int(query["samplingRate"])
        else:  # compressed: how long it is, the renderer will find out
            audio_s = segment.chars / CHARS_PER_SECOND
        number = self._number(segment)
        self._listener(
            TakeRecorded(self.job.id, number, segment.chars, audio_s, take.inferred)
        )

    def withdrew(self, take: TakeRecord) -> None:
        """Tell that *take* is missing again; see `Watch`."""
        number = self._numbers[take.segment]
        self._listener(TakeWithdrawn(self.job.id, number, take.chars))

    def done(self, rendered: RenderedJob) -> JobResult:
        """Return the result of a job whose files are complete."""
        files = (str(rendered.audio), str(rendered.sidecar))
        return self._result("done", audio_s=rendered.seconds, files=files)

    def failed(self, error: RimeBatchError) -> JobResult:
        """Return the result of a job that *error* ended."""
        tried = f"; tried {self.attempts} times" if self.attempts > 1 else ""
        said = f"{self.describe(error)}{tried}"
        return self._result("failed", error=said, cause=_find_cause(error))

    def stopped(self, why: str | None) -> JobResult:
        """Return the result of a job of which some may not be sent."""
        return self._result("stopped", error=why)

    def describe(self, error: RimeBatchError) -> str:
        """Return where *error* met the job, and what it is, on one line."""
        return _one_line(f"{self._where()}: {error}")

    def _result(
        self,
        state: Literal["done", "failed", "stopped"],
        *,
        audio_s: float = 0.0,
        files: tuple[str, ...] = (),
        error: str | None = None,
        cause: Cause | None = None,
    ) -> JobResult:
        return JobResult(
            job=self.job.id,
            state=state,
            segments=len(self.job.segments),
            sent_chars=self._sent_chars,
            reused_chars=self._reused_chars,
            audio_s=audio_s,
            files=files,
            error=error,
            cause=cause,
        )

    async def _load(self, *, verify: bool) -> None:
        self._takes = await trio.to_thread.run_sync(
            lambda: self._transcripts.takes(verify=verify)
        )
        self.job = mark(self.job, self._takes)

    def _has_room(self, segment: Segment) -> bool:
        """Whether its answer can be stored; if not, nothing more is asked for."""
        folder = self._transcripts.folder
        try:
            check_segment_room(folder, segment.chars, self.job.query)
        except OutputError as error:
            self._full = error
        return self._full is None

    async def _keep_plan(self) -> None:
        """Keep the plan beside what is made of it, unless it is there already."""
        path = plan_of(self._folder, self.job.id)
        await trio.to_thread.run_sync(write_planned_job, path, self.job)

    async def _add_takes(self, path: Path) -> None:
        """Add what was just recorded to the takes that have been verified."""
        recorded = await trio.to_thread.run_sync(read_takes, path)
        new = {take.record.segment: take for take in recorded}
        self._takes = {**self._takes, **new}
        self.job = mark(self.job, self._takes)

    def _make_header(self, attempt: int, origin: Origin, manners: Manners) -> Header:
        return Header(
            job=self.job.id,
            attempt=attempt,
            vantage="client",
            endpoint=origin.endpoint,
            query=self.job.query,
            client=dict(origin.client),
            wall=origin.wall,
            manners=RecordedManners(manners.done, manners.silence_limit_s),
        )

    def _number(self, segment: Segment) -> int:
        return self._numbers[segment.key]

    def _where(self) -> str:
        if self._session is None or self._session.in_flight is None:
            return self.job.id
        number, count = self._number(self._session.in_flight), len(self.job.segments)
        heard = self._session.heard_bytes
        return f"{self.job.id}, segment {number} of {count}, {heard} bytes of audio in"


def _find_cause(error: RimeBatchError) -> Cause | None:
    if classify(error).remedy is not Remedy.STOP_BATCH:
        return None
    return "storage" if isinstance(error, OutputError) else "endpoint"


def _one_line(text: str) -> str:
    """Return *text* fit for a terminal, whatever a server put into it."""
    printable = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(printable.split())[:_ERROR_CHARS]


def _ranges(numbers: list[int]) -> str:
    """Return ascending *numbers* as people write them: ``1-3, 7``."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and spans[-1][-1] == number - 1:
            spans[-1][1:] = [number]
        else:
            spans.append([number])
    return ", ".join("-".join(map(str, span)) for span in spans)
