"""``rimebatch run``."""

import os
import platform
import sys
from contextlib import AsyncExitStack
from functools import partial
from importlib.metadata import version
from pathlib import Path

import click
import trio

from rimebatch.cli.checking import endpoint_options, make_checks, tell_warnings
from rimebatch.cli.clock import read_wall_time
from rimebatch.cli.exit_codes import ExitCode
from rimebatch.cli.planning import plan_options, read_plan
from rimebatch.cli.running import Run, follow
from rimebatch.cli.service import Service
from rimebatch.manifest.plan import Plan
from rimebatch.recorder.batch import run_batch
from rimebatch.recorder.job import Origin
from rimebatch.transcript import Redactor
from rimebatch.transcript.credentials import find_secrets


@click.command()
@plan_options
@endpoint_options
@click.option(
    "--concurrency",
    metavar="CONNECTIONS",
    type=click.IntRange(min=1),
    help="Connections open at a time; in place of the manifest's own.",
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
    as_json: bool,
    quiet: bool,
) -> None:
    """Record what is missing of MANIFEST, and render every job.

    What is on record is never sent again, so the same command goes on after a crash,
    an edit or a failure, and does nothing when nothing is missing. Ctrl-C stops it.

    \b
    Example:
      rimebatch run jobs/hello.yaml
    """
    made, folder = read_plan(
        manifest,
        out,
        only,
        endpoint=endpoint,
        concurrency=concurrency,
        checks=make_checks(strict=strict, allow_unknown_voice=allow_unknown_voice),
    )
    if not quiet:
        tell_warnings(made.manifest)
    with follow(made, as_json=as_json, quiet=quiet) as followed:
        trio.run(
            partial(_run, made, folder, followed),
            # Ctrl-C arrives where the run waits, never between two lines of code.
            restrict_keyboard_interrupt_to_checkpoints=True,
        )
    nothing_sent = followed.exit_code is ExitCode.DONE and not followed.tally.sent_chars
    if nothing_sent and not (quiet or as_json):
        click.echo("Nothing was sent: every segment was on record.", err=True)
    sys.exit(followed.exit_code)


async def _run(plan: Plan, folder: Path, run: Run) -> None:
    name, key = plan.manifest.endpoint, os.environ.get("RIME_API_KEY")
    async with AsyncExitStack() as stack:
        service = Service(name, key, partial(click.echo, err=True), stack)
        if plan.missing_chars:
            await service.start()
        redactor = Redactor(plan.manifest.transcript_text, find_secrets(os.environ))
        origin = Origin(name, _versions(), read_wall_time(), redactor)
        await run_batch(plan, service.connect, folder, origin=origin, listener=run.tell)


def _versions() -> dict[str, str]:
    packages = {name: version(name) for name in ("rimebatch", "trio", "trio-websocket")}
    return {**packages, "python": platform.python_version()}
