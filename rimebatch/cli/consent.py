"""Asking a person before much is sent; a program is never asked."""

import sys

import click

from rimebatch.cli.tables import format_length
from rimebatch.manifest.plan import CHARS_PER_SECOND


def ask_to_send(chars: int) -> None:
    """Ask on the terminal whether *chars* may be sent; without one, go on.

    Raises:
        click.Abort: They may not.
    """
    if sys.stdin.isatty() and sys.stderr.isatty():
        speech = format_length(chars / CHARS_PER_SECOND)
        question = f"Send {chars:,} characters, some {speech} of speech?"
        click.confirm(question, abort=True, err=True)
