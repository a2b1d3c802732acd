"""Services in processes of their own, for as long as a test or a run needs them.

Each is a command of `rimebatch` that announces itself as a line of JSON and leaves when
the pipe to its standard input is closed, so with this process, however that ends. What
the commands do is not known here.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from rimebatch.errors import EndpointError

_STOP_LIMIT_S: Final = 5.0  # takes a tenth of a second


@contextmanager
def open_command(*arguments: str) -> Iterator[Mapping[str, str]]:
    """Start ``rimebatch`` with *arguments*, and stop it at the end.

    Yields:
        What it announced: ``url``, and what else that command does.

    Raises:
        EndpointError: It did not start. What it had to say is on standard error.
    """
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "rimebatch", *arguments),
            *("--json", "--port", "0", "--until-stdin-closes"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=_environment(),
        start_new_session=True,  # Ctrl-C is for the tests
    ) as process:
        try:
            yield _read_announcement(process, arguments)
        finally:
            _stop(process, _STOP_LIMIT_S)


def _environment() -> dict[str, str]:
    """Return the environment without the options of a person's own services."""
    mine = "RIMEBATCH_"
    return {k: v for k, v in os.environ.items() if not k.startswith(mine)}


def _read_announcement(
    process: subprocess.Popen[bytes], arguments: tuple[str, ...]
) -> Mapping[str, str]:
    assert process.stdout is not None  # it was opened as a pipe
    line = process.stdout.readline()
    try:
        announcement: Mapping[str, str] = json.loads(line)
    except ValueError as error:
        raise EndpointError(
            f"`rimebatch {' '.join(arguments)}` did not start; what it said, if "
            "anything, is on standard error"
        ) from error
    return announcement


def _stop(process: subprocess.Popen[bytes], limit_s: float) -> None:
    assert process.stdin is not None  # as above
    process.stdin.close()
    try:
        process.wait(limit_s)
    except subprocess.TimeoutExpired:
        process.kill()
