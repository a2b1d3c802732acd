"""A local ws3 service in a process of its own, and what keeps the two together.

A process of its own, because a crash of a voice's library must not end a run. It
leaves when the pipe to its standard input is closed, which the system does for a
process that ends, however it ends. Both ends of that pipe are here; what the service
does is not.
"""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec
import trio

from rimebatch.errors import EndpointError

_START_LIMIT_S: Final = 30.0  # takes 0.5 s; a busy machine may take ten times as long
_STOP_LIMIT_S: Final = 2.0
_PIPE_BYTES: Final = 4096


class Serve(Protocol):
    """A service of any kind."""

    def __call__(self, *, task_status: trio.TaskStatus[str]) -> Awaitable[None]:
        """Serve until cancelled, and tell *task_status* where."""


@dataclass(frozen=True, slots=True)
class LocalService:
    """A service that listens; also what its process prints, as one line of JSON.

    Attributes:
        url: Where, as in ``ws://127.0.0.1:8000/ws3``.
        voice: The name of the voice that speaks.
        notice: What a person should know about the voice, if anything.
    """

    url: str
    voice: str
    notice: str | None


@asynccontextmanager
async def open_local_service(*, voice: str = "auto") -> AsyncIterator[LocalService]:
    """Start a service on a free port of this machine, and stop it at the end.

    Args:
        voice: ``espeak``, ``tone``, or ``auto`` for the better one that is there.

    Raises:
        EndpointError: It did not start. What it had to say is on standard error.

    Cancellation:
        Ends the process, as does the end of the caller's, even by ``kill -9``.
    """
    process = await trio.lowlevel.open_process(
        [
            *(sys.executable, "-m", "rimebatch", "serve", "--json"),
            *("--port", "0", "--voice", voice, "--until-stdin-closes"),
            *("--speed", "0"),  # whoever waits for files hears nothing of a pace
        ],
        env=_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # Ctrl-C is for the run, which still needs the service to end in good order.
        start_new_session=True,
    )
    try:
        yield await _read_announcement(process)
    finally:
        with trio.move_on_after(2 * _STOP_LIMIT_S, shield=True):
            await _stop(process)


async def serve_until_stdin_closes(
    serve: Serve, *, task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED
) -> None:
    """Do what *serve* does, until the other end of standard input is closed.

    Standard input must be a pipe. What comes through it is dropped.

    Args:
        serve: Serves until cancelled, and takes a ``task_status``.
        task_status: Is given the address that clients connect to.

    Raises:
        RimeBatchError: Whatever *serve* raises; in an exception group.
    """
    async with trio.open_nursery() as nursery:
        task_status.started(await nursery.start(serve))
        await wait_until_stdin_closes()
        nursery.cancel_scope.cancel()


def _environment() -> dict[str, str]:
    # The options of a person's own `rimebatch serve`, its key above all, are not for
    # this one.
    mine = "RIMEBATCH_SERVE_"
    return {k: v for k, v in os.environ.items() if not k.startswith(mine)}


async def wait_until_stdin_closes() -> None:
    """Wait until the other end of standard input, a pipe, is closed."""
    # Not as a trio stream, which would make it non-blocking for whoever shares it.
    stdin = sys.stdin.fileno()
    await trio.lowlevel.wait_readable(stdin)
    while os.read(stdin, _PIPE_BYTES):
        await trio.lowlevel.wait_readable(stdin)


async def _read_announcement(process: trio.Process) -> LocalService:
    assert process.stdout is not None  # it was opened as a pipe
    line = b""
    with trio.move_on_after(_START_LIMIT_S):
        while not line.endswith(b"\n") and (
            more := await process.stdout.receive_some(_PIPE_BYTES)
        ):
            line += more
    try:
        return msgspec.json.decode(line, type=LocalService)
    except msgspec.DecodeError as error:
        raise EndpointError(
            "the local service did not start; what it said, if anything, is above"
        ) from error


async def _stop(process: trio.Process) -> None:
    assert process.stdin is not None  # both were opened as pipes
    assert process.stdout is not None
    await process.stdin.aclose()
    await process.stdout.aclose()
    with trio.move_on_after(_STOP_LIMIT_S):
        await process.wait()
    process.kill()  # does nothing to one that has left
    await process.wait()
