"""Running a service from the command line, until Ctrl-C."""

import math
from collections.abc import Awaitable, Callable
from typing import Final

import click
import trio

from rimebatch.errors import RimeBatchError

AMOUNT: Final = click.FloatRange(min=0)


def check_finite(
    _ctx: click.Context, _param: click.Parameter, value: float | None
) -> float | None:
    """Return *value*, which click would let pass even if it is infinite, or no number.

    Raises:
        click.BadParameter: It is.
    """
    if value is not None and not math.isfinite(value):
        raise click.BadParameter(f"{value} is not a finite number.")
    return value


def run_service(serve: Callable[[], Awaitable[None]]) -> None:
    """Run *serve* until it ends or Ctrl-C stops it.

    Raises:
        RimeBatchError: Why it ended, the first reason if there are several.
    """
    failure: BaseException | None = None
    try:
        trio.run(serve, restrict_keyboard_interrupt_to_checkpoints=True)
    except* KeyboardInterrupt:
        click.echo("Stopped.", err=True)
    except* RimeBatchError as failures:
        failure = failures
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    if failure:
        raise failure
