"""``rimebatch status`` from end to end."""

from pathlib import Path

import msgspec
import pytest

from fakes.users import invoke, write_manifest
from rimebatch.cli.exit_codes import ExitCode
from rimebatch.recorder.folders import plan_of, transcripts_of
from rimebatch.transcript.locks import hold

HELLO = '{id: hello, text: "Hello there."}'  # 12 characters
LONG = '{id: long, text: "One.\\n\\nTwo.\\n\\nThree.\\n\\nFour."}'  # 19 in 4 segments

BOOK = Path("book.yaml")
FOLDER = Path("outputs/book")

WALL = "2026-11-23T12:00:00Z"


class Status(msgspec.Struct):
    """One line of the JSON output; both events in one."""

    event: str
    job: str = ""
    state: str = ""
    segments: int | None = 0
    segments_on_record: int = 0
    planned_chars: int = 0
    on_record_chars: int = 0
    missing_chars: int = 0
    takes: int = 0
    is_current: bool = False
    held_by: dict[str, int | str] | None = None
    done: int = 0
    failed: int = 0
    is_running: bool = False
    sent_chars: int = 0
    wasted_chars: int = 0
    exit_code: int = 0


@pytest.fixture(autouse=True)
def _book(tmp_path: Path, url: str) -> None:
    """Write a manifest of two jobs for a service that is there."""
    write_manifest(tmp_path, HELLO, LONG, endpoint=url)


def ask() -> dict[str, Status]:
    """Return what is said of each job, and of all under ``""``."""
    result = invoke("status", FOLDER, "--json")
    lines = result.stdout.splitlines()
    found = [msgspec.json.decode(line, type=Status) for line in lines]
    assert found[-1].exit_code == result.exit_code
    return {line.job: line for line in found}


def states() -> list[str]:
    """Return the states of both jobs."""
    found = ask()
    return [found["hello"].state, found["long"].state]


def test_done() -> None:
    """A run that is done is told to people and to programs, and is a success."""
    invoke("run", BOOK)

    result = invoke("status", FOLDER)
    found = ask()

    heading, hello, long, total, spent = result.stdout.splitlines()
    assert 0 == result.exit_code
    assert ["job", "segments"] == heading.split()[:2]
    assert ["hello", "1/1", "12", "12", "0", "1", "done"] == hello.split()
    assert ["long", "4/4", "19", "19", "0", "4", "done"] == long.split()
    assert ["total", "31", "31", "0", "5", "2", "done"] == total.split()
    assert "All runs together sent 31 characters, 0 of them for nothing." == spent
    assert (2, 0, False, 31, 31) == (
        found[""].done,
        found[""].failed,
        found[""].is_running,
        found[""].sent_chars,
        found[""].on_record_chars,
    )
    assert found["long"].is_current


def test_stopped() -> None:
    """Where some is missing and nobody is at work, that is no success."""
    cap = ("--max-chars", "16", "--concurrency", "1", "--order", "manifest")
    invoke("run", BOOK, *cap)

    found = ask()

    long = found["long"]
    assert ["done", "stopped"] == states()
    assert (4, 1, 4, 15) == (
        long.segments,
        long.segments_on_record,
        long.on_record_chars,
        long.missing_chars,
    )
    assert ExitCode.FAILED == found[""].exit_code


def test_at_work() -> None:
    """Who is at work is told; the rest of the run waits, and all is well so far."""
    invoke("run", BOOK, "--max-chars", "0")
    ledger = FOLDER / "ledger.json"
    ledger.write_text(ledger.read_text().replace('"stopped"', '"unfinished"'))
    with hold(transcripts_of(FOLDER, "hello").folder, WALL):
        found = ask()
        shown = invoke("status", FOLDER).stdout

        assert ["running", "waiting"] == states()

    held_by = found["hello"].held_by
    assert held_by is not None
    assert {"pid", "host", "since"} == held_by.keys()
    assert WALL == held_by["since"]
    assert (True, 0) == (found[""].is_running, found[""].exit_code)
    assert f"running, by pid {held_by['pid']} on " in shown


def test_nobody_at_work() -> None:
    """What a killed run has not begun with is not on record."""
    invoke("run", BOOK, "--max-chars", "0")

    assert ["not on record"] * 2 == states()
    assert 31 == ask()[""].missing_chars


def test_failed() -> None:
    """A job that failed in its last run is told as such."""
    text = BOOK.read_text()
    BOOK.write_text(text.replace('there."}', 'there.", voice: {lang: xxx}}'))
    invoke("run", BOOK)

    assert ["failed", "done"] == states()
    assert 1 == ask()[""].failed


def test_without_files() -> None:
    """A job whose audio is gone is on record; without a plan, nobody can tell."""
    invoke("run", BOOK)
    (FOLDER / "hello.wav").unlink()
    plan_of(FOLDER, "long").unlink()

    assert ["on record", "stopped"] == states()
    assert ask()["long"].segments is None


def test_without_a_ledger() -> None:
    """The record alone tells how far the jobs are."""
    invoke("run", BOOK)
    (FOLDER / "ledger.json").unlink()

    assert ["done", "done"] == states()


def test_one_job() -> None:
    """Of a single job there is no total."""
    invoke("run", BOOK, "--only", "hello")

    assert "total" not in invoke("status", FOLDER).stdout


def test_nothing_is_changed() -> None:
    """It writes nothing, not even where somebody held a folder."""
    invoke("run", BOOK)
    before = {path: path.stat().st_mtime_ns for path in FOLDER.rglob("*")}

    invoke("status", FOLDER)

    assert before == {path: path.stat().st_mtime_ns for path in FOLDER.rglob("*")}


def test_no_run(tmp_path: Path) -> None:
    """A folder that no run was in is an error."""
    result = invoke("status", tmp_path)

    assert 1 == result.exit_code
    assert "no run was here" in result.stderr
