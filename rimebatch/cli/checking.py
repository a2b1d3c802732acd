"""What run and plan hold a manifest against, and what they say of it."""

from collections.abc import Callable
from typing import ParamSpec

import click

from rimebatch.cli.voice_copy import read_copy
from rimebatch.manifest import Checks, Manifest
from rimebatch.manifest.endpoint import is_here

_Options = ParamSpec("_Options")


def endpoint_options(command: Callable[_Options, None]) -> Callable[_Options, None]:
    """Add what commands have in common that concern where a manifest is sent."""
    for decorate in (
        click.option(
            "--allow-unknown-voice",
            is_flag=True,
            help="Only warn of a voice that the copy of the catalogue does not have.",
        ),
        click.option(
            "--endpoint",
            metavar="ENDPOINT",
            help="local, cloud, or wss://host/ws3; in place of the manifest's own.",
        ),
    ):
        command = decorate(command)
    return command


def make_checks(*, strict: bool, allow_unknown_voice: bool) -> Checks:
    """Return the checks for these options and this user's copy of the catalogue."""
    return Checks(
        strict=strict,
        find_catalogue=read_copy,
        allow_unknown_voice=allow_unknown_voice,
    )


def tell_warnings(manifest: Manifest) -> None:
    """Say what is doubtful about *manifest*."""
    for warning in manifest.warnings:
        click.echo(f"warning: {warning}", err=True)


def tell_voices(manifest: Manifest) -> None:
    """Say whether the voices of *manifest* were checked, where they are billed."""
    if is_here(manifest.endpoint):
        return
    if manifest.catalogue_date is None:
        told = "not checked, for want of a copy of the service's catalogue; make one: "
        told += "rimebatch voices --update"
    else:
        told = f"checked by the catalogue of {manifest.catalogue_date}"
    click.echo(f"Voices were {told}", err=True)
