"""Ctrl-C and SIGTERM: what a run does at the first, and at the second."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

import msgspec
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from fakes.users import Line, invoke, read_lines, start, write_manifest
from rimebatch.cli.exit_codes import ExitCode
from rimebatch.cli.signals import Leaving
from rimebatch.files import staged
from rimebatch.server import LocalService
from rimebatch.server.logbook import Message, Synthesis
from rimebatch.transcript import read_entries

BOOK: Final = Path("book.yaml")
FOLDER: Final = Path("outputs/book")
LOG: Final = Path("log.jsonl")

TEXT: Final = r'"One, two, three.\n\nFour, five, six.\n\nSeven, eight."'
CHARS: Final = [16, 16, 13]  # of its segments: about a second of speech each
JOBS: Final = [f"{{id: {name}, text: {TEXT}}}" for name in "abc"]

OUT_WITHIN_S: Final = 0.5  # as promised
TRIES: Final = 3  # the machine may be busy with something else, but not every time


class Serve(Protocol):
    """What starts a service that keeps a bill."""

    def __call__(self, *options: str) -> str:
        """Return its address."""
        ...


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Return a function that starts a service that keeps a bill; its address."""
    services: list[subprocess.Popen[str]] = []

    def serve(*options: str) -> str:
        usual = ("--port", "0", "--voice", "tone", "--log", LOG, "--json")
        services.append(start("serve", *usual, "--until-stdin-closes", *options))
        out = services[-1].stdout
        assert out is not None
        return msgspec.json.decode(out.readline(), type=LocalService).url

    yield serve
    for service in services:
        service.communicate()


class Run:
    """A run in a process of its own, of which a program reads what happens."""

    def __init__(self, *options: str) -> None:
        self.lines: list[Line] = []
        self.process = start("run", BOOK, "--json", "--concurrency", "2", *options)

    def read_until(self, event: str, times: int = 1) -> None:
        """Read until that has happened so many times."""
        assert self.process.stdout is not None
        while times:
            self.lines += read_lines(self.process.stdout.readline())
            times -= self.lines[-1].event == event

    def end(self) -> str:
        """Read to the end, and return what was said to people."""
        out, said = self.process.communicate()
        self.lines += read_lines(out)

        assert self.lines[-1].exit_code == self.process.returncode
        assert "Traceback" not in said
        return said

    def of(self, event: str) -> list[tuple[str, int]]:
        """Return job and segment of every line of that event, in order."""
        lines = (line for line in self.lines if line.event == event)
        return sorted((line.job, line.segment) for line in lines)

    def send_twice(self, number: signal.Signals) -> float:
        """Send the signal twice, end, and return how long that took from the second."""
        assert self.process.stderr is not None
        self.process.send_signal(number)
        self.process.stderr.readline()  # it is obeyed
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(0.15)  # a person takes that long, and longer
        sent_s = time.monotonic()
        self.process.send_signal(number)
        self.process.wait()
        return time.monotonic() - sent_s


def read_bill() -> list[int]:
    """Return the characters of every text that the service took up."""
    entries = [
        msgspec.json.decode(line, type=Message | Synthesis)
        for line in LOG.read_bytes().splitlines()
    ]
    return sorted(entry.chars for entry in entries if isinstance(entry, Synthesis))


def read_outputs(folder: Path) -> dict[str, bytes]:
    """Return the published files of the book in *folder* by name."""
    paths = [*folder.glob("[abc].wav"), *folder.glob("[abc].words.json")]
    return {path.name: path.read_bytes() for path in paths}


