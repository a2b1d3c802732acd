"""Following a run from its first report to the exit code; shared by run and render."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import click

from rimebatch.cli.displays import Display, echo_json, make_display
from rimebatch.cli.exit_codes import ExitCode
from rimebatch.cli.logs import log_event
from rimebatch.cli.tables import format_length, print_tally
from rimebatch.cli.tally import JobTally, Tally
from rimebatch.manifest.mistakes import quote
from rimebatch.manifest.plan import Plan
from rimebatch.manifest.sources import find_changed
from rimebatch.recorder.ledger import Budget, Ledger
from rimebatch.recorder.reports import Report


class Run:
    """A run that is being followed.

    Attributes:
        tally: What it has come to so far.
        interrupted: The exit code, if it was interrupted.
        exit_code: What it ended with, once it has ended.
    """

    def __init__(self, tally: Tally, display: Display) -> None:
        self.tally = tally
        self.interrupted: ExitCode | None = None
        self.exit_code = ExitCode.DONE
        self._display = display

    def tell(self, report: Report) -> None:
        """Count *report* and show it; this is the listener of the run."""
        self.tally.add(report)
        self._display.show(report, self.tally)


@contextmanager
def follow(
    plan: Plan,
    *,
    as_json: bool,
    quiet: bool,
    ledger: Ledger | None = None,
    budget: Budget | None = None,
) -> Iterator[Run]:
    """Show what happens inside the context, and how every job ended.

    Ctrl-C ends the context, not the program: what was complete is shown, and the exit
    code says that it was interrupted. So it goes, too, when whoever reads the output
    leaves, as `head` does; click ends the program at the next line written.
    """
    tally = Tally(plan, time.monotonic, ledger, budget)
    display = make_display(json=as_json, quiet=quiet)
    run = Run(tally, display)
    try:
        with display:
            yield run
    except* (KeyboardInterrupt, BrokenPipeError):
        run.interrupted = ExitCode.INTERRUPTED
    if run.interrupted:
        tally.stop()
    run.exit_code = run.interrupted or tally.exit_code
    changed = [str(file) for file in find_changed(plan.manifest.sources)]
    summary = _summarize(tally, run.exit_code)
    for file in changed:
        log_event("warning", "file-changed", {"file": file})
    log_event("info", "ended", summary)  # first: the next line may find no reader
    if as_json:
        for file in changed:
            echo_json("file-changed", {"file": file})
        echo_json("ended", summary)
    elif not quiet:
        print_tally(tally)
        click.echo(describe_end(tally), err=True)
    if not quiet:
        _tell_changed(changed)
    _say_what_next(tally, run.exit_code)


def _summarize(tally: Tally, exit_code: ExitCode) -> dict[str, object]:
    states = [job.state for job in tally.jobs.values()]
    amounts = tally.ledger.total
    return {
        "jobs": len(states),
        "done": states.count("done"),
        "failed": states.count("failed"),
        "stopped": states.count("stopped"),
        "held": states.count("held"),
        "planned_chars": amounts.planned_chars,
        "reused_chars": amounts.reused_chars,
        "recorded_chars": amounts.recorded_chars,
        "missing_chars": amounts.missing_chars,
        "sent_chars": amounts.sent_chars,
        "wasted_chars": amounts.wasted_chars,
        "audio_s": tally.audio_s,
        "exit_code": int(exit_code),
    }


def describe_end(tally: Tally) -> str:
    """Return what a run came to, on one line."""
    states = [job.state for job in tally.jobs.values()]
    done = f"{states.count('done')} of {len(states)} jobs done"
    amounts = tally.ledger.total
    if not amounts.sent_chars:
        return f"{done}."
    return (
        f"{done}: {amounts.sent_chars:,} characters sent, {amounts.wasted_chars:,} "
        f"wasted, {format_length(tally.recorded_s)} of audio in "
        f"{format_length(tally.elapsed_s)} ({tally.times_real_time:.0f}x)."
    )


def _tell_changed(files: list[str]) -> None:
    for file in files:
        click.echo(
            f"{file}: changed while the run went on; what was rendered is as it was at "
            "the start; the same command takes the change up",
            err=True,
        )


def _tell_failed_checks(job: JobTally) -> None:
    prefix = "warning: " if job.state == "done" else ""
    for failed in job.failed_checks:
        where = f"{job.job}, segment {failed.segment} of {job.segments}"
        click.echo(f"{prefix}{where}: {failed.what}: {quote(failed.text)}", err=True)


def _say_what_next(tally: Tally, exit_code: ExitCode) -> None:
    for job in tally.jobs.values():
        _tell_failed_checks(job)
        # Why others stopped is told once.
        if job.error and job.state in {"failed", "held"}:
            click.echo(f"Error: {job.error}", err=True)
    if exit_code in {ExitCode.INTERRUPTED, ExitCode.TERMINATED}:
        click.echo(
            "Interrupted. What was complete is on record; run the same command again "
            "to go on from there.",
            err=True,
        )
    if exit_code is ExitCode.CAP:
        left = [job for job in tally.jobs.values() if job.state != "done"]
        click.echo(
            f"Stopped at the cap: {tally.ledger.total.missing_chars:,} characters of "
            f"{len(left)} jobs are missing; the same command, or one with a higher "
            "--max-chars, goes on from there.",
            err=True,
        )
