"""What the commands that serve have in common."""

import signal

import click
import pytest
import trio

from rimebatch.cli.serving import check_finite, run_service
from rimebatch.errors import EndpointError, OutputError


def test_end() -> None:
    """A service that ends ends the command."""
    served: list[bool] = []

    async def serve() -> None:
        served.append(True)
        await trio.lowlevel.checkpoint()

    run_service(serve)

    assert [True] == served


def test_ctrl_c(capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C ends a service in good order."""

    async def serve() -> None:
        signal.raise_signal(signal.SIGINT)
        await trio.sleep_forever()

    run_service(serve)

    assert "Stopped.\n" == capsys.readouterr().err


def test_failures() -> None:
    """Of several failures the first is the one that is told."""

    async def serve() -> None:
        failures = ExceptionGroup("", [OutputError("first"), EndpointError("second")])
        raise ExceptionGroup("", [failures])

    with pytest.raises(OutputError, match="first"):
        run_service(serve)


CONTEXT, OPTION = click.Context(click.Command("serve")), click.Option(["--for"])


@pytest.mark.parametrize("value", [None, 0.0, 1e300])
def test_finite(value: float | None) -> None:
    """A number, or none, is what it is."""
    assert value == check_finite(CONTEXT, OPTION, value)


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_not_finite(value: float) -> None:
    """What is not a finite number is a usage error."""
    with pytest.raises(click.BadParameter, match="not a finite number"):
        check_finite(CONTEXT, OPTION, value)
