"""How recordings are played: what ``replay`` and ``serve --replay`` are asked alike."""

from collections.abc import Callable
from typing import Final, ParamSpec, get_args

import click

from rimebatch.cli.serving import check_finite
from rimebatch.replay import Gate, Match

_Params = ParamSpec("_Params")

_SLOWEST: Final = 1000  # an hour of speech takes six weeks then

_OPTIONS: Final = (
    click.option(
        "--gate",
        type=click.Choice(get_args(Gate)),
        default="context",
        help="What must have been said before something is heard: what its context "
        "id tells, what the order of the record tells, or that and no running "
        "ahead.",
    ),
    click.option(
        "--match",
        type=click.Choice(get_args(Match)),
        default="json",
        help="How alike what a client says must be to the record.",
    ),
    click.option(
        "--pace",
        metavar="TIMES",
        type=click.FloatRange(0, _SLOWEST),
        callback=check_finite,
        default=1.0,
        help="Times the recorded gaps; 0: all at once.",
    ),
)


def playing_options(command: Callable[_Params, None]) -> Callable[_Params, None]:
    """Add ``--gate``, ``--match`` and ``--pace``."""
    for decorate in reversed(_OPTIONS):
        command = decorate(command)
    return command
