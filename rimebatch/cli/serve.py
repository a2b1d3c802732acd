"""``rimebatch serve``."""

from functools import partial
from typing import Literal

import click
import msgspec
import trio

from rimebatch.server import (
    LocalService,
    ServiceOptions,
    serve_until_stdin_closes,
    serve_ws3,
)
from rimebatch.server.voices import open_voice


class _Announcement:
    """Tells whoever started the service where it listens, once it does."""

    def __init__(self, voice: str, notice: str | None, *, as_json: bool) -> None:
        self._voice = voice
        self._notice = notice
        self._as_json = as_json

    def started(self, value: str | None = None) -> None:
        """Print the address in *value*; see `trio.TaskStatus`."""
        url = value or ""
        if self._as_json:
            service = LocalService(url, self._voice, self._notice)
            click.echo(msgspec.json.encode(service).decode())
            return
        if self._notice:
            click.echo(self._notice, err=True)
        click.echo(f"Listening at {url} with the {self._voice} voice; Ctrl-C stops it.")


@click.command()
@click.option("--host", default="127.0.0.1", help="The address to listen at.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, help="0: any free."
)
@click.option(
    "--voice",
    type=click.Choice(["auto", "espeak", "tone"]),
    default="auto",
    help="espeak speaks words, tone only beeps; auto takes espeak where it is.",
)
@click.option("--done/--no-done", default=True, help="Whether takes end with `done`.")
@click.option("--json", "as_json", is_flag=True, help="Announce as one JSON object.")
@click.option("--until-stdin-closes", is_flag=True, hidden=True)
def serve(
    host: str,
    port: int,
    voice: Literal["auto", "espeak", "tone"],
    done: bool,
    as_json: bool,
    until_stdin_closes: bool,
) -> None:
    """Run a local ws3 service, so that clients can be tried without a key.

    It speaks the protocol of Rime's ws3 with a voice of this machine. Any bearer token
    but an empty one is let in. Same text and query, same bytes.

    \b
    Example:
      rimebatch serve --port 8000
      RIME_API_KEY=any rimebatch run jobs/hello.yaml --endpoint ws://127.0.0.1:8000/ws3
    """
    speaker, notice = open_voice(voice)
    announcement = _Announcement(speaker.name, notice or None, as_json=as_json)
    serving = serve_until_stdin_closes if until_stdin_closes else serve_ws3
    options = ServiceOptions(voice=speaker, done=done)
    try:
        trio.run(
            partial(serving, options, host=host, port=port, task_status=announcement),
            restrict_keyboard_interrupt_to_checkpoints=True,
        )
    except* KeyboardInterrupt:
        click.echo("Stopped.", err=True)
