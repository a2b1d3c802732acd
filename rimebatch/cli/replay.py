"""``rimebatch replay``."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TypeAlias

import click
import trio
from rich.text import Text
from trio.testing import MockClock

from rimebatch.cli.displays import echo_json
from rimebatch.cli.exit_codes import ExitCode
from rimebatch.cli.records import JobRecord, find_records
from rimebatch.cli.replaying import playing_options
from rimebatch.cli.tables import STYLES, format_length, make_table, print_table
from rimebatch.errors import RimeBatchError
from rimebatch.manifest.mistakes import make_printable
from rimebatch.recorder.replay_job import PlayedAttempt, PlayedJob, replay_job
from rimebatch.renderer.compare import open_scratch
from rimebatch.replay import Gate, Match, ReplayOptions, read_recording

_Outcome: TypeAlias = PlayedJob | RimeBatchError
"""How the replay of a job went, or why there is none."""


@click.command()
@click.argument(
    "paths",
    nargs=-1,
    required=True,
    metavar="PATH...",
    type=click.Path(exists=True, path_type=Path),
)
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("outputs"),
    help="Where the outputs of a manifest are: DIR/NAME.",
)
@playing_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def replay(
    paths: tuple[Path, ...],
    out: Path,
    pace: float,
    gate: Gate,
    match: Match,
    as_json: bool,
) -> None:
    """Play what is on record again, and compare the files it makes with those there.

    PATH is a transcript, a job's folder of them, an output folder or a manifest. The
    code that recorded it runs again, with the transcripts in place of the service, in
    virtual time, so that no pace costs real time; nothing is sent, and no file of yours
    is written. The exit code is 0 only if every message was played and every file is
    the same, byte for byte.

    \b
    Example:
      rimebatch replay outputs/hello
    """
    records = [record for path in paths for record in find_records(path, out)]
    options = ReplayOptions(gate, match, pace)
    tell = _echo_job if as_json else _say_what_differs
    played = []
    for record in records:
        outcome = _play(record, options)
        tell(record, outcome)
        played.append((record.id, outcome))
    agreeing = sum(_agrees(outcome) for _, outcome in played)
    exit_code = ExitCode.DONE if agreeing == len(played) else ExitCode.DIFFERS
    if as_json:
        counts = {"jobs": len(played), "agreeing": agreeing}
        echo_json("replayed", {**counts, "exit_code": int(exit_code)})
    else:
        print_replay(played)
    sys.exit(exit_code)


def _play(record: JobRecord, options: ReplayOptions) -> _Outcome:
    """Return what came of playing *record*, or why it cannot be played."""
    recordings = [(path, partial(read_recording, path)) for path in record.transcripts]
    with open_scratch() as scratch:
        playing = partial(
            replay_job,
            recordings,
            Path(scratch),
            options,
            plan=record.plan,
            folder=record.folder,
        )
        try:
            return trio.run(
                playing,
                clock=MockClock(),
                restrict_keyboard_interrupt_to_checkpoints=True,
            )
        except RimeBatchError as error:
            return error


def _agrees(outcome: _Outcome) -> bool:
    return isinstance(outcome, PlayedJob) and outcome.agrees


def _say_what_differs(record: JobRecord, outcome: _Outcome) -> None:
    for line in _find_differences(record, outcome):
        click.echo(make_printable(line), err=True)


def _find_differences(record: JobRecord, outcome: _Outcome) -> Iterator[str]:
    if isinstance(outcome, RimeBatchError):
        where = "" if str(outcome).startswith(record.id) else f"{record.id}: "
        yield f"Error: {where}{outcome}"
        return
    for attempt in outcome.attempts:
        yield from _find_differences_of(attempt)
    for difference in outcome.differences or ():
        yield f"{difference.file}: {difference.what}"


def _find_differences_of(attempt: PlayedAttempt) -> Iterator[str]:
    for damage in attempt.damages:
        yield f"{attempt.transcript}: damaged at byte {damage.byte}: {damage.what}"
    for divergence in attempt.divergences:
        yield from divergence.report.splitlines()
    for change in attempt.changed:
        yield f"{attempt.transcript}: {change}"
    if attempt.unplayed:
        unplayed = f"{attempt.unplayed} of {attempt.messages} messages were not played"
        yield f"{attempt.transcript}: {unplayed}"
    if attempt.error and not attempt.agrees:
        yield f"{attempt.transcript}: it ended with: {attempt.error}"


def _echo_job(record: JobRecord, outcome: _Outcome) -> None:
    told = {"job": record.id, "agrees": _agrees(outcome)}
    if isinstance(outcome, RimeBatchError):
        echo_json("job-replayed", {**told, "error": str(outcome)})
        return
    differences = outcome.differences and [
        {"file": str(difference.file), "what": difference.what}
        for difference in outcome.differences
    ]
    echo_json("job-replayed", {**told, **asdict(outcome), "differences": differences})


def print_replay(played: Sequence[tuple[str, _Outcome]]) -> None:
    """Print how every job of a replay went; each comes with its id."""
    table = make_table(("transcripts", "messages", "takes", "time"), ("files", "state"))
    for job_id, job in played:
        table.add_row(Text(job_id), *_cells_of(job))
    print_table(table)


def _cells_of(job: _Outcome) -> list[str | Text]:
    if isinstance(job, RimeBatchError):
        return ["", "", "", "", "", Text("failed", STYLES["failed"])]
    state = "agrees" if job.agrees else "differs"
    return [
        f"{len(job.attempts):,}",
        f"{sum(attempt.messages for attempt in job.attempts):,}",
        f"{sum(attempt.takes for attempt in job.attempts):,}",
        format_length(sum(attempt.seconds for attempt in job.attempts)),
        _describe_files(job),
        Text(state, STYLES[state]),
    ]


def _describe_files(job: PlayedJob) -> str:
    if job.differences is None:
        return "not compared"
    if job.differences:
        return f"{len(job.differences)} differ"
    return f"none: {job.missing} segments not on record" if job.missing else "equal"
