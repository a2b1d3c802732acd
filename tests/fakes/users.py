"""Who uses the command line: a program, a person at a terminal, a script.

Each runs a command in a way of its own and keeps what came out.
"""

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from types import MappingProxyType

import msgspec
import trio
from click.testing import CliRunner, Result

from rimebatch.cli.main import cli
from rimebatch.recorder.reports import FailedCheck
from rimebatch.server import ServiceOptions, serve_ws3
from rimebatch.server.voices import ToneVoice

COMMAND = (sys.executable, "-m", "rimebatch")

VOICE = (
    "{speaker: luna, modelId: arcana, lang: eng, audioFormat: pcm, samplingRate: 8000}"
)


class Sent(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A segment that would be sent, and why."""

    segment: int
    chars: int
    reason: str
    parameters: tuple[str, ...] = ()


class Line(msgspec.Struct, forbid_unknown_fields=True):
    """One line of the JSON output, of any event: every field docs/cli.md names."""

    rimebatch: int
    event: str
    job: str = ""
    segments: int = 0
    missing: int = 0
    missing_chars: int = 0
    reused_chars: int = 0
    planned_chars: int = 0
    recorded_chars: int = 0
    wasted_chars: int = 0
    is_open: bool | None = None
    segment: int = 0
    chars: int = 0
    audio_s: float = 0.0
    inferred: bool | None = None
    state: str = ""
    sent_chars: int = 0
    files: tuple[str, ...] = ()
    error: str | None = None
    cause: str | None = None
    failed_checks: tuple[FailedCheck, ...] = ()
    what: str = ""
    attempt: int = 0
    wait_s: float = 0.0
    jobs: int = 0
    done: int = 0
    failed: int = 0
    stopped: int = 0
    held: int = 0
    exit_code: int | None = None
    why: tuple[Sent, ...] = ()
    skipped: tuple[tuple[int, int], ...] = ()
    estimated_audio_s: float = 0.0
    estimated_usd: float = 0.0
    order: str = ""
    estimated_makespan_s: dict[str, float] | None = None
    warnings: int = 0
    catalogue: str | None = None
    date: str = ""
    voices: int = 0
    file: str = ""
    model: str = ""
    lang: str = ""
    speaker: str = ""
    details: dict[str, object] | None = None


def read_lines(output: str) -> list[Line]:
    """Return what a program reads from ``--json`` output."""
    return [msgspec.json.decode(line, type=Line) for line in output.splitlines()]


def write_manifest(
    folder: Path, *jobs: str, endpoint: str = "local", more: str = ""
) -> Path:
    """Write ``book.yaml`` with *jobs*, each a mapping in YAML, and return its path.

    Args:
        folder: Where to.
        jobs: One line each.
        endpoint: The service it names.
        more: Further lines at the top level.
    """
    lines = [
        "manifest: 1",
        f"endpoint: {endpoint}",
        *more.splitlines(),
        f"voice: {VOICE}",
        "jobs:",
        *(f"  - {job}" for job in jobs),
    ]
    path = folder / "book.yaml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def invoke(*arguments: str | Path) -> Result:
    """Run a command within this process; what it does not foresee is raised."""
    return CliRunner(catch_exceptions=False).invoke(cli, list(map(str, arguments)))


def start(
    *arguments: str | Path, out: int = subprocess.PIPE
) -> "subprocess.Popen[str]":
    """Start a command in a process of its own, as a script does."""
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=out,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_on_terminal(
    *arguments: str | Path,
    columns: int = 80,
    interrupt_at: str | None = None,
    answers: Mapping[str, str] = MappingProxyType({}),
) -> tuple[int, str]:
    """Run a command on a terminal; return its exit code and all that was shown.

    Args:
        arguments: Of the command.
        columns: How wide the terminal is.
        interrupt_at: Press Ctrl-C as soon as this is shown.
        answers: What to type, by what is asked.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(theirs)
    shown, waiting = "", dict(answers)
    for part in read_until_hangup(ours):
        shown += part
        for question in [asked for asked in waiting if asked in shown]:
            os.write(ours, waiting.pop(question).encode() + b"\n")
        if interrupt_at and interrupt_at in shown:
            interrupt_at = None
            process.send_signal(signal.SIGINT)
    os.close(ours)
    return process.wait(), shown


def read_until_hangup(terminal: int) -> Iterator[str]:
    """Yield what is shown on a terminal, until nobody has its other end any more."""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # EIO: that is how Linux says it
            return
        yield part.decode(errors="replace")


@contextmanager
def serve_in_thread(api_key: str) -> Iterator[str]:
    """Run a service that lets in *api_key* alone, and yield its address."""
    options = ServiceOptions(voice=ToneVoice(), api_key=api_key)
    started: SimpleQueue[tuple[str, Callable[[], object]]] = SimpleQueue()

    async def serve() -> None:
        async with trio.open_nursery() as nursery:
            url: str = await nursery.start(serve_ws3, options)
            token, stop = (
                trio.lowlevel.current_trio_token(),
                nursery.cancel_scope.cancel,
            )
            started.put((url, partial(token.run_sync_soon, stop)))

    thread = Thread(target=trio.run, args=(serve,))
    thread.start()
    url, stop = started.get()
    try:
        yield url
    finally:
        stop()
        thread.join()
