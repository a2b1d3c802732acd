"""Two runs on one folder share its jobs, and never send a character twice."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
import trio

from fakes.manifests import make_job, make_manifest
from fakes.services import FakeService
from fakes.users import invoke, read_lines, start, write_manifest
from rimebatch.manifest.plan import make_plan
from rimebatch.recorder.batch import run_batch
from rimebatch.recorder.ledger_file import read_ledger
from rimebatch.server import LocalService
from rimebatch.server.logbook import Message, Synthesis
from rimebatch.transcript.locks import hold

NOW = "2026-01-02T03:04:05Z"

BOOK = Path("book.yaml")
FOLDER = Path("outputs/book")
RECORD = FOLDER / "transcripts"
LEDGER = FOLDER / "ledger.json"
LOG = Path("log.jsonl")

HELLO = '{id: hello, text: "Hello there."}'
TEXT = r'"A.\n\nBe.\n\nSea.\n\nDeep."'
ONCE = sorted([2, 3, 4, 5] * 9)  # the bill for TEXT in nine jobs

IN_USE = (
    f"Error: hello: {RECORD}/hello: in use by pid {os.getpid()} on "
    f"{os.uname().nodename} since {NOW}; wait for it to end, then run again"
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


def read_states() -> list[tuple[str, int]]:
    """Return the state of each job in the ledger, and the characters it lacks."""
    jobs = read_ledger(LEDGER).jobs.values()
    return [(job.state, job.missing_chars) for job in jobs]


def read_bill() -> list[int]:
    """Return the characters of every text that the service took up."""
    entries = [
        msgspec.json.decode(line, type=Message | Synthesis)
        for line in LOG.read_bytes().splitlines()
    ]
    return sorted(entry.chars for entry in entries if isinstance(entry, Synthesis))


@pytest.mark.slow
def test_two_runs(start_run: StartRun) -> None:
    """The second leaves the first its jobs, says who has them, and does the others."""
    with start_run() as first:
        assert first.stdout is not None
        while "segment-asked" not in first.stdout.readline():
            pass
        first.send_signal(signal.SIGSTOP)
        second = invoke("run", BOOK, "--json")
        first.send_signal(signal.SIGCONT)
        first.communicate()

    last = read_lines(second.stdout)[-1]
    held = [line for line in second.stderr.splitlines() if "in use by" in line]
    assert (0, 75) == (first.returncode, second.exit_code)
    assert 9 == last.done + last.held
    assert 1 <= last.held == len(held) <= 2
    assert f"in use by pid {first.pid} on " in held[0]
    assert ONCE == read_bill()
    assert {"done"} == {state for state, _ in read_states()}


@pytest.mark.slow
def test_two_runs_at_the_same_moment(start_run: StartRun) -> None:
    """They share the jobs: nothing is sent twice, and nothing is left out."""
    with start_run() as one, start_run() as other:
        one.communicate()
        other.communicate()

    assert {one.returncode, other.returncode} <= {0, 75}
    assert ONCE == read_bill()
    assert [("done", 0)] * 9 == read_states()
    assert [1, 2] == [run.number for run in read_ledger(LEDGER).runs]
    assert sum(ONCE) == sum(run.total.sent_chars for run in read_ledger(LEDGER).runs)


@pytest.mark.slow
def test_killed(start_run: StartRun) -> None:
    """A run that was killed leaves nothing behind that keeps the next one out."""
    with start_run() as killed:
        assert killed.stdout is not None
        while "segment-asked" not in killed.stdout.readline():
            pass
        killed.kill()
        killed.communicate()
    again = invoke("run", BOOK)

    assert (-signal.SIGKILL, 0) == (killed.returncode, again.exit_code)
    assert [("done", 0)] * 9 == read_states()


@pytest.mark.usefixtures("_book")
@pytest.mark.parametrize("command", ["run", "render"])
def test_something_to_render(command: str) -> None:
    """What is on record is not rendered while another is at that job."""
    invoke("run", BOOK)
    (FOLDER / "hello.wav").unlink()

    with hold(RECORD / "hello", NOW):
        result = invoke(command, BOOK)

    assert 75 == result.exit_code
    assert "held" in result.stdout
    assert IN_USE in result.stderr.splitlines()
    assert 0 == invoke(command, BOOK).exit_code
    assert (FOLDER / "hello.wav").exists()


@pytest.mark.usefixtures("_book")
def test_something_to_send() -> None:
    """While another is at a job, nothing is sent for it, and its state is let be."""
    with hold(RECORD / "hello", NOW):
        result = invoke("run", BOOK, "--json")
        found = [path.name for path in (RECORD / "hello").iterdir()]

    ended, last = read_lines(result.stdout)
    assert 75 == result.exit_code == last.exit_code
    assert ("job-ended", "held") == (ended.event, ended.state)
    assert (1, 12, 0) == (last.held, last.missing_chars, last.sent_chars)
    assert IN_USE in result.stderr.splitlines()
    assert [".lock"] == found
    assert [("unfinished", 12)] == read_states()


@pytest.mark.usefixtures("_book")
@pytest.mark.parametrize(
    "words", [("run", BOOK), ("plan", BOOK), ("verify", FOLDER), ("replay", FOLDER)]
)
def test_nothing_to_write(words: tuple[str, Path]) -> None:
    """What writes nothing goes on beside another run: it keeps nobody out either."""
    invoke("run", BOOK)
    with hold(RECORD, NOW), hold(RECORD / "hello", NOW):
        result = invoke(*words)

    assert 0 == result.exit_code


@pytest.mark.parametrize("turns", range(4))
async def test_two_batches_in_turns(tmp_path: Path, turns: int) -> None:
    """Within one process, too, each segment is spoken once, whoever comes first."""
    texts = [(f"Part {n}.", f"More of {n}.") for n in range(6)]
    jobs = [make_job(f"job{n}", *text) for n, text in enumerate(texts)]
    plan = make_plan(make_manifest(*jobs, concurrency=2))
    service, results = FakeService(), []

    async def run(delay: int) -> None:
        for _ in range(delay):
            await trio.lowlevel.checkpoint()
        results.append(await run_batch(plan, service.connect, tmp_path))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run, 0)
        nursery.start_soon(run, turns * 20)
    again = await run_batch(plan, FakeService().connect, tmp_path)

    first, second = ([result.state for result in batch] for batch in results)
    assert sorted(part for text in texts for part in text) == sorted(service.spoken)
    assert all("done" in states for states in zip(first, second, strict=True))
    assert {"done", "held"} >= {*first, *second}
    assert [("done", 0)] * 6 == [(result.state, result.sent_chars) for result in again]


@pytest.mark.usefixtures("_book")
def test_others_cannot_read_the_record() -> None:
    """Transcripts hold texts that may be confidential; they are for this user alone."""
    invoke("run", BOOK)
    found = [RECORD, *RECORD.rglob("*")]

    assert {0o700, 0o600} == {path.stat().st_mode & 0o777 for path in found}
