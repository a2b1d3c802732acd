"""One job of a batch, from what is on record to its files.

It counts what the job costs and tells a listener; it opens no nursery, and takes no
decision about other jobs.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import trio

from rimebatch.errors import (
    HeldError,
    OutageError,
    OutputError,
    RimeBatchError,
    TranscriptError,
)
from rimebatch.manifest.plan import CHARS_PER_SECOND, PlannedJob, Segment, mark
from rimebatch.manifest.plan_file import write_planned_job
from rimebatch.recorder.failures import Remedy, classify
from rimebatch.recorder.folders import plan_of, transcripts_of
from rimebatch.recorder.origin import Origin
from rimebatch.recorder.reports import (
    Cause,
    JobResult,
    JobStarted,
    LineChanged,
    Listener,
    SegmentAsked,
    State,
    TakeRecorded,
    TakeRejected,
    TakeWithdrawn,
)
from rimebatch.recorder.retakes import describe, list_failed_checks, reject_doubtful
from rimebatch.recorder.session import Manners, Session
from rimebatch.recorder.transports import Connect
from rimebatch.recorder.transports.clock import start_clock
from rimebatch.renderer import Doubt, RenderedJob, is_rendered, stage_job
from rimebatch.transcript import (
    RecordedTake,
    TakeRecord,
    TranscriptWriter,
    read_takes,
)
from rimebatch.transcript.storage import check_segment_room

_ERROR_CHARS: Final = 2000  # a server's words may be a megabyte


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
        doubts: The takes that failed their checks when it was last rendered.
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
        self.doubts: tuple[Doubt, ...] = ()
        self._takes: Mapping[str, RecordedTake] = {}
        self._reused_chars = job.chars - job.missing_chars
        self._sent_chars = 0
        self._session: Session | None = None
        self._line = trio.CancelScope()
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
        rendered = await self.find_files() if trust else None
        if rendered is None:
            await self._load(verify=True)
            self._tell_start()
        return rendered

    async def find_files(self) -> RenderedJob | None:
        """Return the job's files if they are current, by what seals say is on record.

        It only looks, unless the plan of these files is not there yet.

        Raises:
            TranscriptError: A transcript cannot be read at all.
            OutputError: The plan cannot be kept.
        """
        await self._load(verify=False)
        rendered = is_rendered(self.job, self._takes, self._folder)
        if rendered is not None:
            await self._keep_plan()
            self._tell_start()
        return rendered

    async def record(self, connect: Connect, origin: Origin, manners: Manners) -> None:
        """Have the missing segments spoken over one connection.

        However it ends, the takes that came of it count. `hang_up` is no failure.

        Raises:
            OutputError: The plan cannot be kept; nothing was sent. Or the disk has no
                room for an answer, which was not asked for.
            RimeBatchError: Whatever `Session.record` or *connect* raises.
        """
        self.attempts += 1
        self._session, self._line = None, trio.CancelScope()
        await self._keep_plan()
        transcript = self._transcripts.create(
            lambda attempt: origin.make_header(self.job, attempt, manners),
            start_clock(),
            origin.redactor,
        )
        failure: RimeBatchError | None = None
        try:
            with transcript, self._line:
                await self._converse(connect, transcript, manners)
        except OutputError:  # the file itself is the trouble: it may have no header
            raise
        except RimeBatchError as error:
            failure = error
        await self._add_takes(transcript.path)
        if failure := failure or self._full:
            raise failure

    def hang_up(self, grace_s: float) -> None:
        """End the connection in *grace_s* seconds; at once, if it is not open yet."""
        wait_s = 0.0 if self._session is None else grace_s
        self._line.deadline = trio.current_time() + wait_s

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

    async def render(self, limiter: trio.CapacityLimiter) -> RenderedJob | None:
        """Write the job's files, in a thread of *limiter*.

        Returns:
            ``None`` if there are `doubts`, and they are no mere warning: then the files
            that were there stay as they are.

        Raises:
            TranscriptError: A segment is missing, or its take is damaged.
            AudioError: A take is not sound of the format that was asked for.
            OutputError: A file cannot be written.

        Cancellation:
            Leaves the thread to itself.
        """
        if missing := self.job.missing:
            numbers = [self._number(segment) for segment in missing]
            raise TranscriptError(
                f"{len(missing)} of {len(self.job.segments)} segments are not on "
                f"record: {_ranges(numbers)}; `rimebatch run` records them"
            )
        await self._keep_plan()
        # Whoever leaves does not wait for the thread. Its files are complete or absent
        # whatever becomes of it: the process may end now, as it may at any time.
        rendered, self.doubts = await trio.to_thread.run_sync(
            self._render, abandon_on_cancel=True, limiter=limiter
        )
        return rendered

    def _render(self) -> tuple[RenderedJob | None, tuple[Doubt, ...]]:
        with stage_job(self.job, self._takes, self._folder) as staged:
            return staged.publish() if staged.passes else None, staged.doubts

    async def reject_doubtful(self, may_resend: Callable[[int], bool]) -> bool:
        """Have takes that failed their checks no longer count, to ask for others.

        Args:
            may_resend: Decides whether so many characters more may be sent again, and
                counts them if so.

        Returns:
            Whether any does not count any more; if not, none is worth a further take.

        Raises:
            TranscriptError: What was chosen before cannot be read.
            OutputError: It cannot be written.
        """
        checks = self.job.checks
        if checks.on_fail != "retake":
            return False
        rejected = await trio.to_thread.run_sync(
            reject_doubtful, self._transcripts, self.doubts, checks.retakes, may_resend
        )
        self.doubts = tuple(doubt for doubt in self.doubts if doubt not in rejected)
        await self._load(verify=True)  # an older take may count again, for nothing
        for doubt in rejected:
            if doubt.segment in self.job.missing:
                self._rejected(doubt)
        return bool(rejected)

    def _rejected(self, doubt: Doubt) -> None:
        chars = doubt.segment.chars
        if doubt.segment.key in self.sent:
            self.sent.remove(doubt.segment.key)  # until it is asked for again
        else:
            self._reused_chars -= chars
        what = describe(doubt)
        self._listener(TakeRejected(self.job.id, doubt.number, chars, what))

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
        audio_s = self.job.measure_s(take.audio_bytes)
        if audio_s is None:  # how long it is, the renderer will find out
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
        files = tuple(map(str, rendered.files.all))
        return self._result("done", audio_s=rendered.seconds, files=files)

    def doubtful(self) -> JobResult:
        """Return the result of a job that is whole, but for takes that failed."""
        count, segments = len(self.doubts), len(self.job.segments)
        said = (
            f"{self.job.id}: the takes of {count} of {segments} segments failed their "
            "checks; `rimebatch takes` lists them and takes them all the same, "
            "`rimebatch retake` asks for others"
        )
        return self._result("failed", error=said, cause="checks")

    def failed(self, error: RimeBatchError) -> JobResult:
        """Return the result of a job that *error* ended."""
        tried = f"; tried {self.attempts} times" if self.attempts > 1 else ""
        said = f"{self.describe(error)}{tried}"
        state: State = "held" if isinstance(error, HeldError) else "failed"
        return self._result(state, error=said, cause=_find_cause(error))

    def stopped(self, why: str | None) -> JobResult:
        """Return the result of a job of which some may not be sent."""
        return self._result("stopped", error=why)

    def describe(self, error: RimeBatchError) -> str:
        """Return where *error* met the job, and what it is, on one line."""
        return _one_line(f"{self._where()}: {error}")

    def _result(
        self,
        state: State,
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
            failed_checks=tuple(list_failed_checks(self.doubts)),
        )

    def _tell_start(self) -> None:
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

    async def _load(self, *, verify: bool) -> None:
        self._takes = await trio.to_thread.run_sync(
            lambda: self._transcripts.takes(verify=verify),
            abandon_on_cancel=True,  # it only reads
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
        recorded = await trio.to_thread.run_sync(
            read_takes, path, abandon_on_cancel=True
        )
        new = {take.record.segment: take for take in recorded}
        self._takes = {**self._takes, **new}
        self.job = mark(self.job, self._takes)

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
    if isinstance(error, OutageError):
        return "outage"
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
