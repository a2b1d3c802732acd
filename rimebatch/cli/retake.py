"""``rimebatch retake``."""

from pathlib import Path

import click

from rimebatch.cli.records import outdir_argument
from rimebatch.cli.rejecting import reject_takes
from rimebatch.cli.selecting import select
from rimebatch.manifest.plan import mark
from rimebatch.recorder.folders import transcripts_of
from rimebatch.transcript.choices import RETAKE


@click.command()
@outdir_argument
@click.argument("wanted", nargs=-1, required=True, metavar="JOB[:SEGMENTS]...")
def retake(folder: Path, wanted: tuple[str, ...]) -> None:
    """Have the next run ask for new takes of these segments.

    OUTDIR is the folder that a run wrote. A segment is named by its number, as `takes`
    shows it; a job by itself stands for all of its segments. Nothing is sent and no
    file is touched before the next run. Their takes stay on record:
    `rimebatch takes --use` brings one back.

    \b
    Example:
      rimebatch retake outputs/story ch01:3 ch02:7-9,12
    """
    selections = [select(folder, words) for words in wanted]
    for selection in selections:
        keys = {segment.key for segment in selection.segments.values()}
        reject_takes(folder, selection.job.id, keys, RETAKE)
    plans = {selection.job.id: selection.job for selection in selections}
    jobs = [mark(job, transcripts_of(folder, job.id).takes()) for job in plans.values()]
    click.echo(
        f"The next `rimebatch run` sends {sum(job.missing_chars for job in jobs):,} "
        f"characters in {sum(len(job.missing) for job in jobs):,} segments of "
        f"{', '.join(plans)}, if the manifest is as it was."
    )
