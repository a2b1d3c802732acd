"""``rimebatch serve --replay``: recordings in place of a voice."""

import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Final, ParamSpec

import click
import msgspec
from click.core import ParameterSource

from rimebatch.cli.exit_codes import ExitCode
from rimebatch.cli.replaying import playing_options
from rimebatch.cli.serving import AMOUNT, check_finite, run_service
from rimebatch.errors import TranscriptError
from rimebatch.replay import Gate, Match, Recording, ReplayOptions
from rimebatch.replay.overlay import read_replayable
from rimebatch.server.local import wait_until_stdin_closes
from rimebatch.server.replay_service import (
    SILENCE_S,
    Addresses,
    ReplayService,
    Verdict,
    serve_replay,
)

_Params = ParamSpec("_Params")

_REPLAY_OPTIONS: Final = {"replay", "once", "gate", "match", "pace", "silence"}
_SHARED_OPTIONS: Final = {"host", "port", "as_json", "until_stdin_closes"}


_OPTIONS: Final = (
    click.option(
        "--replay",
        metavar="PATH",
        multiple=True,
        type=click.Path(exists=True, path_type=Path),
        help="A transcript, a folder of them, or a file of faults in one, to play in "
        "place of a voice; may be given again.",
    ),
    click.option(
        "--once",
        is_flag=True,
        help="Play each recording once and leave, with exit code 0 if all went by "
        "the record and 7 if not.",
    ),
    playing_options,
    click.option(
        "--silence",
        metavar="SECONDS",
        type=AMOUNT,
        callback=check_finite,
        default=SILENCE_S,
        help="How long a client may say nothing where the record waits for it.",
    ),
)


def replay_options(command: Callable[_Params, None]) -> Callable[_Params, None]:
    """Add what concerns recordings."""
    for decorate in reversed(_OPTIONS):
        command = decorate(command)
    return command


def take_replay(ctx: click.Context) -> Callable[[], None] | None:
    """Take what concerns recordings from the parameters of *ctx*.

    Returns:
        What the command does in place of its own business; ``None`` if that is to be
        done.

    Raises:
        click.UsageError: Something was given that goes only with ``--replay``, or only
            without it.
    """
    _check_options(ctx)
    mine = {name: ctx.params.pop(name) for name in _REPLAY_OPTIONS}
    shared = {name: ctx.params[name] for name in _SHARED_OPTIONS}
    return partial(_serve, **mine, **shared) if mine["replay"] else None


def _check_options(ctx: click.Context) -> None:
    given = {
        str(parameter.name): parameter.opts[0]
        for parameter in ctx.command.params
        if ctx.get_parameter_source(str(parameter.name)) is ParameterSource.COMMANDLINE
    }
    if ctx.params["replay"]:
        stray, where = given.keys() - _REPLAY_OPTIONS - _SHARED_OPTIONS, "not with"
    else:
        stray, where = given.keys() & _REPLAY_OPTIONS, "only with"
    if stray:
        named = ", ".join(opt for name, opt in given.items() if name in stray)
        raise click.UsageError(f"{named}: {where} --replay.", ctx)


def _serve(  # noqa: PLR0913  # click: one parameter for each option
    *,
    replay: tuple[Path, ...],
    once: bool,
    gate: Gate,
    match: Match,
    pace: float,
    silence: float,
    host: str,
    port: int,
    as_json: bool,
    until_stdin_closes: bool,
) -> None:
    service = ReplayService(
        _read_recordings(replay),
        ReplayOptions(gate, match, pace),
        once=once,
        silence_s=silence,
        tell=lambda divergence: click.echo(divergence.report, err=True),
    )
    run_service(
        partial(
            serve_replay,
            service,
            host=host,
            port=port,
            until=wait_until_stdin_closes if until_stdin_closes else service.wait_done,
            task_status=_Announcement(len(service.verdict.unplayed), as_json=as_json),
        )
    )
    if once:
        _judge(service.verdict)


def _read_recordings(paths: Iterable[Path]) -> list[Recording]:
    found = [transcript for path in paths for transcript in _find_transcripts(path)]
    return [read_replayable(path) for path in dict.fromkeys(found)]


def _find_transcripts(path: Path) -> list[Path]:
    found = [path] if path.is_file() else sorted(path.rglob("*.jsonl"))
    if not found:
        raise TranscriptError(
            f"{path}: no transcripts there; name a transcript, or a folder of them"
        )
    return found


class _Announcement:
    """Tells whoever started the service where it listens, once it does."""

    def __init__(self, recordings: int, *, as_json: bool) -> None:
        self._recordings = recordings
        self._as_json = as_json

    def started(self, value: Addresses | None = None) -> None:
        """Print the addresses in *value*; see `trio.TaskStatus`."""
        assert value is not None  # the service always tells
        if self._as_json:
            told = {
                "url": value.url,
                "control": value.control,
                "recordings": self._recordings,
            }
            click.echo(msgspec.json.encode(told).decode())
            return
        click.echo(
            f"Listening at {value.url}, with {self._recordings} on record; "
            f"Ctrl-C stops it.\nThe verdict is at {value.control}"
        )


def _judge(verdict: Verdict) -> None:
    for name in verdict.playing:
        click.echo(f"{name}: its client was still there", err=True)
    for name in verdict.unplayed:
        click.echo(f"{name}: unplayed: no client asked for it", err=True)
    if not verdict.ok:
        sys.exit(ExitCode.DIFFERS)
