"""``rimebatch status``."""

import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

import click
from rich.text import Text

from rimebatch.cli.displays import echo_json
from rimebatch.cli.exit_codes import ExitCode
from rimebatch.cli.records import outdir_argument
from rimebatch.cli.tables import STYLES, make_table, print_table
from rimebatch.errors import PlanError, TranscriptError
from rimebatch.manifest.plan import PlannedJob, mark
from rimebatch.manifest.plan_file import read_planned_job
from rimebatch.recorder.folders import (
    list_planned,
    list_recorded,
    plan_of,
    transcripts_of,
)
from rimebatch.recorder.ledger import Account, Amounts, JobState
from rimebatch.recorder.ledger_file import read_ledger
from rimebatch.renderer import is_rendered
from rimebatch.transcript.locks import read_holder

_State: TypeAlias = Literal[
    "done", "running", "waiting", "failed", "stopped", "on record", "not on record"
]

_SUMS: Final = ("planned_chars", "on_record_chars", "missing_chars", "takes")
_HOLDER: Final = re.compile(r"pid (\d+) on (.*) since (.+)")  # as `read_holder` has it


@dataclass(frozen=True, slots=True)
class JobStatus:
    """How far one job is.

    Attributes:
        job: Its id.
        state: ``on record``: nothing is missing but its files.
        segments: How many it has; ``None`` as long as no run has begun with it.
        segments_on_record: How many of them have a take that counts.
        planned_chars: Characters in all.
        on_record_chars: Characters with a take that counts.
        missing_chars: Those without.
        takes: How many are on record, whether they count or not.
        is_current: Whether its files are there, made of the takes that count.
        held_by: Who is at work on it.
    """

    job: str
    state: _State
    segments: int | None
    segments_on_record: int
    planned_chars: int
    on_record_chars: int
    missing_chars: int
    takes: int
    is_current: bool
    held_by: str | None


@click.command()
@outdir_argument
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def status(folder: Path, as_json: bool) -> None:
    """Show how far the run is that writes to OUTDIR, or what the last one came to.

    OUTDIR is the folder that a run writes, named as its manifest. Nothing is changed,
    and nobody is waited for. The exit code is 0 if everything is done or a run is at
    work, and 1 if something is missing and nobody is.

    \b
    Example:
      rimebatch status outputs/hello
    """
    account = read_ledger(folder / "ledger.json")
    jobs = list(_find_jobs(folder, account))
    if not jobs:
        raise TranscriptError(
            f"{folder}: no run was here; name the folder that a run writes, such as "
            "outputs/hello"
        )
    done = sum(job.state == "done" for job in jobs)
    is_well = done == len(jobs) or any(job.held_by for job in jobs)
    code = ExitCode.DONE if is_well else ExitCode.FAILED
    spent = sum((run.total for run in account.runs), account.earlier)
    if as_json:
        _echo_jobs(jobs, spent, code)
    else:
        _print_jobs(jobs, spent)
    sys.exit(code)


def _find_jobs(folder: Path, account: Account) -> Iterator[JobStatus]:
    """Yield how far each job is that a ledger, a plan or transcripts know of."""
    named = [*account.jobs, *list_planned(folder), *list_recorded(folder)]
    ids = dict.fromkeys(named)
    holders = {job: read_holder(transcripts_of(folder, job).folder) for job in ids}
    is_at_work = any(holders.values())
    for job, holder in holders.items():
        yield _look_up(folder, job, account.jobs.get(job), holder, is_at_work)


def _look_up(
    folder: Path, job: str, told: JobState | None, holder: str | None, is_at_work: bool
) -> JobStatus:
    """Return how far *job* is: by its plan and its record, not by what was *told*."""
    transcripts = transcripts_of(folder, job)
    recorded = transcripts.all_takes()
    takes = transcripts.choices().choose(recorded)
    plan = _read_plan(folder, job)
    is_current = plan is not None and is_rendered(plan, takes, folder) is not None
    planned_chars = told.planned_chars if told else 0  # of a job that was not begun
    missing_chars = planned_chars
    if plan is not None:
        plan = mark(plan, takes)
        planned_chars, missing_chars = plan.chars, plan.missing_chars
    is_whole = plan is not None and not missing_chars
    return JobStatus(
        job=job,
        state=_judge(is_current, is_whole, bool(recorded), told, holder, is_at_work),
        segments=len(plan.segments) if plan else None,
        segments_on_record=len(plan.segments) - len(plan.missing) if plan else 0,
        planned_chars=planned_chars,
        on_record_chars=planned_chars - missing_chars,
        missing_chars=missing_chars,
        takes=len(recorded),
        is_current=is_current,
        held_by=holder,
    )


def _read_plan(folder: Path, job: str) -> PlannedJob | None:
    try:
        return read_planned_job(plan_of(folder, job))
    except PlanError:  # there is none yet, or the next run writes it again
        return None


def _judge(
    is_current: bool,
    is_whole: bool,
    has_takes: bool,
    told: JobState | None,
    holder: str | None,
    is_at_work: bool,
) -> _State:
    if is_current:
        return "done"
    if holder:
        return "running"
    if told and told.state == "failed":
        return "failed"
    if told and told.state == "unfinished" and is_at_work:
        return "waiting"
    if is_whole:
        return "on record"
    return "stopped" if has_takes else "not on record"


def _echo_jobs(jobs: Sequence[JobStatus], spent: Amounts, code: ExitCode) -> None:
    for job in jobs:
        echo_json("job-status", {**asdict(job), "held_by": _read_name(job.held_by)})
    states = Counter(job.state for job in jobs)
    total = {
        "jobs": len(jobs),
        "done": states["done"],
        "failed": states["failed"],
        "is_running": any(job.held_by for job in jobs),
        **{name: sum(getattr(job, name) for job in jobs) for name in _SUMS},
        "sent_chars": spent.sent_chars,
        "wasted_chars": spent.wasted_chars,
        "exit_code": int(code),
    }
    echo_json("status", total)


def _read_name(holder: str | None) -> dict[str, str | int] | None:
    """Return *holder* in parts; ``None`` where nobody is named."""
    found = _HOLDER.fullmatch(holder or "")
    if found is None:
        return None
    return {"pid": int(found[1]), "host": found[2], "since": found[3]}


def _print_jobs(jobs: Sequence[JobStatus], spent: Amounts) -> None:
    table = make_table(
        ("segments", "chars", "on record", "missing", "takes"), ("state",)
    )
    for job in jobs:
        style = STYLES.get(job.state, "")
        state = Text(job.state + (f", by {job.held_by}" if job.held_by else ""), style)
        segments = (
            "" if job.segments is None else f"{job.segments_on_record}/{job.segments}"
        )
        table.add_row(Text(job.job), segments, *_amount_cells([job]), state)
    if len(jobs) > 1:
        states = Counter(job.state for job in jobs)
        table.add_row(
            "total",
            "",
            *_amount_cells(jobs),
            ", ".join(f"{n} {s}" for s, n in states.items()),
            style="bold",
        )
    print_table(table)
    click.echo(
        f"All runs together sent {spent.sent_chars:,} characters, "
        f"{spent.wasted_chars:,} of them for nothing."
    )


def _amount_cells(jobs: Sequence[JobStatus]) -> list[str]:
    return [f"{sum(getattr(job, name) for job in jobs):,}" for name in _SUMS]
