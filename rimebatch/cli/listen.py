"""``rimebatch listen``."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import click

from rimebatch.cli.records import list_jobs, outdir_argument
from rimebatch.cli.tables import format_length
from rimebatch.errors import OutputError
from rimebatch.manifest.mistakes import make_printable, quote
from rimebatch.renderer.excerpt import Places, Stretch, cut
from rimebatch.renderer.spoken import SpokenJob
from rimebatch.renderer.spoken_file import read_spoken

_LENGTH_S: Final = 10.0  # of a clip, unless its end is given: a sentence or two

# 1:02:03, 2:03.4 or 90s. A number alone may be a word: 1914.
_TIME = re.compile(
    r"(?:(?:(?P<h>\d+):)?(?P<m>\d+):(?P<s>\d{1,2}(?:\.\d+)?)|(?P<only>\d+(?:\.\d+)?)s)"
)

# Those that know most formats first.
_PLAYERS: Final = (
    ("ffplay", "-nodisp", "-autoexit", "-loglevel", "error"),
    ("play", "-q"),
    ("aplay", "-q"),
    ("afplay",),
)


@click.command()
@outdir_argument
@click.argument("job", metavar="JOB")
@click.option(
    "--from",
    "begin",
    metavar='TIME|"WORDS"',
    required=True,
    help="Where the clip begins: 1:02:03, 2:03.4, 90s, or words as they are printed.",
)
@click.option("--to", "end", metavar='TIME|"WORDS"', help="Where it ends, likewise.")
@click.option(
    "--for",
    "length_s",
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True),
    help=f"How long it is, at the least; without --to and --for {_LENGTH_S:g}.",
)
@click.option(
    "--nth",
    metavar="N",
    type=click.IntRange(min=1),
    default=1,
    help="Which, where the words of --from are printed several times.",
)
@click.option(
    "-o",
    "--out",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write; otherwise a name of its own in OUTDIR/clips.",
)
@click.option("--force", is_flag=True, help="Replace a FILE that exists.")
@click.option(
    "--play/--no-play",
    "is_to_play",
    default=True,
    help="Play it on a terminal, if there is a player.",
)
def listen(  # noqa: PLR0913, PLR0917  # click: one parameter for each option
    folder: Path,
    job: str,
    begin: str,
    end: str | None,
    length_s: float | None,
    nth: int,
    out: Path | None,
    force: bool,
    is_to_play: bool,
) -> None:
    """Cut a clip out of JOB under OUTDIR, and play it.

    OUTDIR is the folder that a run wrote, named as its manifest. The clip is a WAV file
    of whole words, cut exactly at their borders. Words are found whatever their case
    and punctuation.

    \b
    Example:
      rimebatch listen outputs/hello hello --from "hello" --for 2
    """
    if job not in (jobs := list_jobs(folder)):
        known = ", ".join(jobs)
        raise click.UsageError(f"{folder} has no job {quote(job)}; it has: {known}")
    if end is not None and length_s is not None:
        raise click.UsageError("--to and --for are two ways to say the same; use one")
    if out and out.exists() and not force:
        raise OutputError(f"{out}: exists already; name another file, or add --force")
    spoken = read_spoken(folder / f"{job}.words.json")
    stretch = _find(spoken.job, begin, nth, end, length_s or _LENGTH_S)
    start_s = stretch.start / spoken.job.rate_hz
    clip = out or folder / "clips" / f"{job}-{start_s:.3f}s.wav"
    cut(spoken.audio, stretch, clip, spoken.job.title)
    click.echo(make_printable(f"{clip}: {_describe(stretch, spoken.job.rate_hz)}"))
    if is_to_play and sys.stdout.isatty():
        play(clip)


def _find(
    job: SpokenJob, begin: str, nth: int, end: str | None, length_s: float
) -> Stretch:
    """Return the stretch of whole words that the options ask for."""
    places = Places(job)
    first = _find_first(places, begin, nth, job.rate_hz)
    if end is None:
        until = first.start + round(length_s * job.rate_hz)
    else:
        until = _find_end(places, end, first.start, job.rate_hz)
    stretch = places.widen(first.start, max(until, first.end))
    if stretch is None:
        raise click.BadParameter("it is behind the last word", param_hint="--from")
    return stretch


def _find_first(places: Places, begin: str, nth: int, rate_hz: int) -> Stretch:
    if (frame := _read_time(begin, rate_hz)) is not None:
        return Stretch(frame, frame)
    found = _find_words(places, begin, "--from")
    if len(found) < nth:
        what = f"{quote(begin)} is printed {len(found)} times"
        raise click.BadParameter(what, param_hint="--nth")
    if len(found) > 1:
        what = f"{quote(begin)} is printed {len(found)} times; this is number {nth}"
        click.echo(f"{what} (--nth)", err=True)
    return found[nth - 1]


def _find_end(places: Places, end: str, start: int, rate_hz: int) -> int:
    """Return the frame behind *end*, which is to be behind frame *start*."""
    if (frame := _read_time(end, rate_hz)) is not None:
        ends = [frame]
    else:
        ends = [found.end for found in _find_words(places, end, "--to")]
    for until in ends:
        if until > start:
            return until
    raise click.BadParameter("it is not behind --from", param_hint="--to")


def _find_words(places: Places, words: str, option: str) -> list[Stretch]:
    try:
        found = places.find(words)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from None
    if not found:
        what = f"{quote(words)} is not printed in this job"
        raise click.BadParameter(what, param_hint=option)
    return found


def _read_time(written: str, rate_hz: int) -> int | None:
    """Return the frame at the time that is *written*; ``None`` if it is no time."""
    if not (time := _TIME.fullmatch(written)):
        return None
    hours, minutes, seconds, only = (float(part or 0) for part in time.groups())
    return round((hours * 3600 + minutes * 60 + seconds + only) * rate_hz)


def _describe(stretch: Stretch, rate_hz: int) -> str:
    length_s = (stretch.end - stretch.start) / rate_hz
    return f"{length_s:.1f} s, from {format_length(stretch.start / rate_hz)}"


def play(clip: Path) -> None:
    """Play *clip* to its end with the first player that is here."""
    for program, *options in _PLAYERS:
        if player := shutil.which(program):
            # Resolved, or one that begins with a dash would be an option.
            played = subprocess.run([player, *options, clip.resolve()], check=False)
            if played.returncode:
                click.echo(f"{program} could not play it.", err=True)
            return
    click.echo("There is no player here to play it.", err=True)
