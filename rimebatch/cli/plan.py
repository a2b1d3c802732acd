"""``rimebatch plan``."""

import sys
from collections.abc import Mapping
from pathlib import Path

import click

from rimebatch.cli.checking import (
    endpoint_options,
    make_checks,
    tell_voices,
    tell_warnings,
)
from rimebatch.cli.displays import echo_json
from rimebatch.cli.exit_codes import ExitCode
from rimebatch.cli.planning import (
    order_option,
    plan_options,
    read_plan,
    start_afresh,
)
from rimebatch.cli.tables import format_length, print_plan
from rimebatch.cli.why import Reasons, find_why
from rimebatch.manifest.plan import (
    CHARS_PER_SECOND,
    PRICE_PER_1000_CHARS_USD,
    Plan,
    PlannedJob,
    SegmentKey,
)
from rimebatch.manifest.reasons import Why
from rimebatch.manifest.schedule import Order, estimate_makespans


@click.command()
@plan_options
@endpoint_options
@order_option
@click.option(
    "--price",
    metavar="USD",
    type=click.FloatRange(min=0),
    default=PRICE_PER_1000_CHARS_USD,
    help="For 1,000 characters; the default is Rime's starter plan of August 2026.",
)
@click.option(
    "--check", is_flag=True, help="Fail, with exit code 1, if anything would be sent."
)
@click.option(
    "--fresh",
    is_flag=True,
    help="As if nothing were on record: what a run with --fresh would send.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def plan(  # noqa: PLR0913, PLR0917  # click: one parameter for each option
    manifest: Path,
    out: Path,
    only: tuple[str, ...],
    strict: bool,
    endpoint: str | None,
    allow_unknown_voice: bool,
    order: Order,
    price: float,
    check: bool,
    fresh: bool,
    as_json: bool,
) -> None:
    """Show what MANIFEST would send, why, and what that would cost, and stop.

    Nothing is changed and nothing is sent. Sealed transcripts are believed here; a run
    reads and verifies them before it relies on them.

    \b
    Example:
      rimebatch plan jobs/story.yaml
    """
    checks = make_checks(strict=strict, allow_unknown_voice=allow_unknown_voice)
    made, folder = read_plan(manifest, out, only, endpoint=endpoint, checks=checks)
    if fresh:
        made = start_afresh(made)
    tell_warnings(made.manifest)
    tell_voices(made.manifest)
    reasons = find_why(made, folder, fresh=fresh)
    if as_json:
        _echo_plan(made, reasons, price, order)
    else:
        print_plan(made, reasons, price)
        _tell_order(made, order)
    if check and made.missing_chars:
        sys.exit(ExitCode.FAILED)


def _tell_order(plan: Plan, order: Order) -> None:
    """Say what the other order would cost or save, if it makes a difference."""
    makespans = estimate_makespans(plan)
    chars = makespans.pop(order)
    [(other, other_chars)] = makespans.items()
    if chars != other_chars:
        what = "more" if other_chars > chars else "less"
        click.echo(
            f"The busiest of {plan.manifest.concurrency} connections has "
            f"{_length(chars)} of speech; with --order {other} it would have "
            f"{_length(other_chars)}, {abs(other_chars / chars - 1):.1%} {what}."
        )


def _length(chars: int) -> str:
    return format_length(chars / CHARS_PER_SECOND)


def _echo_plan(plan: Plan, reasons: Reasons, price_usd: float, order: Order) -> None:
    for job in plan.jobs:
        skipped = [[piece.start, piece.end] for piece in job.skipped]
        echo_json(
            "job-planned",
            {
                "job": job.id,
                "segments": len(job.segments),
                "missing": len(job.missing),
                "why": _list_why(job, reasons[job.id]),
                "skipped": skipped,
                **_amounts(job.chars, job.missing_chars, price_usd),
            },
        )
    amounts = _amounts(plan.chars, plan.missing_chars, price_usd)
    counted = {"jobs": len(plan.jobs), "warnings": len(plan.manifest.warnings)}
    catalogue = {"catalogue": plan.manifest.catalogue_date}
    makespans = {
        each: round(chars / CHARS_PER_SECOND, 1)
        for each, chars in estimate_makespans(plan).items()
    }
    ordered = {"order": order, "estimated_makespan_s": makespans}
    echo_json("planned", {**counted, **amounts, **ordered, **catalogue})


def _list_why(
    job: PlannedJob, reasons: Mapping[SegmentKey, Why]
) -> list[dict[str, object]]:
    """Return each segment that would be sent, with its number, and why."""
    return [
        {
            "segment": number,
            "chars": segment.chars,
            "reason": reasons[segment.key].reason,
            "parameters": reasons[segment.key].parameters,
        }
        for number, segment in enumerate(job.segments, start=1)
        if segment.key in reasons
    ]


def _amounts(chars: int, missing_chars: int, price_usd: float) -> dict[str, object]:
    return {
        "chars": chars,
        "reused_chars": chars - missing_chars,
        "missing_chars": missing_chars,
        "estimated_audio_s": round(missing_chars / CHARS_PER_SECOND, 1),
        "estimated_usd": round(missing_chars / 1000 * price_usd, 4),
    }
