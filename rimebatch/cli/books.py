"""The ledger of an output folder, kept up to date while a run goes on.

It is written when a run begins, whenever a job ends that cost something, and last. A
run with nothing to send leaves it alone. What the figures mean, it does not know.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rimebatch.cli.clock import read_wall_time
from rimebatch.errors import OutputError
from rimebatch.manifest.plan import Plan
from rimebatch.recorder.ledger import Ledger
from rimebatch.recorder.ledger_file import read_ledger, write_ledger
from rimebatch.recorder.reports import JobResult, Report


class Books:
    """The ledger of one run, and where it is kept.

    Args:
        ledger: Somebody else adds the reports to it.
        path: The file.
    """

    def __init__(self, ledger: Ledger, path: Path) -> None:
        self.ledger = ledger
        self._path = path

    def write(self) -> None:
        """Write the ledger as it stands.

        Raises:
            OutputError: It cannot be written.
        """
        write_ledger(self._path, self.ledger.account)

    def note(self, report: Report) -> None:
        """Write the ledger if *report*, which is in it, ends a job that cost anything.

        It holds up the connections for as long as the disk takes, once for each job.
        """
        if isinstance(report, JobResult) and report.sent_chars:
            with suppress(OutputError):  # if it stays so, writing it last tells
                self.write()


@contextmanager
def keep_books(plan: Plan, folder: Path) -> Iterator[Books]:
    """Keep the ledger of *folder* while *plan* is run inside the context.

    The folder is held by then. However the context ends, the ledger is written; if it
    ends well, it is reconciled, too.

    Raises:
        OutputError: The ledger that is there cannot be read, or none be written.
    """
    path = folder / "ledger.json"
    books = Books(Ledger(plan, read_wall_time(), read_ledger(path)), path)
    if plan.missing_chars:
        books.write()
    try:
        yield books
    finally:
        if plan.missing_chars or books.ledger.total.sent_chars:
            books.write()
    books.ledger.check()
