"""Following a run from its first report to the exit code; shared by run and render."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import click

from rimebatch.cli.displays import Display, echo_json, make_display
from rimebatch.cli.exit_codes import ExitCode
from rimebatch.cli.tables import print_tally
from rimebatch.cli.tally import Tally
from rimebatch.manifest.plan import Plan
from rimebatch.recorder.ledger import Budget, Ledger
from rimebatch.recorder.reports import Report


class Run:
    """A run that is being followed.

    Attributes:
        tally: What it has come to so far.
        exit_code: What it ended with, once it has ended.
    """

    def __init__(self, tally: Tally, display: Display) -> None:
        self.tally = tally
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
        run.exit_code = tally.exit_code
    except* (KeyboardInterrupt, BrokenPipeError):
        tally.stop()
        run.exit_code = ExitCode.INTERRUPTED
    if as_json:
        _echo_summary(tally, run.exit_code)
    elif not quiet:
        print_tally(tally)
    _say_what_next(tally, run.exit_code)


def _echo_summary(tally: Tally, exit_code: ExitCode) -> None:
    states = [job.state for job in tally.jobs.values()]
    amounts = tally.ledger.total
    echo_json(
        "ended",
        {
            "jobs": len(states),
            "done": states.count("done"),
            "failed": states.count("failed"),
            "stopped": states.count("stopped"),
            "planned_chars": amounts.planned_chars,
            "reused_chars": amounts.reused_chars,
            "recorded_chars": amounts.recorded_chars,
            "missing_chars": amounts.missing_chars,
            "sent_chars": amounts.sent_chars,
            "wasted_chars": amounts.wasted_chars,
            "audio_s": tally.audio_s,
            "exit_code": int(exit_code),
        },
    )


def _say_what_next(tally: Tally, exit_code: ExitCode) -> None:
    for job in tally.jobs.values():
        if job.error and job.state == "failed":  # why others stopped is told once
            click.echo(f"Error: {job.error}", err=True)
    if exit_code is ExitCode.INTERRUPTED:
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
