"""``rimebatch transcript``: look at transcripts, and make new ones of them."""

import os
import sys
from pathlib import Path
from typing import Final

import click

from rimebatch.cli.exit_codes import ExitCode
from rimebatch.cli.transcript_har import export_har, import_har
from rimebatch.transcript import Entry, Redactor, read_entries, read_header
from rimebatch.transcript.compare import Comparison, compare_transcripts
from rimebatch.transcript.credentials import find_secrets
from rimebatch.transcript.edit import (
    cut_transcript,
    redact_transcript,
    write_transcript,
)
from rimebatch.transcript.view import Row, describe_header, make_rows

_NS_PER_S: Final = 1_000_000_000
_WHAT_CHARS: Final = 12  # "1,119 chunks"
_LABEL_CHARS: Final = 24  # most have fewer; of a longer one the end tells more
_ARROWS: Final = {"client": "→", "server": "←", "recorder": "·"}
_COLOURS: Final = {"client": "cyan", "server": "green", "recorder": "blue"}
_ALARMS: Final = frozenset({"refused", "lost", "error", "withdrawn"})
_CLOSE_CODES: Final = range(1000, 5000)  # RFC 6455, 7.4.2
_NEVER_SENT: Final = frozenset({1006, 1015})  # 7.4.1: they stand for a lost line

_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
_out = click.option(
    "-o",
    "--out",
    metavar="FILE",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write; never the transcript itself.",
)
_force = click.option("--force", is_flag=True, help="Replace a FILE that exists.")


def _read_how(
    _context: click.Context, _option: click.Parameter, how: str
) -> int | None:
    if how == "lost":
        return None
    code = int(how) if how.isdecimal() else 0
    if code not in _CLOSE_CODES or code in _NEVER_SENT:
        raise click.BadParameter("it is lost, or a code that a close frame may carry")
    return code


@click.group()
def transcript() -> None:
    """Look at transcripts, and make new ones of them.

    A transcript is never changed: what is made of one is another file, whose first
    line says so.

    \b
    Example:
      rimebatch transcript show outputs/hello/transcripts/hello/0001.jsonl
    """


transcript.add_command(export_har)
transcript.add_command(import_har)


@transcript.command()
@click.argument("path", type=_FILE)
@click.option("--gaps", is_flag=True, help="Times since the entry before, not in all.")
@click.option("--all", "every", is_flag=True, help="A line for each chunk of audio.")
def show(path: Path, gaps: bool, every: bool) -> None:
    """Show what happened on a connection, one entry a line.

    Consecutive chunks of audio are one line, and the line of each tells its bytes, how
    long it sounds, and the beginning of its SHA-256. → is the client, ← the server, and
    · what the recorder noted.

    \b
    Example:
      rimebatch transcript show outputs/hello/transcripts/hello/0001.jsonl
    """
    header = read_header(path)
    for line in describe_header(header):
        click.echo(line)
    entries: list[Entry] = []
    try:
        for entry in read_entries(path):
            entries.append(entry)  # noqa: PERF402  # keeps those before a damaged one
    finally:
        for row in make_rows(header, entries, fold=not every):
            click.echo(_format_row(row, gaps=gaps))


@transcript.command()
@click.argument("a", type=_FILE)
@click.argument("b", type=_FILE)
@click.option("--times", is_flag=True, help="Times are a difference, too.")
def diff(a: Path, b: Path, times: bool) -> None:
    """Compare two transcripts: their takes, words, audio, times and ends.

    The exit code is 0 if it is the same conversation, whose times may differ, and 7 if
    it is not.

    \b
    Example:
      rimebatch transcript diff one/0001.jsonl other/0001.jsonl
    """
    found = compare_transcripts(a, b)
    _print_comparison(found)
    if found.differences or (times and not found.are_times_equal):
        sys.exit(ExitCode.DIFFERS)


@transcript.command()
@click.argument("path", type=_FILE)
@click.option(
    "--at",
    metavar="ENTRY",
    required=True,
    type=click.IntRange(min=0),
    help="The number of the last entry to keep.",
)
@click.option(
    "--how",
    metavar="lost|CODE",
    default="lost",
    callback=_read_how,
    help="How the server is gone then: without a word, or with a close code.",
)
@_out
@_force
def cut(path: Path, at: int, how: int | None, out: Path, force: bool) -> None:
    """Write a transcript of a connection that ended after ENTRY.

    \b
    Example:
      rimebatch transcript cut 0001.jsonl --at 40 -o cut.jsonl
      rimebatch transcript cut 0001.jsonl --at 40 --how 1011 -o failed.jsonl
    """
    write_transcript(out, cut_transcript(path, at, how), source=path, force=force)


@transcript.command()
@click.argument("path", type=_FILE)
@_out
@_force
def redact(path: Path, out: Path, force: bool) -> None:
    """Write a transcript without the text that was spoken.

    Digests stand for texts, and a dot for each word; docs/formats.md says what that
    does not hide. The audio stays, and speaks.

    \b
    Example:
      rimebatch transcript redact 0001.jsonl -o to-share.jsonl
    """
    redactor = Redactor("hash", find_secrets(os.environ))
    write_transcript(out, redact_transcript(path, redactor), source=path, force=force)


def _format_row(row: Row, *, gaps: bool) -> str:
    numbers = f"{row.first}" if row.first == row.last else f"{row.first}-{row.last}"
    time = (
        f"+{row.gap_ns / _NS_PER_S:.6f}" if gaps else f"{row.time_ns / _NS_PER_S:.6f}"
    )
    label = row.context_id
    if len(label) > _LABEL_CHARS:
        label = "…" + label[1 - _LABEL_CHARS :]
    colour = "red" if row.what in _ALARMS else _COLOURS[row.by]
    what = click.style(f"{_ARROWS[row.by]} {row.what}", fg=colour)
    space = " " * (_WHAT_CHARS - len(row.what))
    line = (
        f"{numbers:>11} {time:>12} {what}{space} {label:<{_LABEL_CHARS}} {row.detail}"
    )
    return line.rstrip()


def _print_comparison(found: Comparison) -> None:
    for note in found.notes:
        click.echo(f"note: {note}")
    for difference in found.differences:
        click.echo(click.style(difference, fg="red"))
    if found.timings:
        click.echo("times         median of A  median of B  largest difference")
    for timing in found.timings:
        click.echo(
            f"{timing.measure:<13} {timing.median_a_s:>9.3f} s  "
            f"{timing.median_b_s:>9.3f} s  {timing.largest_s:+.3f} s at {timing.take}"
        )
    a, b = found.takes
    click.echo(f"takes: {a:,} in A, {b:,} in B, {found.equal_takes:,} of them the same")
    if found.differences:
        click.echo("Not the same conversation.")
    elif found.are_times_equal:
        click.echo("The same conversation, at the same times.")
    else:
        click.echo("The same conversation, at other times.")
