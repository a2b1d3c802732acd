"""Tests of what every command is asked that plays recordings."""

import click
import pytest
from click.testing import CliRunner

from rimebatch.cli.replaying import playing_options


@click.command()
@playing_options
def play(gate: str, match: str, pace: float) -> None:
    """Say how it would play."""
    click.echo(f"{gate} {match} {pace:g}")


@pytest.mark.parametrize(
    ("arguments", "how"),
    [
        ((), "context json 1"),
        (("--gate", "total", "--match", "exact", "--pace", "0.5"), "total exact 0.5"),
    ],
)
def test_how_it_is_played(arguments: tuple[str, ...], how: str) -> None:
    """Without a word it is played as recorded; each option changes one thing."""
    result = CliRunner().invoke(play, arguments)

    assert (0, f"{how}\n") == (result.exit_code, result.stdout)


@pytest.mark.parametrize("pace", ["nan", "inf", "-1", "1001", "slow"])
def test_no_pace(pace: str) -> None:
    """What is no pace at all is a usage error."""
    assert 2 == CliRunner().invoke(play, ["--pace", pace]).exit_code
