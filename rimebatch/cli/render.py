"""``rimebatch render``."""

import sys
from functools import partial
from pathlib import Path

import click
import trio

from rimebatch.cli.clock import read_wall_time
from rimebatch.cli.planning import plan_options, read_plan
from rimebatch.cli.reporting import keep_report
from rimebatch.cli.running import follow
from rimebatch.manifest import Checks
from rimebatch.recorder.batch import render_batch


@click.command()
@plan_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.option("--quiet", is_flag=True, help="Say nothing but errors.")
def render(
    manifest: Path,
    out: Path,
    only: tuple[str, ...],
    strict: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Make the files of MANIFEST again from the record; nothing is sent.

    The same record gives the same bytes; a job whose files have them is left alone. One
    with segments that are not on record fails, and its error says which they are.

    \b
    Example:
      rimebatch render jobs/hello.yaml
    """
    made, folder = read_plan(manifest, out, only, checks=Checks(strict=strict))
    with follow(made, as_json=as_json, quiet=quiet) as run:
        trio.run(
            partial(render_batch, made, folder, run.tell, wall=read_wall_time()),
            restrict_keyboard_interrupt_to_checkpoints=True,
        )
    if not run.interrupted:
        keep_report(folder)
    sys.exit(run.exit_code)
