"""``rimebatch verify``."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Final, TypeAlias

import click
from rich.text import Text

from rimebatch.cli.displays import echo_json
from rimebatch.cli.exit_codes import ExitCode
from rimebatch.cli.records import outdir_argument
from rimebatch.cli.tables import make_table, print_table
from rimebatch.errors import AudioError, TranscriptError
from rimebatch.manifest.mistakes import make_printable
from rimebatch.manifest.plan import mark
from rimebatch.manifest.plan_file import read_planned_job
from rimebatch.recorder.folders import list_recorded, plan_of, transcripts_of
from rimebatch.renderer import Difference, compare_files
from rimebatch.transcript import JobTranscripts
from rimebatch.transcript.verify import (
    Damage,
    TakeCounts,
    Verified,
    count_takes,
    verify_transcript,
)

_Jobs: TypeAlias = Mapping[str, Sequence[Verified]]
_Takes: TypeAlias = Mapping[str, TakeCounts]

_TAKES: Final = tuple(field.name for field in fields(TakeCounts))
_SHOWN_DIGITS: Final = 8  # of a segment's key: enough to find it by


@click.command()
@outdir_argument
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def verify(folder: Path, as_json: bool) -> None:
    """Read every byte under OUTDIR, and say what is damaged.

    OUTDIR is the folder that a run wrote, named as its manifest. What is damaged in a
    transcript is named by entry and byte, with the take that it costs. The other files
    are made once more, from the record and out of sight, and compared: any byte that
    differs is named. Nothing is changed. The exit code is 0 if all is sound, and 7 if
    something is not.

    \b
    Example:
      rimebatch verify outputs/hello
    """
    records = find_jobs(folder)
    jobs = {
        job: [verify_transcript(path) for path in transcripts.paths()]
        for job, transcripts in records.items()
    }
    takes = {job: count_takes(jobs[job], records[job].choices()) for job in jobs}
    differences = [found for job in jobs for found in _compare(folder, job)]
    (_echo_jobs if as_json else _print_jobs)(jobs, takes, differences)
    if differences or any(_damages_of(jobs)):
        sys.exit(ExitCode.DIFFERS)


def _compare(folder: Path, job: str) -> list[Difference]:
    """Return how the files of *job* differ from what the record gives.

    A job with segments missing has no files to compare, nor has one whose plan was
    not kept.
    """
    path = plan_of(folder, job)
    if not path.exists():
        return []
    plan = read_planned_job(path)
    takes = transcripts_of(folder, job).takes(verify=True)
    if mark(plan, takes).missing:
        return []
    try:
        return compare_files(plan, takes, folder)
    except (AudioError, TranscriptError) as error:  # the takes give no files at all
        return [Difference(path, str(error))]


def find_jobs(folder: Path) -> dict[str, JobTranscripts]:
    """Return the transcripts under the output *folder* of a run, by job.

    Raises:
        TranscriptError: There are none.
    """
    found = {job: transcripts_of(folder, job) for job in list_recorded(folder)}
    jobs = {
        job: transcripts for job, transcripts in found.items() if transcripts.paths()
    }
    if not jobs:
        what = f"{folder}: there are no transcripts; name the folder of a run"
        raise TranscriptError(f"{what}, like outputs/hello")
    return jobs


def _damages_of(jobs: _Jobs) -> Iterator[tuple[str, Verified, Damage]]:
    for job, transcripts in jobs.items():
        for transcript in transcripts:
            for damage in transcript.damages:
                yield job, transcript, damage


def _print_jobs(jobs: _Jobs, takes: _Takes, differences: Sequence[Difference]) -> None:
    _print_table(jobs, takes)
    for transcripts in jobs.values():
        for transcript in transcripts:
            if not transcript.is_sealed:
                what = "not sealed, as a crash leaves it; what it committed counts"
                click.echo(f"{transcript.path}: {what}")
    damages = list(_damages_of(jobs))
    for _, transcript, damage in damages:
        click.echo(_describe(transcript, damage))
    for difference in differences:
        click.echo(make_printable(f"{difference.file}: {difference.what}"))
    if damages or differences:
        click.echo(
            "`rimebatch run` records again what no longer counts; "
            "`rimebatch render` makes files again."
        )
    else:
        click.echo("Everything is sound.")


def _print_table(jobs: _Jobs, takes: _Takes) -> None:
    table = make_table(("transcripts", "entries", *_TAKES))
    for job, transcripts in jobs.items():
        numbers = _count(transcripts, takes[job]).values()
        table.add_row(Text(job), *(f"{number:,}" for number in numbers))
    print_table(table)


def _describe(transcript: Verified, damage: Damage) -> str:
    if damage.first < damage.last:
        where = f"entries {damage.first} to {damage.last}, from byte {damage.byte}"
    elif damage.first:
        where = f"entry {damage.first}, byte {damage.byte}"
    else:
        where = "header"
    kind = f", {damage.kind}" if damage.first and damage.kind else ""
    if damage.take is None:
        take = "in no take"
    else:
        record = transcript.takes[damage.take - 1].record
        named = f"segment {record.segment[:_SHOWN_DIGITS]}, {record.context_id}"
        take = f"in take {damage.take} of {len(transcript.takes)} ({named})"
    line = f"{transcript.path}: {where}{kind}: {damage.what}; {take}"
    return make_printable(line)


def _echo_jobs(jobs: _Jobs, takes: _Takes, differences: Sequence[Difference]) -> None:
    for job, transcript, damage in _damages_of(jobs):
        where = {"job": job, "file": str(transcript.path)}
        echo_json("damage", {**where, **_to_fields(transcript, damage)})
    for difference in differences:
        file, what = str(difference.file), difference.what
        echo_json("difference", {"file": file, "what": what})
    for job, transcripts in jobs.items():
        unsealed = [str(t.path) for t in transcripts if not t.is_sealed]
        counts = _count(transcripts, takes[job])
        echo_json("job-verified", {"job": job, **counts, "unsealed": unsealed})
    amounts: dict[str, object] = {
        "jobs": len(jobs),
        "damages": sum(1 for _ in _damages_of(jobs)),
        "differences": len(differences),
    }
    echo_json("verified", amounts)


def _to_fields(transcript: Verified, damage: Damage) -> dict[str, object]:
    take = None
    if damage.take is not None:
        record = transcript.takes[damage.take - 1].record
        take = {
            "number": damage.take,
            "of": len(transcript.takes),
            "segment": record.segment,
            "context_id": record.context_id,
        }
    return {**asdict(damage), "take": take}


def _count(transcripts: Sequence[Verified], takes: TakeCounts) -> dict[str, int]:
    return {
        "transcripts": len(transcripts),
        "entries": sum(transcript.entries for transcript in transcripts),
        **asdict(takes),
    }
