"""The ledger of an output folder, kept up to date while a run goes on.

It is written when a run begins, whenever a job ends that cost something, every few
seconds while anything happens, and last. A run with nothing to send leaves it alone.
Other runs may write to it in between: each enters itself into what it finds there. What
the figures mean, this does not know.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from rimebatch.cli.clock import read_wall_time
from rimebatch.errors import HeldError, OutputError
from rimebatch.manifest.plan import Plan
from rimebatch.recorder.ledger import Ledger
from rimebatch.recorder.ledger_file import read_ledger, write_ledger
from rimebatch.recorder.reports import JobResult, Report
from rimebatch.transcript.locks import hold

_EVERY_S: Final = 5.0  # so much a crash may cost of what nothing else remembers
_WAIT_S: Final = 2.0  # others write for milliseconds, unless somebody stopped them


class Books:
    """The ledger of one run, and where it is kept.

    Args:
        ledger: Somebody else adds the reports to it.
        folder: Of the outputs.
        wall: When the run began, as RFC 3339.
        now_s: Seconds on any steady clock.
        wait_s: How long another run may take to write.
    """

    def __init__(
        self,
        ledger: Ledger,
        folder: Path,
        wall: str,
        now_s: Callable[[], float],
        *,
        wait_s: float = _WAIT_S,
    ) -> None:
        self.ledger = ledger
        self._folder = folder
        self._wall = wall
        self._now_s = now_s
        self._wait_s = wait_s
        self._tried_s: float | None = None

    def write(self) -> None:
        """Enter the ledger as it stands into the file.

        Raises:
            HeldError: Another run does so, and does not come to an end.
            OutputError: What is there cannot be read, or not be written.
        """
        self._tried_s = self._now_s()
        path = self._folder / "ledger.json"
        with hold(self._folder / "transcripts", self._wall, wait_s=self._wait_s):
            account = self.ledger.enter_into(read_ledger(path))
            write_ledger(path, account)
        self.ledger.entered(account)

    def note(self, report: Report) -> None:
        """Write the ledger if *report*, which is in it, makes that worth the while.

        It holds up the connections for as long as the disk takes.
        """
        has_cost = isinstance(report, JobResult) and report.sent_chars
        if has_cost or self._is_due:
            with suppress(OutputError, HeldError):  # if it stays so, the last one tells
                self.write()

    @property
    def _is_due(self) -> bool:
        tried_s = self._tried_s  # a run with nothing to send has not, and must not
        return tried_s is not None and self._now_s() - tried_s >= _EVERY_S


@contextmanager
def keep_books(plan: Plan, folder: Path, now_s: Callable[[], float]) -> Iterator[Books]:
    """Keep the ledger of *folder* while *plan* is run inside the context.

    However the context ends, the ledger is written; if it ends well, it is reconciled,
    too.

    Raises:
        HeldError: Another run keeps everybody from the ledger.
        OutputError: The ledger that is there cannot be read, or none be written.
    """
    wall = read_wall_time()
    books = Books(Ledger(plan, wall), folder, wall, now_s)
    if plan.missing_chars:
        books.write()
    try:
        yield books
    finally:
        if plan.missing_chars or books.ledger.total.sent_chars:
            books.write()
    books.ledger.check()