def check_seals() -> None:
    """Check that every transcript ends with a seal."""
    for path in FOLDER.rglob("*.jsonl"):
        assert "sealed" == [entry.kind for entry in read_entries(path)][-1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_two_signals(
    number: signal.Signals, mock_clock: MockClock, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first stops the batch, with a word; the next leaves, unless it is an echo."""
    leaving, stops = Leaving(3.0), list[float]()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(leaving.obey_signals, stops.append)
        await wait_all_tasks_blocked()
        for _ in range(2):
            signal.raise_signal(number)
            await wait_all_tasks_blocked(0.01)

        was_left = leaving.scope.cancel_called
        mock_clock.jump(0.2)
        signal.raise_signal(signal.SIGINT)
        await wait_all_tasks_blocked(0.01)
        nursery.cancel_scope.cancel()

    assert [3.0] == stops
    assert 128 + number == leaving.exit_code
    assert (False, True) == (was_left, leaving.scope.cancel_called)
    assert (
        "Stopping: nothing more is sent, and what is in flight has 3 s; Ctrl-C once "
        "more leaves at once.\n"
    ) == capsys.readouterr().err


def test_nobody_waits_for_room(tmp_path: Path, serve: Serve) -> None:
    """While a run waits for room, one signal ends it at once, long before its grace."""
    write_manifest(tmp_path, *JOBS, endpoint=serve("--account-limit", "0"))
    run = Run("--grace", "3600")
    run.read_until("attempt-failed")
    run.process.send_signal(signal.SIGTERM)
    said = run.end()

    ended = run.lines[-1]
    assert ExitCode.TERMINATED == run.process.returncode
    assert (0, 3, 0) == (ended.done, ended.stopped, ended.sent_chars)
    assert "run the same command again" in said.splitlines()[-1]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_once(tmp_path: Path, serve: Serve, number: signal.Signals) -> None:
    """Segments in flight end and are kept; the next run sends the others, no more."""
    write_manifest(tmp_path, *JOBS, endpoint=serve("--speed", "4"))
    run = Run()
    run.read_until("segment-asked", 2)
    run.process.send_signal(number)
    said = run.end()

    ended = run.lines[-1]
    assert 128 + number == run.process.returncode
    assert [("a", 1), ("b", 1)] == run.of("segment-asked") == run.of("take-recorded")
    assert [16, 16] == read_bill()
    assert (0, 0, 3) == (ended.done, ended.failed, ended.stopped)
    assert (32, 0) == (ended.recorded_chars, ended.wasted_chars)
    assert said.startswith("Stopping: ")
    assert "run the same command again" in said.splitlines()[-1]
    check_seals()

    again = invoke("run", BOOK, "--json")
    bill = read_bill()
    invoke("run", BOOK, "--out", "whole", "--quiet")

    assert 0 == again.exit_code
    assert sorted(CHARS * 3) == bill
    assert 6 == len(read_outputs(FOLDER))
    assert read_outputs(Path("whole/book")) == read_outputs(FOLDER)


@pytest.mark.slow
@pytest.mark.parametrize("grace_s", ["0", "0.2"])
def test_too_little_grace(tmp_path: Path, serve: Serve, grace_s: str) -> None:
    """What is not spoken in time is dropped, and bought again by the next run alone."""
    write_manifest(tmp_path, *JOBS, endpoint=serve("--speed", "0.1"))
    run = Run("--grace", grace_s)
    run.read_until("segment-asked", 2)
    run.process.send_signal(signal.SIGINT)
    run.end()

    ended = run.lines[-1]
    assert ExitCode.INTERRUPTED == run.process.returncode
    assert (0, 3, 32, 32) == (
        ended.failed,
        ended.stopped,
        ended.sent_chars,
        ended.wasted_chars,
    )
    check_seals()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_twice(tmp_path: Path, serve: Serve, number: signal.Signals) -> None:
    """It is out within half a second, whatever is on the line or being rendered."""
    write_manifest(
        tmp_path, *JOBS[:2], "{id: c, text: Oh.}", endpoint=serve("--speed", "4")
    )
    invoke("run", BOOK, "--only", "c", "--quiet")
    (FOLDER / "c.wav").unlink()
    took_s: list[float] = []
    while len(took_s) < TRIES and min(took_s, default=1) >= OUT_WITHIN_S:
        stuck = staged(FOLDER / "c.wav")
        os.mkfifo(stuck)  # whoever renders c waits for somebody to read it
        run = Run()
        run.read_until("segment-asked", 1)
        took_s.append(run.send_twice(number))
        run.end()
        stuck.unlink()

        ended = run.lines[-1]
        assert 128 + number == run.process.returncode
        assert ended.sent_chars == ended.recorded_chars + ended.wasted_chars
        assert not (FOLDER / "c.wav").exists()
        check_seals()

    assert min(took_s) < OUT_WITHIN_S

    again = invoke("run", BOOK, "--json")
    invoke("run", BOOK, "--out", "whole", "--quiet")

    assert 0 == again.exit_code
    assert read_outputs(Path("whole/book")) == read_outputs(FOLDER)
