"""Tables for people, and how amounts are written in them."""

from collections.abc import Iterable, Sequence
from typing import Final

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rimebatch.cli.tally import JobTally, Tally
from rimebatch.cli.why import Reasons, summarize
from rimebatch.manifest.mistakes import quote
from rimebatch.manifest.plan import CHARS_PER_SECOND, Plan, PlannedJob
from rimebatch.manifest.reasons import Why
from rimebatch.recorder.ledger import Amounts

STYLES: Final = {
    "done": "green",
    "agrees": "green",
    "within": "green",
    "failed": "bold red",
    "differs": "bold red",
    "outside": "bold red",
    "stopped": "yellow",
    "held": "yellow",
}
"""How the state of a job, or a verdict, is shown."""

_HOUR_S: Final = 3600
_WIDE: Final = 500  # an id of 120 characters, the numbers, and a path of 300


def format_length(seconds: float) -> str:
    """Return *seconds* as ``2:03.4``, or as ``1:02:03`` from an hour on."""
    tenths = int(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    if seconds < _HOUR_S:
        return f"{minutes}:{rest // 10:02d}.{rest % 10}"
    return f"{minutes // 60}:{minutes % 60:02d}:{rest // 10:02d}"


def print_plan(plan: Plan, reasons: Reasons, price_usd: float) -> None:
    """Print what *plan* would send, and why; *price_usd* is for 1,000 characters."""
    table = make_table(
        ("segments", "chars", "on record", "to send", "speech", "USD"), ("why",)
    )
    for job in plan.jobs:
        why = reasons[job.id].values()
        table.add_row(Text(job.id), *_plan_cells([job], why, price_usd))
    if len(plan.jobs) > 1:
        all_why = [why for of_job in reasons.values() for why in of_job.values()]
        cells = _plan_cells(plan.jobs, all_why, price_usd)
        table.add_row("total", *cells, style="bold")
    print_table(table)
    click.echo(
        f"Speech and cost are estimates, of what is to be sent: {CHARS_PER_SECOND:g} "
        f"characters a second, {price_usd:g} USD for 1,000 characters."
    )
    for job in plan.jobs:
        for piece in job.skipped:
            click.echo(
                f"{job.id}: skipped {quote(piece.text)} at character {piece.start}: "
                "nothing in it can be spoken"
            )


def print_tally(tally: Tally) -> None:
    """Print how every job of a run, or of a rendering, ended."""
    table = make_table(
        ("segments", "chars sent", "reused", "wasted", "missing", "audio"),
        ("state", "file"),
    )
    for job in tally.jobs.values():
        table.add_row(*_job_cells(job, tally.ledger.amounts(job.job)))
    if len(tally.jobs) > 1:
        table.add_row(*_total_cells(tally), style="bold")
    print_table(table)


def make_table(
    numbers: Sequence[str], last: Sequence[str] = (), *, first: str = "job"
) -> Table:
    """Return an empty table without lines: it bears a narrow terminal, and grep."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(Text(first))
    for heading in numbers:
        table.add_column(heading, justify="right")
    for heading in last:
        table.add_column(heading, overflow="fold")
    return table


def print_table(table: Table) -> None:
    """Print *table*, a line for each job.

    Where one is too long, the terminal wraps it at its end, and a file's name can still
    be copied whole.
    """
    Console(width=_WIDE).print(table)


def _plan_cells(
    jobs: Sequence[PlannedJob], reasons: Iterable[Why], price_usd: float
) -> list[str]:
    chars = sum(job.chars for job in jobs)
    to_send = sum(job.missing_chars for job in jobs)
    return [
        f"{sum(len(job.segments) for job in jobs):,}",
        f"{chars:,}",
        f"{chars - to_send:,}",
        f"{to_send:,}",
        format_length(to_send / CHARS_PER_SECOND),
        f"{to_send / 1000 * price_usd:.2f}",
        summarize(reasons),
    ]


def _job_cells(job: JobTally, amounts: Amounts) -> list[str | Text]:
    return [
        Text(job.job),
        f"{job.segments:,}",
        *_amount_cells(amounts),
        format_length(job.audio_s),
        Text(job.state, STYLES.get(job.state, "")),
        Text(job.file),
    ]


def _total_cells(tally: Tally) -> list[str]:
    return [
        "total",
        f"{sum(job.segments for job in tally.jobs.values()):,}",
        *_amount_cells(tally.ledger.total),
        format_length(tally.audio_s),
    ]


def _amount_cells(amounts: Amounts) -> list[str]:
    return [
        f"{amounts.sent_chars:,}",
        f"{amounts.reused_chars:,}",
        f"{amounts.wasted_chars:,}",
        f"{amounts.missing_chars:,}",
    ]
