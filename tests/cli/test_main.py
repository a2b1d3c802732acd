"""The command as a whole: its help, how errors end it, and how soon it is there."""

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from fakes.users import COMMAND, invoke
from rimebatch.cli.main import _Commands, cli, main
from rimebatch.errors import ConnectError, ManifestError


def test_help() -> None:
    """Help names every command, in the order in which one meets them."""
    result = invoke("--help")

    commands = result.stdout.partition("Commands:\n")[2]
    assert 0 == result.exit_code
    assert [
        *(
            "run",
            "plan",
            "render",
            "replay",
            "status",
            "takes",
            "retake",
        ),
        *("verify", "check", "listen", "report", "transcript", "voices"),
        *("serve", "record", "schema"),
    ] == [line.split()[0] for line in commands.splitlines()]


def test_version(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """``rimebatch --version`` names the program."""
    monkeypatch.setattr(sys, "argv", ["/usr/bin/rimebatch", "--version"])

    with pytest.raises(SystemExit) as ending:
        main()

    assert 0 == ending.value.code
    assert "rimebatch, version" in capsys.readouterr().out


def test_unknown_command() -> None:
    """A command that is not there is a usage error, on one line."""
    result = invoke("rnu")

    assert 2 == result.exit_code
    assert "Error: No such command 'rnu'." in result.stderr


def test_help_does_not_wait() -> None:
    """Help comes without the libraries that take long to import."""
    code = (
        "import sys; from rimebatch.cli.main import cli; "
        "cli(['--help'], standalone_mode=False); "
        "print({'numpy', 'pydantic', 'rich', 'trio'} & set(sys.modules))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert "set()" == shown.stdout.splitlines()[-1]


def test_python_m() -> None:
    """``python -m rimebatch`` is the same command."""
    shown = subprocess.run(
        [*COMMAND, "--version"], capture_output=True, text=True, check=True
    )

    assert shown.stdout.startswith("rimebatch, version")


def end_with(error: BaseException) -> tuple[int, str, str]:
    """Return exit code, output and error output of a command that *error* ends."""

    def fail() -> None:
        raise error

    group = _Commands("rimebatch", commands=[click.Command("fail", callback=fail)])
    result = CliRunner(catch_exceptions=False).invoke(group, ["fail"])
    return result.exit_code, result.stdout, result.stderr


def test_an_error_is_one_line() -> None:
    """An error that RimeBatch foresees is one line on standard error."""
    assert (1, "", "Error: the line is dead\n") == end_with(
        ConnectError("the line is dead")
    )


def test_mistakes_of_a_manifest_are_lines() -> None:
    """Mistakes stand alone on their lines, as editors and compilers have them."""
    mistakes = ["book.yaml:1:1: no", "book.yaml:2:7: not this either"]

    shown = "book.yaml:1:1: no\nbook.yaml:2:7: not this either\n"
    assert (4, "", shown) == end_with(ManifestError(mistakes))


def test_interruption() -> None:
    """Ctrl-C before anything is under way ends a command with 130."""
    assert (130, "", "Interrupted.\n") == end_with(KeyboardInterrupt())


def test_a_bug_keeps_its_traceback() -> None:
    """What nobody foresees is not made to look as if somebody had."""
    with pytest.raises(ZeroDivisionError):
        end_with(ZeroDivisionError())


def test_every_command_is_there() -> None:
    """Each name in the list leads to a command of that name."""
    context = click.Context(cli)
    commands = [cli.get_command(context, name) for name in cli.list_commands(context)]

    assert cli.list_commands(context) == [
        command.name for command in commands if command
    ]
