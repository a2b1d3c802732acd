"""``rimebatch voices``."""

from collections.abc import Sequence
from typing import Final

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rimebatch.cli.clock import read_wall_time
from rimebatch.cli.displays import echo_json
from rimebatch.cli.download import download
from rimebatch.cli.voice_copy import read_copy, write_copy
from rimebatch.errors import CatalogueError
from rimebatch.manifest.catalogue import (
    ALL_V2,
    VOICE_DETAILS,
    Catalogue,
    ListedVoice,
    list_voices,
    make_catalogue,
)
from rimebatch.manifest.languages import find_language
from rimebatch.manifest.mistakes import make_printable
from rimebatch.manifest.parameters import find_model

CATALOGUE_URL: Final = "https://users.rime.ai/data/voices"

# Of the fields that records had in August 2026, what helps to choose.
_SHOWN_DETAILS: Final = ("gender", "age", "country", "dialect", "description")
_WIDE: Final = 500  # a line for each voice, for grep; a terminal wraps it


@click.command()
@click.option(
    "--update",
    is_flag=True,
    help="Copy the service's catalogue anew; no key is needed, and none is sent.",
)
@click.option("--model", metavar="ID", help="Only voices of this model.")
@click.option("--lang", metavar="CODE", help="Only voices of this language.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.option(
    "--url",
    metavar="URL",
    default=CATALOGUE_URL,
    help="The folder of the catalogue's two files: https, or http on this computer.",
)
def voices(
    update: bool, model: str | None, lang: str | None, as_json: bool, url: str
) -> None:
    """List the voices of the service, by the copy of its catalogue on this computer.

    Where there is a copy, run and plan check speakers, languages and models by it,
    because the service answers an unknown one with another voice and bills for it.
    Nothing but --update goes online.

    \b
    Example:
      rimebatch voices --update
      rimebatch voices --model coda --lang fra
    """
    if update:
        _update(url.rstrip("/"), as_json=as_json)
        return
    catalogue = read_copy()
    if catalogue is None:
        what = "there is no copy of the service's catalogue of voices"
        raise CatalogueError(f"{what}; make one: rimebatch voices --update")
    found = _select(catalogue, model, lang)
    if as_json:
        _echo_voices(found, catalogue)
    else:
        _print_voices(found, catalogue)


def _update(url: str, *, as_json: bool) -> None:
    all_v2, details = (download(f"{url}/{name}") for name in (ALL_V2, VOICE_DETAILS))
    catalogue = make_catalogue(read_wall_time(), all_v2, details)
    file = write_copy(catalogue)
    count = len(list_voices(catalogue))
    if as_json:
        fields = {"date": catalogue.date, "voices": count, "file": str(file)}
        echo_json("voices-copied", fields)
    else:
        click.echo(f"Copied {count:,} voices to {file}.")


def _select(
    catalogue: Catalogue, model: str | None, lang: str | None
) -> list[ListedVoice]:
    listed = list_voices(catalogue)
    found = [
        voice
        for voice in listed
        if (model is None or voice.model == find_model(model))
        and (lang is None or voice.lang == find_language(lang))
    ]
    if not found:
        models = ", ".join(sorted({voice.model for voice in listed}))
        languages = ", ".join(sorted({voice.lang for voice in listed}))
        what = f"the catalogue of {catalogue.day} has no such voice"
        there = f"its models are {models}, and its languages {languages}"
        raise click.UsageError(make_printable(f"{what}; {there}"))
    return found


def _echo_voices(found: Sequence[ListedVoice], catalogue: Catalogue) -> None:
    for voice in found:
        names = {"model": voice.model, "lang": voice.lang, "speaker": voice.speaker}
        echo_json("voice", {**names, "details": voice.details})
    echo_json("voices", {"date": catalogue.date, "voices": len(found)})


def _print_voices(found: Sequence[ListedVoice], catalogue: Catalogue) -> None:
    headings = ("model", "lang", "speaker", *_SHOWN_DETAILS)
    table = Table(*headings, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for voice in found:
        details = [voice.details.get(name, "") for name in _SHOWN_DETAILS]
        names = (voice.model, voice.lang, voice.speaker)
        table.add_row(*map(_show, (*names, *details)))
    Console(width=_WIDE).print(table)
    click.echo(f"{len(found):,} voices, as of {catalogue.date}.")


def _show(value: object) -> Text:
    """Return *value* as plain text: what came from the web colours nothing."""
    return Text(make_printable(str(value)))
