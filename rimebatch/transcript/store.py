"""Where a job's transcripts lie: one folder, numbered files, and what was chosen.

Which take counts, `rimebatch.transcript.choices` says.
"""

from collections.abc import Callable, Collection
from pathlib import Path

from rimebatch.errors import OutputError, TranscriptError
from rimebatch.files import PRIVATE, make_folder, sync_folder, write_whole
from rimebatch.transcript.choices import Choices, decode_choices
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
        """Return the take of each segment that counts, by the segment's key.

        Args:
            verify: Whether to read every byte, so that damaged takes do not count.

        Raises:
            TranscriptError: A transcript, or what was chosen, cannot be read at all.
        """
        return self.choices().choose(self.all_takes(verify=verify))

    def all_takes(self, *, verify: bool = False) -> list[RecordedTake]:
        """Return every take on record, oldest first, whether it counts or not.

        Args:
            verify: Whether to read every byte, and leave out those that are damaged.

        Raises:
            TranscriptError: A transcript cannot be read at all.
        """
        return [
            take for path in self.paths() for take in read_takes(path, verify=verify)
        ]

    def choices(self) -> Choices:
        """Return what was chosen among the takes.

        Raises:
            TranscriptError: It cannot be read, is damaged, or a newer RimeBatch wrote
                it.
        """
        try:
            return decode_choices(self._choices.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return Choices()
        except OSError as error:
            what = f"{self._choices}: cannot be read: {error.strerror}"
            raise TranscriptError(what) from error
        except TranscriptError as error:
            raise TranscriptError(f"{self._choices}: {error}") from None

    def reject(self, takes: Collection[RecordedTake], why: str) -> None:
        """Have *takes* no longer count, for good; whoever calls holds the folder.

        Args:
            takes: Any that are on record. What was picked of their segments is not
                picked any more.
            why: `choices.RETAKE`, `choices.FRESH`, or what a check has to say.

        Raises:
            TranscriptError: What was chosen before cannot be read.
            OutputError: It cannot be written.
        """
        self._keep(self.choices().reject(takes, why))

    def pick(self, take: RecordedTake) -> None:
        """Have *take* count, whatever else there is; whoever calls holds the folder.

        Raises:
            TranscriptError: What was chosen before cannot be read.
            OutputError: It cannot be written.
        """
        self._keep(self.choices().pick(take))

    @property
    def _choices(self) -> Path:
        return self.folder / "choices.json"

    def _keep(self, choices: Choices) -> None:
        if choices == self.choices():
            return
        try:
            write_whole(self._choices, choices.encode(), mode=PRIVATE)
        except OSError as error:
            raise OutputError(
                f"{self._choices}: cannot write: {error.strerror}; make room there, or "
                "make it writable"
            ) from error

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
            make_folder(self.folder, mode=0o700)
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
