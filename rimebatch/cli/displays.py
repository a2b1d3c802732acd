"""What is shown while a run goes on: a bar, plain lines, JSON lines, or nothing.

Progress goes to standard error, data to standard output. A display is a context
manager that is told each report after the tally has counted it.
"""

from types import TracebackType
from typing import Final, Self

import click
import msgspec
from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from rimebatch.cli.tables import format_length
from rimebatch.cli.tally import Tally
from rimebatch.recorder.reports import (
    AttemptFailed,
    JobResult,
    JobStarted,
    LineChanged,
    Report,
    SegmentAsked,
    TakeRecorded,
    TakeRejected,
    TakeWithdrawn,
)

JSON_VERSION: Final = 1

EVENTS: Final[dict[type[Report], str]] = {
    JobStarted: "job-started",
    LineChanged: "line-changed",
    SegmentAsked: "segment-asked",
    TakeRecorded: "take-recorded",
    TakeWithdrawn: "take-withdrawn",
    TakeRejected: "take-rejected",
    AttemptFailed: "attempt-failed",
    JobResult: "job-ended",
}
_LINE_EVERY_S: Final = 10.0  # of plain progress: a log of one night stays readable


class Display:
    """Shows a run while it goes on; this one shows nothing."""

    def __enter__(self) -> Self:
        """Begin to show."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop showing."""

    def show(self, report: Report, tally: Tally) -> None:
        """Show what *report* changed; *tally* has counted it."""


class _JsonLines(Display):
    """Writes one JSON object for each report to standard output."""

    def show(self, report: Report, tally: Tally) -> None:
        echo_json(EVENTS[type(report)], msgspec.to_builtins(report))


class _PlainLines(Display):
    """Writes a line for each job, and now and then one for the whole."""

    def __init__(self) -> None:
        self._last_s = 0.0

    def show(self, report: Report, tally: Tally) -> None:
        match report:
            case JobStarted(missing=0):
                _say(f"{report.job}: nothing is missing")
            case JobStarted():
                what = f"{report.missing} of {report.segments} segments are missing"
                _say(f"{report.job}: {what}, {report.missing_chars:,} characters")
            case TakeRejected():
                where = f"{report.job}, segment {report.segment}"
                _say(f"{where}: {report.what}; once more")
            case AttemptFailed():
                _say(f"{report.error}; another try in {report.wait_s:.1f} s")
            case JobResult(state="done"):
                _say(f"{report.job}: done, {format_length(report.audio_s)} of audio")
            case JobResult():
                _say(f"{report.job}: {report.state}")
            case TakeRecorded() if tally.elapsed_s - self._last_s >= _LINE_EVERY_S:
                self._last_s = tally.elapsed_s
                _say(describe(tally))
            case _:
                pass


class _LiveBar(Display):
    """Keeps a bar and a line under it up to date at the bottom of a terminal."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeRemainingColumn(),
            TextColumn("left"),
        )
        self._bar = self._progress.add_task("")
        self._line = Text()
        shown = Group(self._progress, self._line)
        self._live = Live(shown, console=console, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._live.stop()

    def show(self, report: Report, tally: Tally) -> None:
        if tally.to_send_chars:
            completed, total = tally.sent_chars, tally.to_send_chars
        else:
            completed, total = tally.finished, len(tally.jobs)
        self._progress.update(self._bar, completed=completed, total=total)
        self._line.plain = describe(tally)


def make_display(*, json: bool, quiet: bool) -> Display:
    """Return the display for these options and this terminal."""
    if json:
        return _JsonLines()
    if quiet:
        return Display()
    console = Console(stderr=True)
    # The console alone would take FORCE_COLOR, as in a log, for a terminal.
    on_terminal = console.file.isatty() and console.is_interactive
    return _LiveBar(console) if on_terminal else _PlainLines()


def describe(tally: Tally) -> str:
    """Return how far a run has come, on one line."""
    jobs = f"{tally.finished}/{len(tally.jobs)} jobs"
    if not tally.to_send_chars:
        return jobs
    return (
        f"{jobs}  {tally.takes} segments  "
        f"{tally.sent_chars:,}/{tally.to_send_chars:,} chars  "
        f"{format_length(tally.recorded_s)} audio  {tally.times_real_time:.1f}x  "
        f"{tally.lines} open"
    )


def echo_json(event: str, fields: dict[str, object]) -> None:
    """Write one line of the JSON output; ``docs/cli.md`` describes it."""
    line = {"rimebatch": JSON_VERSION, "event": event, **fields}
    click.echo(msgspec.json.encode(line))  # as bytes: UTF-8 in any locale


def _say(line: str) -> None:
    click.echo(line, err=True)
