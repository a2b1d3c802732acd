"""``rimebatch serve``."""

import math
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final, Literal, TypedDict, Unpack, get_args

import click
import msgspec

from rimebatch.cli.serve_replay import replay_options, take_replay
from rimebatch.cli.serving import AMOUNT, check_finite, run_service
from rimebatch.server import (
    LocalService,
    ServiceOptions,
    serve_until_stdin_closes,
    serve_ws3,
)
from rimebatch.server.faults import FAULTS, Fault, parse_fault
from rimebatch.server.local import Serve
from rimebatch.server.options import (
    AudioStream,
    EmptyContextId,
    LimitPer,
    TimesPlace,
    UnknownSpeaker,
)
from rimebatch.server.profiles import PROFILES, Profile
from rimebatch.server.voices import open_voice

# The headings of the help, with the parameters under each.
_SECTIONS: Final = {
    "Where and how it speaks": (
        *("host", "port", "voice", "speed", "round_trip"),
        *("profile", "done", "max_chars"),
    ),
    "Who is let in, and what is kept": (
        *("api_key", "account_limit", "log", "as_json", "until_stdin_closes"),
    ),
    "What the documents leave open": (
        *("audio_stream", "idle_limit", "connection_limit", "speaker"),
        *("unknown_speaker", "limit_per", "times_follow_speed", "eos_close"),
        *("error_drops_text", "done_after_error", "empty_context_id"),
        *("times", "coarse_times", "done_hold"),
    ),
    "What goes wrong": ("fault", "list_faults"),
    "Recordings in place of a voice": (
        *("replay", "once", "gate", "match", "pace", "silence"),
    ),
}


