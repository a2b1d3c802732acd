"""``rimebatch run``."""

import os
import platform
import random  # noqa: TID251  # when to try again is the one thing that chance decides
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Final

import click
import trio

from rimebatch.cli.books import keep_books
from rimebatch.cli.checking import endpoint_options, make_checks, tell_warnings
from rimebatch.cli.clock import read_wall_time
from rimebatch.cli.consent import ask_to_send
from rimebatch.cli.exit_codes import ExitCode
from rimebatch.cli.logs import log_options, log_start
from rimebatch.cli.planning import (
    order_option,
    plan_options,
    read_plan,
    start_afresh,
)
from rimebatch.cli.rejecting import reject_takes
from rimebatch.cli.reporting import keep_report
from rimebatch.cli.running import Run, follow
from rimebatch.cli.service import Service, find_key
from rimebatch.cli.serving import AMOUNT, check_finite
from rimebatch.cli.signals import Leaving
from rimebatch.cli.why import find_why, summarize
from rimebatch.manifest.plan import Plan
from rimebatch.manifest.schedule import Order
from rimebatch.recorder.batch import run_batch
from rimebatch.recorder.ledger import Budget
from rimebatch.recorder.origin import Origin
from rimebatch.recorder.patience import Patience
from rimebatch.recorder.reports import Listener, Report
from rimebatch.recorder.transports.live import GATHER_S, LineLimits
from rimebatch.transcript import Redactor
from rimebatch.transcript.choices import FRESH
from rimebatch.transcript.credentials import find_secrets

_ASK_ABOVE_CHARS: Final = 100_000  # a short novel's third, or two hours of speech
_GRACE_S: Final = 10.0  # more than a segment of 500 characters takes


@dataclass(frozen=True, slots=True)
class _Terms:
    """How a run listens, in which order it sends, how much, and until when."""

    limits: LineLimits
    order: Order
    budget: Budget
    leaving: Leaving


