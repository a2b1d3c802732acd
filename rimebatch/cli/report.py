"""``rimebatch report``."""

import webbrowser
from pathlib import Path

import click

from rimebatch.cli.records import outdir_argument
from rimebatch.cli.reporting import write_report
from rimebatch.manifest.mistakes import make_printable
from rimebatch.manifest.plan import PRICE_PER_1000_CHARS_USD


@click.command()
@outdir_argument
@click.option("--open", "is_to_open", is_flag=True, help="Open it in the browser.")
@click.option(
    "--price",
    metavar="USD",
    type=click.FloatRange(min=0),
    default=PRICE_PER_1000_CHARS_USD,
    help="For 1,000 characters; the default is Rime's starter plan of August 2026.",
)
def report(folder: Path, is_to_open: bool, price: float) -> None:
    """Make a page of OUTDIR to look at and to listen to.

    OUTDIR is the folder that a run wrote, named as its manifest. The page is
    OUTDIR/report.html, opens from disk, and plays the audio files beside it. Nothing
    is sent.

    \b
    Example:
      rimebatch report --open outputs/story
    """
    page = write_report(folder, price)
    click.echo(make_printable(str(page)))
    if is_to_open and not webbrowser.open(page.resolve().as_uri()):
        click.echo("No browser was found; open it in one.", err=True)
