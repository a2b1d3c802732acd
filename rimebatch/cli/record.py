"""``rimebatch record``."""

import os
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path

import click
import msgspec
import trio

from rimebatch.cli.clock import read_wall_time
from rimebatch.cli.service import find_url
from rimebatch.cli.serving import run_service
from rimebatch.manifest.endpoint import find_endpoint_flaw
from rimebatch.server import serve_until_stdin_closes
from rimebatch.server.local import Serve
from rimebatch.server.proxy import Passage, ProxyOptions, serve_proxy
from rimebatch.transcript import Redactor
from rimebatch.transcript.credentials import find_secrets


class _Announcement:
    """Tells whoever started the proxy where it listens, once it does."""

    def __init__(self, upstream: str, folder: Path, *, as_json: bool) -> None:
        self._upstream = upstream
        self._folder = folder
        self._as_json = as_json

    def started(self, value: str | None = None) -> None:
        """Print the address in *value*; see `trio.TaskStatus`."""
        if self._as_json:
            told = {"url": value, "upstream": self._upstream, "out": str(self._folder)}
            click.echo(msgspec.json.encode(told).decode())
            return
        click.echo(
            f"Listening at {value}, recording into {self._folder}; Ctrl-C stops it."
        )


class _Visitors:
    """Tells people of each connection that has ended, and may leave after the first.

    Attributes:
        scope: What is left.
    """

    def __init__(self, *, once: bool) -> None:
        self.scope = trio.CancelScope()
        self._once = once

    def tell(self, passage: Passage) -> None:
        """Say how a connection ended."""
        if passage.error is None:
            click.echo(f"{passage.path}: recorded", err=True)
        elif self._once:
            raise passage.error
        else:
            click.echo(f"Error: {passage.error}", err=True)
        if self._once:
            self.scope.cancel()


def _check_upstream(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    if flaw := find_endpoint_flaw(value, plain_ws_hosts=()):
        raise click.BadParameter(f"{flaw.what}; it is local, cloud or wss://host/ws3")
    return value


@click.command()
@click.option(
    "--upstream",
    metavar="SERVICE",
    required=True,
    callback=_check_upstream,
    help="Whom clients are passed on to: local, cloud, or wss://host/ws3.",
)
@click.option(
    "--out",
    metavar="DIR",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where transcripts go; each connection adds the next number.",
)
@click.option("--host", default="127.0.0.1", help="The address to listen at.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, help="0: any free."
)
@click.option(
    "--once",
    is_flag=True,
    help="Leave after the first connection; exit code 0 if it was made and recorded.",
)
@click.option("--json", "as_json", is_flag=True, help="Announce as one JSON object.")
@click.option(
    "--until-stdin-closes",
    is_flag=True,
    help="Leave when standard input is closed: with the program that started it.",
)
def record(  # noqa: PLR0913, PLR0917  # click: one parameter for each option
    upstream: str,
    out: Path,
    host: str,
    port: int,
    once: bool,
    as_json: bool,
    until_stdin_closes: bool,
) -> None:
    """Record what any ws3 client and a service say to each other.

    A client that is given this address in place of the service's gets the service's
    answers, message by message, and its refusals and closes. What is said goes into a
    transcript for each connection. The client's own key is passed on and not kept.

    \b
    Example:
      rimebatch record --upstream local --out recorded/first-try
    """
    options = ProxyOptions(
        upstream=upstream,
        folder=out,
        job=out.resolve().name,
        name=upstream,
        client={"rimebatch": version("rimebatch")},
        read_wall_time=read_wall_time,
        redactor=Redactor(secrets=find_secrets(os.environ)),
    )
    visitors = _Visitors(once=once)
    announcement = _Announcement(upstream, out, as_json=as_json)

    async def serve(options: ProxyOptions) -> None:
        serving: Serve = partial(
            serve_proxy, options, visitors.tell, host=host, port=port
        )
        if until_stdin_closes:
            serving = partial(serve_until_stdin_closes, serving)
        with visitors.scope:
            await serving(task_status=announcement)

    run_service(partial(_find_and_serve, options, serve))


async def _find_and_serve(
    options: ProxyOptions, serve: Callable[[ProxyOptions], Awaitable[None]]
) -> None:
    async with AsyncExitStack() as stack:
        url = await find_url(options.name, partial(click.echo, err=True), stack)
        await serve(replace(options, upstream=url))