@click.command()
@plan_options
@endpoint_options
@log_options
@click.option(
    "--concurrency",
    metavar="CONNECTIONS",
    type=click.IntRange(min=1),
    help="Connections open at a time; in place of the manifest's own.",
)
@order_option
@click.option(
    "--max-chars",
    metavar="CHARS",
    type=click.IntRange(min=0),
    help="Stop before more characters are sent; in place of the manifest's budget.",
)
@click.option(
    "--ask-above",
    metavar="CHARS",
    type=click.IntRange(min=0),
    default=_ASK_ABOVE_CHARS,
    help="On a terminal, ask before more characters than these are sent.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--fresh",
    is_flag=True,
    help="Reject what is on record and buy it anew. If that is interrupted, go on "
    "without --fresh.",
)
@click.option(
    "--grace",
    "grace_s",
    metavar="SECONDS",
    type=AMOUNT,
    callback=check_finite,
    default=_GRACE_S,
    help="After Ctrl-C or SIGTERM, how long segments in flight may go on.",
)
@click.option(
    "--gather",
    "gather_s",
    metavar="SECONDS",
    type=AMOUNT,
    callback=check_finite,
    default=GATHER_S,
    help="The longest pause before what has come is read; 0 reads at once.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.option("--quiet", is_flag=True, help="Say nothing but errors.")
def run(  # noqa: PLR0913, PLR0917  # click: one parameter for each option
    manifest: Path,
    out: Path,
    only: tuple[str, ...],
    strict: bool,
    endpoint: str | None,
    allow_unknown_voice: bool,
    concurrency: int | None,
    order: Order,
    max_chars: int | None,
    ask_above: int,
    yes: bool,
    fresh: bool,
    grace_s: float,
    gather_s: float,
    as_json: bool,
    quiet: bool,
) -> None:
    """Record what is missing of MANIFEST, and render every job.

    What is on record is never sent again, so the same command goes on after a crash,
    an edit or a failure, and does nothing when nothing is missing. Ctrl-C stops it
    once segments in flight are on record; a second one leaves at once.

    \b
    Example:
      rimebatch run jobs/hello.yaml
    """
    checks = make_checks(strict=strict, allow_unknown_voice=allow_unknown_voice)
    made, folder = read_plan(
        manifest, out, only, endpoint=endpoint, concurrency=concurrency, checks=checks
    )
    made = start_afresh(made) if fresh else made
    if not quiet:
        tell_warnings(made.manifest)
    cap_chars = made.manifest.budget_chars if max_chars is None else max_chars
    if made.missing_chars:  # without a key not even a folder is made
        find_key(made.manifest.endpoint, os.environ.get("RIME_API_KEY"))
        if not (quiet or as_json):
            _tell_why(made, folder, fresh=fresh)
        _ask(made.missing_chars, cap_chars, sys.maxsize if yes else ask_above)
    if fresh:
        _reject_all(made, folder)
    limits = LineLimits(gather_s=gather_s)
    terms = _Terms(limits, order, Budget(cap_chars), Leaving(grace_s))
    followed = _follow(made, folder, terms, as_json=as_json, quiet=quiet)
    if not (quiet or as_json):
        _say_last(followed, fresh=fresh)
    sys.exit(followed.exit_code)


def _tell_why(plan: Plan, folder: Path, *, fresh: bool) -> None:
    reasons = find_why(plan, folder, fresh=fresh).values()
    why = [reason for of_job in reasons for reason in of_job.values()]
    what = f"{plan.missing_chars:,} characters in {len(why):,} segments"
    click.echo(f"to send: {what}: {summarize(why)}", err=True)


def _reject_all(plan: Plan, folder: Path) -> None:
    """Reject what is on record for *plan*, of all jobs before the first is begun.

    So the run is like any other from then on, and may be interrupted like any other.
    """
    for job in plan.jobs:
        reject_takes(folder, job.id, {segment.key for segment in job.segments}, FRESH)


def _ask(missing_chars: int, cap_chars: int | None, ask_above: int) -> None:
    """Ask, if that is much, whether what is missing may be sent, up to the cap."""
    chars = missing_chars if cap_chars is None else min(cap_chars, missing_chars)
    if chars > ask_above:
        ask_to_send(chars)


def _say_last(followed: Run, *, fresh: bool) -> None:
    is_done = followed.exit_code is ExitCode.DONE
    if fresh and not is_done:
        click.echo("Leave --fresh out to go on: it would buy all anew.", err=True)
    if is_done and not followed.tally.sent_chars:
        click.echo("Nothing was sent: every segment was on record.", err=True)


def _follow(
    plan: Plan, folder: Path, terms: _Terms, *, as_json: bool, quiet: bool
) -> Run:
    """Run *plan* on *terms*, unless it is left; return what came of it."""
    with (
        keep_books(plan, folder, time.monotonic) as books,
        follow(
            plan, as_json=as_json, quiet=quiet, ledger=books.ledger, budget=terms.budget
        ) as followed,
    ):
        log = log_start(plan, _versions())

        def tell(report: Report) -> None:
            log(report)
            followed.tell(report)
            books.note(report)

        trio.run(
            partial(_run, plan, folder, tell, terms),
            # Ctrl-C arrives where the run waits, never between two lines of code.
            restrict_keyboard_interrupt_to_checkpoints=True,
        )
        followed.interrupted = terms.leaving.exit_code
    if not followed.interrupted:
        keep_report(folder)
    return followed


async def _run(plan: Plan, folder: Path, tell: Listener, terms: _Terms) -> None:
    name, key = plan.manifest.endpoint, os.environ.get("RIME_API_KEY")
    async with AsyncExitStack() as stack:
        notify = partial(click.echo, err=True)
        service = Service(name, key, notify, stack, terms.limits)
        if plan.missing_chars:
            await service.start()
        redactor = Redactor(plan.manifest.transcript_text, find_secrets(os.environ))
        origin = Origin(name, _versions(), read_wall_time(), redactor)
        with terms.leaving.scope:
            await run_batch(
                plan,
                service.connect,
                folder,
                order=terms.order,
                origin=origin,
                listener=tell,
                permit=terms.budget.may_send,
                patience=Patience(jitter=random.random),
                supervise=terms.leaving.obey_signals,
            )


def _versions() -> dict[str, str]:
    packages = {name: version(name) for name in ("rimebatch", "trio", "trio-websocket")}
    return {**packages, "python": platform.python_version()}
