"""The report of an output folder: gathered from all that lies there, and written."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from rimebatch.cli.records import list_jobs
from rimebatch.errors import OutputError, RimeBatchError
from rimebatch.files import write_whole
from rimebatch.manifest.mistakes import make_printable
from rimebatch.manifest.plan import PRICE_PER_1000_CHARS_USD
from rimebatch.manifest.plan_file import read_planned_job
from rimebatch.recorder.folders import plan_of, transcripts_of
from rimebatch.recorder.ledger import Account, JobEntry
from rimebatch.recorder.ledger_file import read_ledger
from rimebatch.renderer.report import (
    JobCosts,
    PastRun,
    ReportRun,
    make_report,
    read_report_job,
)


def write_report(folder: Path, price_usd: float) -> Path:
    """Write the page of the output *folder*, and return where it is.

    Args:
        folder: Of a run that has ended, or goes on.
        price_usd: For 1,000 characters.

    Raises:
        OutputError: It cannot be written, or the ledger not be read.
        PlanError: The plan of a job is damaged.
        RimeBatchError: Whatever `read_report_job` raises.
    """
    page = folder / "report.html"
    content = make_report(_read_run(folder, price_usd)).encode()
    try:
        write_whole(page, content, durable=False)  # it can be made again at any time
    except OSError as error:
        what = f"{page}: cannot write: {error.strerror}"
        raise OutputError(f"{what}; make room there") from error
    return page


def keep_report(folder: Path) -> None:
    """Write the page of *folder* anew if there is something newer to look at.

    A run is not the worse for a page that cannot be written, so that is a warning.
    """
    if not _has_news(folder):
        return
    try:
        write_report(folder, PRICE_PER_1000_CHARS_USD)
    except RimeBatchError as error:
        click.echo(f"warning: {make_printable(str(error))}", err=True)


def _has_news(folder: Path) -> bool:
    """Whether a job was rendered since the page of *folder* was made, if it was."""
    page = folder / "report.html"
    made_ns = page.stat().st_mtime_ns if page.exists() else 0
    sidecars = folder.glob("*.words.json")
    return any(sidecar.stat().st_mtime_ns > made_ns for sidecar in sidecars)


def _read_run(folder: Path, price_usd: float) -> ReportRun:
    account = read_ledger(folder / "ledger.json")
    jobs = [
        read_report_job(
            read_planned_job(plan_of(folder, job)),
            folder,
            transcripts_of(folder, job),
            _add_costs(job, account),
        )
        for job in _list_jobs(folder, account)
    ]
    runs = tuple(
        PastRun(
            wall=run.wall or "",
            recorded_chars=run.total.recorded_chars,
            sent_chars=run.total.sent_chars,
            wasted_chars=run.total.wasted_chars,
        )
        for run in account.runs
    )
    return ReportRun(folder.resolve().name, price_usd, tuple(jobs), runs)


def _list_jobs(folder: Path, account: Account) -> list[str]:
    """Return every job with a plan, in the order of the ledger, then by name."""
    planned = list_jobs(folder)
    known = [job for job in account.jobs if job in planned]
    return known + [job for job in planned if job not in account.jobs]


def _add_costs(job: str, account: Account) -> JobCosts:
    entries = [run.jobs[job] for run in account.runs if job in run.jobs]
    return JobCosts(
        state=account.jobs[job].state if job in account.jobs else "unfinished",
        sent_chars=sum(entry.total.sent_chars for entry in entries),
        wasted_chars=sum(entry.total.wasted_chars for entry in entries),
        segments=dict(_list_sent(entries)),
    )


def _list_sent(entries: Iterable[JobEntry]) -> Iterator[tuple[int, int]]:
    """Yield segments by number with what was sent for them, the last run last."""
    for entry in entries:
        for number, amounts in entry.segments.items():
            yield number, amounts.sent_chars
