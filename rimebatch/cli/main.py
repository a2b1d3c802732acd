"""The ``rimebatch`` command: its commands by name, and errors as one line."""

import sys
from importlib import import_module
from types import TracebackType
from typing import Final

import click

from rimebatch.cli.exit_codes import ExitCode, exit_code_of
from rimebatch.errors import ManifestError, RimeBatchError

# Each stands in the module of its name, which is imported when it is called for:
# numpy, pydantic and trio together take longer than a person waits for --help.
_COMMANDS: Final = {
    "run": "Record what is missing, and render every job of a manifest.",
    "plan": "Show what would be sent and what it would cost, and stop.",
    "render": "Make the files again from the record; nothing is sent.",
    "replay": "Play what is on record again, and compare the files it makes.",
    "status": "Show how far a run is, or what it came to.",
    "takes": "List the takes of a job, and pick which one counts.",
    "retake": "Have the next run ask for new takes of some segments.",
    "verify": "Read every byte of the record, and say what is damaged.",
    "check": "Measure the audio files, and hold them to a publisher's limits.",
    "listen": "Cut a clip out of a job, by time or by its words, and play it.",
    "report": "Make a page of a run to look at and to listen to.",
    "transcript": "Show, compare, cut, redact, export and import transcripts.",
    "voices": "List the service's voices; with --update, copy its catalogue.",
    "serve": "Run a local ws3 service, to try things without a key.",
    "record": "Stand between any client and a service, and record what they say.",
    "schema": "Print the JSON Schema of manifests, for editors.",
}


class _Commands(click.Group):
    """A group whose commands are imported on demand, and whose errors are a line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return super().get_command(ctx, cmd_name)
        module = import_module(f"rimebatch.cli.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(
        self,
        ctx: click.Context,
        formatter: click.HelpFormatter,
    ) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except RimeBatchError as error:
            prefix = "" if isinstance(error, ManifestError) else "Error: "
            click.echo(f"{prefix}{error}", err=True)
            ctx.exit(exit_code_of(error))
        except KeyboardInterrupt:  # while planning; a run, once begun, says more
            click.echo("Interrupted.", err=True)
            ctx.exit(ExitCode.INTERRUPTED)


@click.group(
    cls=_Commands,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "auto_envvar_prefix": "RIMEBATCH",
        "show_default": True,
    },
)
@click.version_option(package_name="rimebatch")
def cli() -> None:
    """Render YAML job manifests to speech over Rime's ws3 service.

    What the service says is recorded, and files are rendered from the record: nothing
    on record is ever bought again, and every file can be made again for nothing.

    \b
    Try it, without a key:
      rimebatch run jobs/hello.yaml

    Every option can be set in the environment as well: --out of run is
    RIMEBATCH_RUN_OUT. The key of the service is read from RIME_API_KEY alone.
    """


def _show_crash(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    import_module("rimebatch.cli.crash").show_crash(kind, error, traceback)


def main() -> None:
    """Run the command line."""
    sys.excepthook = _show_crash
    cli(prog_name="rimebatch")
