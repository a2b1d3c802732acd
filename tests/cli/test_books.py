"""The ledger of a folder, while a run goes on."""

from pathlib import Path

import pytest

from fakes.manifests import make_job, make_manifest
from rimebatch.cli.books import Books, keep_books
from rimebatch.errors import HeldError, OutputError
from rimebatch.manifest.plan import make_plan
from rimebatch.recorder.ledger import Ledger
from rimebatch.recorder.ledger_file import read_ledger
from rimebatch.recorder.reports import (
    JobResult,
    JobStarted,
    LineChanged,
    Report,
    SegmentAsked,
    TakeRecorded,
)
from rimebatch.transcript.locks import hold

ONE = make_job("one", "Eins.")  # 5 characters
PLAN = make_plan(make_manifest(ONE, make_job("two", "Zwei.")))
[KEY] = [segment.key for segment in PLAN.jobs[0].segments]
COMPLETE = make_plan(make_manifest(ONE), lambda _: [KEY])

NOW = "2026-01-02T03:04:05Z"

STARTED, ASKED = JobStarted("one", 1, 1, 5, 0), SegmentAsked("one", 1, 5)
TAKEN = TakeRecorded("one", 1, 5, 0.5, inferred=False)
DONE = JobResult("one", "done", 1, 5, 0, 0.5)


class Clock:
    """A clock that the test winds on."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        """Return what it shows, in seconds."""
        return self.now_s


def tell(books: Books, *reports: Report) -> None:
    """Have *books* learn of *reports*."""
    for report in reports:
        books.ledger.add(report)
        books.note(report)


def read_run(folder: Path) -> tuple[str, int, int]:
    """Return of the newest run how the first job is, and what was sent and missing."""
    account = read_ledger(folder / "ledger.json")
    total = account.runs[-1].total
    return account.jobs["one"].state, total.sent_chars, total.missing_chars


def test_when_it_is_written(tmp_path: Path) -> None:
    """It is on disk before anything is sent, after each job that cost, and last."""
    with keep_books(PLAN, tmp_path, Clock()) as books:
        assert ("unfinished", 0, 10) == read_run(tmp_path)

        tell(books, STARTED, ASKED, TAKEN)

        assert ("unfinished", 0, 10) == read_run(tmp_path)

        tell(books, DONE)

        assert ("done", 5, 5) == read_run(tmp_path)

        tell(books, SegmentAsked("two", 1, 5))

    assert ("done", 10, 5) == read_run(tmp_path)
    assert 1 == len(read_ledger(tmp_path / "ledger.json").runs)


def test_while_takes_come(tmp_path: Path) -> None:
    """Every few seconds it is written, so that a crash loses little of it."""
    clock = Clock()
    with keep_books(PLAN, tmp_path, clock) as books:
        tell(books, STARTED)
        clock.now_s += 4
        tell(books, ASKED)

        assert ("unfinished", 0, 10) == read_run(tmp_path)

        clock.now_s += 1
        tell(books, TAKEN)

        assert ("unfinished", 5, 5) == read_run(tmp_path)


def test_two_runs_at_a_time(tmp_path: Path) -> None:
    """Neither writes over what the other spent."""
    with (
        keep_books(PLAN, tmp_path, Clock()) as first,
        keep_books(PLAN, tmp_path, Clock()) as second,
    ):
        tell(first, STARTED, ASKED)
        tell(second, JobResult("one", "held", 1, 0, 0))
        tell(second, JobStarted("two", 1, 1, 5, 0), SegmentAsked("two", 1, 5))
        tell(first, TAKEN, DONE)
    account = read_ledger(tmp_path / "ledger.json")

    assert [5, 5] == [run.total.sent_chars for run in account.runs]
    assert ["done", "unfinished"] == [job.state for job in account.jobs.values()]


def test_another_writes_and_does_not_end(tmp_path: Path) -> None:
    """It is not waited for without end: that stops no job, and is told last of all."""
    books = Books(Ledger(PLAN), tmp_path, NOW, Clock(), wait_s=0.01)
    with hold(tmp_path / "transcripts", NOW):
        tell(books, STARTED, ASKED, TAKEN, DONE)

        with pytest.raises(HeldError, match=f"transcripts: in use by .* since {NOW}"):
            books.write()

    books.write()
    assert ("done", 5, 5) == read_run(tmp_path)


def test_runs_are_added(tmp_path: Path) -> None:
    """What earlier runs cost stays."""
    for _ in range(2):
        with keep_books(PLAN, tmp_path, Clock()):
            pass

    assert 2 == len(read_ledger(tmp_path / "ledger.json").runs)


def test_nothing_to_send(tmp_path: Path) -> None:
    """A run with nothing to send leaves no mark, and needs no disk to write to."""
    with keep_books(COMPLETE, tmp_path, Clock()) as books:
        tell(books, JobStarted("one", 1, 0, 0, 5), JobResult("one", "done", 1, 0, 5))

    assert [] == list(tmp_path.iterdir())


def test_more_was_missing_than_the_plan_believed(tmp_path: Path) -> None:
    """Whatever was sent is written down."""
    with keep_books(COMPLETE, tmp_path, Clock()) as books:
        tell(books, STARTED, ASKED, TAKEN)

    assert ("unfinished", 5, 0) == read_run(tmp_path)


def test_interruption(tmp_path: Path) -> None:
    """However a run ends, what it cost is written down."""

    def run() -> None:
        with keep_books(PLAN, tmp_path, Clock()) as books:
            tell(books, STARTED, ASKED, LineChanged("one", is_open=False))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()

    assert ("unfinished", 5, 10) == read_run(tmp_path)


def test_a_bug_is_found(tmp_path: Path) -> None:
    """Last of all the ledger is reconciled."""
    with (
        pytest.raises(AssertionError, match="does not balance"),
        keep_books(PLAN, tmp_path, Clock()) as books,
    ):
        tell(books, STARTED, ASKED, DONE)


def test_a_disk_that_fills_up(tmp_path: Path) -> None:
    """It stops no job; that the ledger could not be written is told last."""
    told: list[JobResult] = []

    def run() -> None:
        with keep_books(PLAN, tmp_path, Clock()) as books:
            (tmp_path / ".ledger.json.part").mkdir()
            tell(books, STARTED, ASKED, TAKEN, DONE)
            told.append(DONE)

    with pytest.raises(OutputError, match=r"ledger\.json: cannot write"):
        run()

    assert [DONE] == told


def test_a_ledger_that_is_damaged(tmp_path: Path) -> None:
    """Nothing is sent while it is not known what was spent."""
    (tmp_path / "ledger.json").write_text("{")

    with (
        pytest.raises(OutputError, match="damaged"),
        keep_books(PLAN, tmp_path, Clock()),
    ):
        pytest.fail("it was let in")
