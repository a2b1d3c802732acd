"""Where a job's transcripts lie: one folder, numbered files, the newest take wins."""

from collections.abc import Callable
from pathlib import Path

from rimebatch.errors import OutputError
from rimebatch.files import sync_folder
from rimebatch.transcript.entries import Header
from rimebatch.transcript.reader import RecordedTake, read_takes
from rimebatch.transcript.redactor import VERBATIM, Redactor
from rimebatch.transcript.writer import TranscriptWriter


class JobTranscripts:
    """The transcripts of one job.

    Args:
        folder: Holds ``0001.jsonl`` for the first connection, and so on. It need not
            exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def paths(self) -> list[Path]:
        """Return all transcripts, oldest first."""
        numbered = (p for p in self.folder.glob("*.jsonl") if p.stem.isdecimal())
        return sorted(numbered, key=_number)

    def takes(self, *, verify: bool = False) -> dict[str, RecordedTake]:
        """Return the newest take of each segment, by the segment's key.

        Args:
            verify: Whether to read every byte, so that damaged takes do not count.

        Raises:
            TranscriptError: A transcript cannot be read at all.
        """
        takes = [
            take for path in self.paths() for take in read_takes(path, verify=verify)
        ]
        return {take.record.segment: take for take in takes}

    def create(
        self,
        make_header: Callable[[int], Header],
        clock_ns: Callable[[], int],
        redactor: Redactor = VERBATIM,
    ) -> TranscriptWriter:
        """Open the transcript of the next attempt, for this user alone.

        Args:
            make_header: From the number of the attempt to the first line.
            clock_ns: Nanoseconds since the connection was begun.
            redactor: What is kept out of it.

        Raises:
            OutputError: The folder or the file cannot be made.
        """
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"{self.folder}: cannot make the folder: {error.strerror}"
            ) from error
        paths = self.paths()
        attempt = _number(paths[-1]) + 1 if paths else 1
        path = self.folder / f"{attempt:04d}.jsonl"
        writer = TranscriptWriter(path, make_header(attempt), clock_ns, redactor)
        try:
            sync_folder(self.folder)
        except OSError as error:
            writer.seal()
            raise OutputError(
                f"{self.folder}: cannot sync the folder: {error.strerror}"
            ) from error
        return writer


def _number(path: Path) -> int:
    return int(path.stem)
