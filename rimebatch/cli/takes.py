"""``rimebatch takes``."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import click

from rimebatch.cli.clock import read_wall_time
from rimebatch.cli.displays import echo_json
from rimebatch.cli.records import outdir_argument
from rimebatch.cli.selecting import Selection, select
from rimebatch.cli.tables import format_length, make_table, print_table
from rimebatch.errors import TranscriptError
from rimebatch.manifest.mistakes import make_printable, quote
from rimebatch.manifest.plan import PlannedJob, Segment
from rimebatch.recorder.folders import transcripts_of
from rimebatch.transcript import JobTranscripts, RecordedTake
from rimebatch.transcript.choices import Place
from rimebatch.transcript.locks import hold

_State: TypeAlias = Literal["used", "picked", "rejected", "superseded", "damaged"]

_Listed: TypeAlias = Mapping[int, Sequence["ListedTake"]]
"""By the number of the segment; none where nothing is on record."""


@dataclass(frozen=True, slots=True)
class ListedTake:
    """A take on record.

    Attributes:
        take: Where it is.
        state: What it is good for; both ``used`` and ``picked`` takes count.
        why: It was rejected, if it was.
    """

    take: RecordedTake
    state: _State
    why: str | None = None

    def __str__(self) -> str:
        return self.state + (f": {make_printable(self.why)}" if self.why else "")


@click.command()
@outdir_argument
@click.argument("wanted", metavar="JOB[:SEGMENTS]")
@click.option(
    "--use",
    "number",
    metavar="TAKE",
    type=click.IntRange(min=1),
    help="Have that take of the segment count, whatever newer ones there are.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def takes(folder: Path, wanted: str, number: int | None, as_json: bool) -> None:
    """List every take on record of the segments of a job, the oldest first.

    OUTDIR is the folder that a run wrote. Of each segment one take counts: the one that
    was picked, or else the newest that was not rejected. Nothing is changed without
    --use, and nothing is sent.

    \b
    Example:
      rimebatch takes outputs/story ch01:3-5
    """
    selection = select(folder, wanted)
    transcripts = transcripts_of(folder, selection.job.id)
    if number is not None:
        _use(number, selection, transcripts)
    listed = _list_takes(selection, transcripts)
    keys = {segment.key for segment in selection.job.segments}
    left = [t for t in transcripts.all_takes() if t.record.segment not in keys]
    (_echo_takes if as_json else _print_takes)(selection, listed, len(left))
    if number is not None:
        click.echo("Picked; `rimebatch render` makes the files of it.", err=True)


def _use(number: int, selection: Selection, transcripts: JobTranscripts) -> None:
    """Pick that take of the one segment that is selected."""
    if len(selection.segments) != 1:
        raise click.UsageError("--use is for one segment; name it, as in ch01:3")
    with hold(transcripts.folder, read_wall_time()):
        [(segment, on_record)] = _list_takes(selection, transcripts).items()
        where = f"{selection.job.id}, segment {segment}"
        if number > len(on_record):
            raise click.BadParameter(
                f"{where}: there are {len(on_record)} takes", param_hint="'--use'"
            )
        wanted = on_record[number - 1]
        if wanted.state == "damaged":
            raise TranscriptError(f"{where}: take {number} is damaged; use another one")
        transcripts.pick(wanted.take)


def _list_takes(selection: Selection, transcripts: JobTranscripts) -> _Listed:
    """Return all takes of what is selected, oldest first."""
    sound = set(transcripts.all_takes(verify=True))
    choices = transcripts.choices()
    counting = {Place.of(take): take for take in choices.choose(sound).values()}

    def list_take(take: RecordedTake) -> ListedTake:
        if take not in sound:
            return ListedTake(take, "damaged")
        if counts := counting.get(Place.of(take)):
            return ListedTake(take, "picked" if counts.picked else "used")
        why = choices.why_rejected(take)
        return ListedTake(take, "superseded" if why is None else "rejected", why)

    on_record = defaultdict(list)
    for take in transcripts.all_takes():
        on_record[take.record.segment].append(take)
    return {
        number: list(map(list_take, on_record[segment.key]))
        for number, segment in selection.segments.items()
    }


def _print_takes(selection: Selection, listed: _Listed, left: int) -> None:
    table = make_table(
        ("take", "transcript", "audio", "chars"), ("state", "text"), first="segment"
    )
    for number, segment in selection.segments.items():
        for cells in _rows_of(selection.job, segment, listed[number]):
            table.add_row(str(number), *cells)
    print_table(table)
    if left:
        click.echo(f"{left:,} takes are of text or a voice that the plan has no more.")


def _rows_of(
    job: PlannedJob, segment: Segment, on_record: Sequence[ListedTake]
) -> Iterator[tuple[str, ...]]:
    text = quote(segment.text)
    if not on_record:
        yield ("", "", "", f"{segment.chars:,}", "missing", text)
    for number, listed in enumerate(on_record, start=1):
        record = listed.take.record
        audio_s = job.measure_s(record.audio_bytes)
        yield (
            str(number),
            listed.take.path.stem,
            format_length(audio_s) if audio_s else f"{record.audio_bytes:,} bytes",
            f"{record.chars:,}",
            str(listed),
            text,
        )


def _echo_takes(selection: Selection, listed: _Listed, left: int) -> None:
    for segment, on_record in listed.items():
        for number, found in enumerate(on_record, start=1):
            where = {"job": selection.job.id, "segment": segment, "take": number}
            text = {"text": selection.segments[segment].text}
            echo_json("take", {**where, **_to_fields(selection.job, found), **text})
    counts = {"segments": len(listed), "unplanned": left}
    echo_json("takes-listed", {"job": selection.job.id, **counts})


def _to_fields(job: PlannedJob, listed: ListedTake) -> dict[str, object]:
    return {
        "transcript": str(listed.take.path),
        "state": listed.state,
        "why": listed.why,
        "audio_bytes": listed.take.record.audio_bytes,
        "audio_s": job.measure_s(listed.take.record.audio_bytes),
        "chars": listed.take.record.chars,
    }
