"""``run`` and ``render`` keep every other run out of what they write to."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from fakes.users import invoke, start, write_manifest
from rimebatch.server import LocalService
from rimebatch.server.logbook import Message, Synthesis
from rimebatch.transcript.locks import hold

NOW = "2026-01-02T03:04:05Z"

BOOK = Path("book.yaml")
FOLDER = Path("outputs/book")
RECORD = FOLDER / "transcripts"
LOG = Path("log.jsonl")

HELLO = '{id: hello, text: "Hello there."}'
TEXT = r'"A.\n\nBe.\n\nSea.\n\nDeep."'
ONCE = sorted([2, 3, 4, 5] * 9)  # the bill for TEXT in nine jobs

IN_USE = (
    f"Error: {RECORD}: in use by pid {os.getpid()} on {os.uname().nodename} "
    f"since {NOW}; wait for it to end, then run again\n"
)

StartRun = Callable[[], "subprocess.Popen[str]"]


@pytest.fixture
def _book(tmp_path: Path, url: str) -> None:
    """Write a manifest of one job for a service that is there."""
    write_manifest(tmp_path, HELLO, endpoint=url)


@contextmanager
def billing_service() -> Iterator[str]:
    """Run a service ten times as fast as speech that keeps a bill; yield its address.

    Nine jobs of four segments take it a second.
    """
    options = ("--port", "0", "--voice", "tone", "--speed", "10", "--log", LOG)
    with start("serve", *options, "--json", "--until-stdin-closes") as process:
        assert process.stdout is not None
        yield msgspec.json.decode(process.stdout.readline(), type=LocalService).url
        process.communicate()


@pytest.fixture
def start_run(tmp_path: Path) -> Iterator[StartRun]:
    """Return a function that starts a run of nine jobs, which tells what happens."""
    jobs = [
        f'{{id: ch{n}, text: "A.\\n\\nBe.\\n\\nSea.\\n\\nDeep."}}' for n in range(9)
    ]
    with billing_service() as address:
        write_manifest(tmp_path, *jobs, endpoint=address)
        yield lambda: start("run", BOOK, "--json", "--concurrency", "2")


def read_bill() -> list[int]:
    """Return the characters of every text that the service took up."""
    entries = [
        msgspec.json.decode(line, type=Message | Synthesis)
        for line in LOG.read_bytes().splitlines()
    ]
    return sorted(entry.chars for entry in entries if isinstance(entry, Synthesis))


def test_two_runs(start_run: StartRun) -> None:
    """The second says on one line who holds the folder; nothing is sent twice."""
    with start_run() as first:
        assert first.stdout is not None
        first.stdout.readline()
        first.send_signal(signal.SIGSTOP)
        second = invoke("run", BOOK)
        first.send_signal(signal.SIGCONT)
        first.communicate()

    line = second.stderr.splitlines()[-1]
    assert (0, 75, "") == (first.returncode, second.exit_code, second.stdout)
    assert line.startswith(f"Error: {RECORD}: in use by pid {first.pid} on ")
    assert ONCE == read_bill()


@pytest.mark.slow
def test_two_runs_at_the_same_moment(start_run: StartRun) -> None:
    """Whichever is first, nothing is sent twice, and no run fails otherwise."""
    with start_run() as one, start_run() as other:
        one.communicate()
        other.communicate()
    codes = {one.returncode, other.returncode}

    assert {0} <= codes <= {0, 75}
    assert ONCE == read_bill()


@pytest.mark.slow
def test_killed(start_run: StartRun) -> None:
    """A run that was killed leaves nothing behind that keeps the next one out."""
    with start_run() as killed:
        assert killed.stdout is not None
        killed.stdout.readline()
        killed.kill()
        killed.communicate()
    again = invoke("run", BOOK)

    assert (-signal.SIGKILL, 0) == (killed.returncode, again.exit_code)


@pytest.mark.usefixtures("_book")
def test_something_to_send() -> None:
    """Beside another run a run sends nothing and writes nothing."""
    with hold(RECORD, NOW):
        result = invoke("run", BOOK, "--json")
        found = [path.name for path in RECORD.iterdir()]

    assert (75, "", IN_USE) == (result.exit_code, result.stdout, result.stderr)
    assert [".lock"] == found


@pytest.mark.usefixtures("_book")
@pytest.mark.parametrize("command", ["run", "render"])
def test_something_to_render(command: str) -> None:
    """What is on record is not rendered beside another run."""
    invoke("run", BOOK)
    (FOLDER / "hello.wav").unlink()

    with hold(RECORD, NOW):
        result = invoke(command, BOOK)

    assert (75, "", IN_USE) == (result.exit_code, result.stdout, result.stderr)
    assert 0 == invoke(command, BOOK).exit_code
    assert (FOLDER / "hello.wav").exists()


@pytest.mark.usefixtures("_book")
@pytest.mark.parametrize(
    "words", [("run", BOOK), ("plan", BOOK), ("verify", FOLDER), ("replay", FOLDER)]
)
def test_nothing_to_write(words: tuple[str, Path]) -> None:
    """What writes nothing goes on beside another run: it keeps nobody out either."""
    invoke("run", BOOK)
    with hold(RECORD, NOW):
        result = invoke(*words)

    assert 0 == result.exit_code


@pytest.mark.usefixtures("_book")
def test_others_cannot_read_the_record() -> None:
    """Transcripts hold texts that may be confidential; they are for this user alone."""
    invoke("run", BOOK)
    found = [RECORD, *RECORD.rglob("*")]

    assert {0o700, 0o600} == {path.stat().st_mode & 0o777 for path in found}