class _Serve(click.Command):
    """A command whose options stand under headings, and that may replay instead."""

    def invoke(self, ctx: click.Context) -> object:
        replay = take_replay(ctx)
        return replay() if replay else super().invoke(ctx)

    def format_options(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        rows = {
            parameter.name: row
            for parameter in self.get_params(ctx)
            if (row := parameter.get_help_record(ctx))
        }
        for title, names in _SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([rows.pop(name) for name in names])
        with formatter.section("Help"):
            formatter.write_dl(list(rows.values()))


class _Choices(TypedDict):
    """The options that are called what `ServiceOptions` calls them."""

    speed: float
    coarse_times: bool
    audio_stream: AudioStream
    times_follow_speed: bool
    limit_per: LimitPer
    unknown_speaker: UnknownSpeaker
    empty_context_id: EmptyContextId
    error_drops_text: bool
    done_after_error: bool
    account_limit: int | None
    api_key: str | None
    log: Path | None


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


def _list_faults(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if not wanted:
        return
    formatter = ctx.make_formatter()
    formatter.write_dl(
        [
            (f"{kind.name}={kind.metavar}" if kind.metavar else name, kind.summary)
            for name, kind in FAULTS.items()
        ]
    )
    click.echo(formatter.getvalue(), nl=False)
    ctx.exit()


def _read_faults(
    _ctx: click.Context, _param: click.Parameter, specs: tuple[str, ...]
) -> tuple[Fault, ...]:
    try:
        return tuple(map(parse_fault, specs))
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command(cls=_Serve)
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
@click.option(
    "--speed",
    metavar="TIMES",
    type=AMOUNT,
    default=20.0,
    callback=check_finite,
    help="How fast audio is sent, in times real time; 0: as fast as it is read.",
)
@click.option(
    "--round-trip",
    metavar="SECONDS",
    type=AMOUNT,
    default=0.0,
    callback=check_finite,
    help="How far away it is: how long bytes take to the client and back.",
)
@click.option(
    "--profile",
    type=click.Choice(list(PROFILES)),
    default="current",
    help="page: Rime's page of early 2026, without `done`, up to 500 characters. "
    "current: the documents of late 2026.",
)
@click.option(
    "--done/--no-done",
    default=None,
    help="Whether audio ends with `done`; in place of the profile's own.",
)
@click.option(
    "--max-chars",
    metavar="CHARS",
    type=click.IntRange(min=1),
    help="The longest text; in place of the profile's own.",
)
@click.option(
    "--api-key",
    metavar="KEY",
    show_envvar=True,
    help="The only bearer token that is let in. Without it, any but an empty one.",
)
@click.option(
    "--account-limit",
    metavar="N",
    type=click.IntRange(min=0),
    help="How many connections may be open; above it, HTTP 429.",
)
@click.option(
    "--log",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Append a JSON line for each message received and each synthesis billed.",
)
@click.option("--json", "as_json", is_flag=True, help="Announce as one JSON object.")
@click.option(
    "--audio-stream",
    type=click.Choice(get_args(AudioStream)),
    default="synthesis",
    help="Whether each synthesis, or the connection, is one MP3 or WAV stream.",
)
@click.option(
    "--idle-limit",
    metavar="SECONDS",
    type=AMOUNT,
    callback=check_finite,
    help="Close with 1001 after so long without a byte, pings included; by "
    "default never.",
)
@click.option(
    "--connection-limit",
    metavar="SECONDS",
    type=AMOUNT,
    callback=check_finite,
    help="Close with 1001 so long after the opening; by default never.",
)
@click.option(
    "--speaker",
    metavar="NAME",
    multiple=True,
    help="A speaker that it has; may be given again. Without it, any name.",
)
@click.option(
    "--unknown-speaker",
    type=click.Choice(get_args(UnknownSpeaker)),
    default="upgrade",
    help="Where a speaker that it has not shows: HTTP 400, `error`, 1011, nowhere.",
)
@click.option(
    "--limit-per",
    type=click.Choice(get_args(LimitPer)),
    default="synthesis",
    help="What must not be longer than the longest text.",
)
@click.option(
    "--times-follow-speed/--times-ignore-speed",
    default=True,
    help="Whether word times heed speedAlpha and timeScaleFactor.",
)
@click.option(
    "--eos-close",
    type=click.Choice([1000, 1001, 1005]),
    default=1000,
    help="What it closes with after `eos`; 1005 is no code.",
)
@click.option(
    "--error-drops-text/--error-keeps-text",
    default=False,
    help="What becomes of the buffered text at an `error` event.",
)
@click.option(
    "--done-after-error/--no-done-after-error",
    default=False,
    help="Whether a `done` follows an `error` event.",
)
@click.option(
    "--empty-context-id",
    type=click.Choice(get_args(EmptyContextId)),
    default="absent",
    help='What a contextId of "" is: as if left out, null, or an id.',
)
@click.option(
    "--times",
    type=click.Choice(get_args(TimesPlace)),
    default="between",
    help="Where the timestamps stand among the chunks of a synthesis.",
)
@click.option(
    "--coarse-times",
    is_flag=True,
    help="Word times in steps of 0.177 s, which overrun the audio or fall short.",
)
@click.option(
    "--done-hold",
    metavar="SECONDS",
    type=AMOUNT,
    callback=check_finite,
    default=0.5,
    help="Under bySentence and immediate, how long `done` waits for more text.",
)
@click.option(
    "--fault",
    metavar="NAME[@WHERE][=VALUE]",
    multiple=True,
    callback=_read_faults,
    help="What is to go wrong; may be given again. @3 is the third synthesis of every "
    "connection, @1.3 that of the first connection alone.",
)
@click.option(
    "--list-faults",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_faults,
    help="List every fault, and stop.",
)
@replay_options
@click.option(
    "--until-stdin-closes",
    is_flag=True,
    help="Leave when standard input is closed: with the program that started it.",
)
def serve(  # noqa: PLR0913, PLR0917  # click: one parameter for each option
    host: str,
    port: int,
    voice: Literal["auto", "espeak", "tone"],
    profile: str,
    done: bool | None,
    max_chars: int | None,
    round_trip: float,
    done_hold: float,
    idle_limit: float | None,
    connection_limit: float | None,
    speaker: tuple[str, ...],
    times: TimesPlace,
    eos_close: int,
    fault: tuple[Fault, ...],
    as_json: bool,
    until_stdin_closes: bool,
    **choices: Unpack[_Choices],
) -> None:
    """Run a local ws3 service, so that clients can be tried without a key.

    Rime turns text into speech over a WebSocket called ws3: a client connects to
    /ws3?speaker=luna with a key in its Authorization header, sends {"text": "Hello. "}
    and {"operation": "eos"}, and gets audio in base64, the time of every word, and a
    close. This service does the same with a voice of this computer. Without other
    options it lets in any key, has any speaker, and makes nothing go wrong. The same
    text and query give the same bytes.

    A client that can choose its query can have a fault for itself alone:
    /ws3?speaker=luna&fault=drop@2 drops the line in the second synthesis.

    With --replay it says what is on record, and holds every client to it.

    \b
    Example:
      rimebatch serve --port 8000
      RIME_API_KEY=any rimebatch run jobs/hello.yaml --endpoint ws://127.0.0.1:8000/ws3
    """
    spoken_by, notice = open_voice(voice)
    options = ServiceOptions(
        voice=spoken_by,
        profile=_changed(PROFILES[profile], done, max_chars),
        round_trip_s=round_trip,
        done_hold_s=done_hold,
        times_place=times,
        speakers=speaker,
        eos_close_code=eos_close,
        idle_limit_s=math.inf if idle_limit is None else idle_limit,
        connection_limit_s=math.inf if connection_limit is None else connection_limit,
        faults=fault,
        **choices,
    )
    announcement = _Announcement(spoken_by.name, notice or None, as_json=as_json)
    serving: Serve = partial(serve_ws3, options, host=host, port=port)
    if until_stdin_closes:
        serving = partial(serve_until_stdin_closes, serving)
    run_service(partial(serving, task_status=announcement))


def _changed(profile: Profile, done: bool | None, max_chars: int | None) -> Profile:
    return replace(
        profile,
        done=profile.done if done is None else done,
        max_chars=max_chars or profile.max_chars,
    )
