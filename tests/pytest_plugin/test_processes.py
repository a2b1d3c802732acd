"""Services in processes of their own, which end with whoever needed them."""

import subprocess
import sys
from urllib.parse import urlsplit

import pytest
import trio

from rimebatch.errors import EndpointError
from rimebatch.pytest_plugin import processes
from rimebatch.pytest_plugin.processes import open_command


async def _can_connect(url: str) -> bool:
    address = urlsplit(url)
    try:
        stream = await trio.open_tcp_stream(str(address.hostname), address.port or 0)
    except OSError:
        return False
    await stream.aclose()
    return True


async def test_a_service_is_there_inside_the_context() -> None:
    """It listens where it said, and no longer once the context is left."""
    with open_command("serve", "--voice", "tone") as announced:
        assert await _can_connect(announced["url"])
    assert not await _can_connect(announced["url"])


def test_a_command_that_fails(capfd: pytest.CaptureFixture[str]) -> None:
    """What it has to say is on standard error, and the error names the command."""
    starting = open_command("serve", "--voice", "bass")
    with pytest.raises(EndpointError, match="`rimebatch serve --voice bass`"), starting:
        pass
    assert "bass" in capfd.readouterr().err


def test_options_of_a_person_are_not_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that sets options of `rimebatch serve` changes nothing here."""
    monkeypatch.setenv("RIMEBATCH_SERVE_VOICE", "bass")
    with open_command("serve", "--voice", "tone") as announced:
        assert "tone" == announced["voice"]


def test_a_process_that_does_not_leave_is_ended() -> None:
    """One that ignores its closed input is killed after a while."""
    program = "import time; time.sleep(60)"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE
    ) as process:
        processes._stop(process, 0.0)

    assert process.returncode
