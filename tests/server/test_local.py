"""A local ws3 service in a process of its own, started and left in every way."""

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO

import pytest
import trio
from websockets.sync.client import connect as connect_sync

from rimebatch.errors import EndpointError
from rimebatch.server.local import open_local_service, serve_until_stdin_closes
from rimebatch.server.options import ServiceOptions
from rimebatch.server.service import serve_ws3
from rimebatch.server.voices import ToneVoice

ROOT = Path(__file__).parents[2]

RUN_WITH_A_SERVICE = """
import trio
from rimebatch.server.local import open_local_service

async def main():
    async with open_local_service(voice="tone") as service:
        print(service.url, flush=True)
        await trio.sleep_forever()

trio.run(main)
"""


def answers(url: str) -> bool:
    """Return whether a service at *url* lets a client in."""
    key = {"Authorization": "Bearer a-key"}
    try:
        with connect_sync(f"{url}?speaker=luna", additional_headers=key):
            return True
    except ConnectionRefusedError:
        return False


async def test_local_service() -> None:
    """It lets clients in as soon as it is there, and is gone afterwards."""
    async with open_local_service(voice="tone") as service:
        inside = await trio.to_thread.run_sync(answers, service.url)
    outside = await trio.to_thread.run_sync(answers, service.url)

    assert ("tone", None) == (service.voice, service.notice)
    assert (True, False) == (inside, outside)


async def test_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The options of a person's own service are not for the one of a run."""
    monkeypatch.setenv("RIMEBATCH_SERVE_API_KEY", "another-key")
    monkeypatch.setenv("RIMEBATCH_SERVE_ACCOUNT_LIMIT", "0")
    async with open_local_service(voice="tone") as service:
        assert await trio.to_thread.run_sync(answers, service.url)


async def test_error_in_the_run() -> None:
    """An error of the run leaves as it is, and the service ends with it."""
    with pytest.raises(ZeroDivisionError):
        async with open_local_service(voice="tone") as service:
            raise ZeroDivisionError

    assert not await trio.to_thread.run_sync(answers, service.url)


async def test_cancelled_run() -> None:
    """A run that is cancelled takes its service along."""
    url = ""
    with trio.CancelScope() as scope:
        async with open_local_service(voice="tone") as service:
            url = service.url
            scope.cancel()
            await trio.sleep_forever()

    assert not await trio.to_thread.run_sync(answers, url)


async def test_no_start(capfd: pytest.CaptureFixture[str]) -> None:
    """A service that cannot start is an error; what it says itself is shown."""
    with pytest.raises(EndpointError, match="did not start"):
        async with open_local_service(voice="no such voice"):
            pytest.fail("there is no such voice")

    assert "no such voice" in capfd.readouterr().err


async def test_killed_run() -> None:
    """A run that is killed, whatever with, takes its service along."""
    process = await trio.lowlevel.open_process(
        [sys.executable, "-c", RUN_WITH_A_SERVICE],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    url = (await process.stdout.receive_some()).decode().strip()
    before = await trio.to_thread.run_sync(answers, url)
    process.kill()
    await process.wait()
    with trio.fail_after(10):
        # The service has it, too: it ends when both have ended, and not before.
        said = await process.stderr.receive_some()
    after = await trio.to_thread.run_sync(answers, url)

    assert b"" == said
    assert (True, False) == (before, after)


@pytest.fixture
def starter(monkeypatch: pytest.MonkeyPatch) -> Iterator[IO[bytes]]:
    """Make standard input a pipe for one test; its other end."""
    read_end, write_end = os.pipe()
    with os.fdopen(read_end) as stdin, os.fdopen(write_end, "wb") as other_end:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield other_end


async def test_serve_until_stdin_closes(starter: IO[bytes]) -> None:
    """The service runs until its standard input ends, and minds nothing in it."""
    serve = partial(serve_ws3, ServiceOptions(voice=ToneVoice()))
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            url = await nursery.start(serve_until_stdin_closes, serve)
            starter.write(b"nothing that matters\n")
            starter.flush()
            inside = await trio.to_thread.run_sync(answers, url)
            starter.close()
    outside = await trio.to_thread.run_sync(answers, url)

    assert (True, False) == (inside, outside)
