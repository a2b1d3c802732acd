"""The lines of a transcript as they stand, be they entries or broken.

The reader stops at a broken line. This module goes on, and tells from the numbers which
entry each line is or was. It knows no digests of takes.
"""

from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Final, NamedTuple

from rimebatch.errors import TranscriptError
from rimebatch.transcript.entries import Entry, decode_entry, line_kind
from rimebatch.transcript.sums import LineSums

_BROKEN: Final = -9  # instead of a number, and next to none


class Line(NamedTuple):
    """A line after the header.

    Attributes:
        number: Of the entry; negative if the line is broken.
        time_ns: When; 0 if it is broken.
        kind: What it says it is; empty if it does not say.
        start: Where it begins in the file, in bytes.
        end: Where it ends, line feed included.
        flaw: What is wrong with a broken one.
    """

    number: int
    time_ns: int
    kind: str
    start: int
    end: int
    flaw: str = ""


class Placed(NamedTuple):
    """An entry where its number belongs, and the lines before it that are not.

    Attributes:
        strays: In order; broken, or with a number that belongs elsewhere.
        line: ``None`` after the last entry.
    """

    strays: list[Line]
    line: Line | None


@dataclass(slots=True)
class Lines:
    """All lines of a transcript.

    Attributes:
        lines: Those after the header.
        commits: Entries that commit or withdraw a take, whatever stands in them.
        sealed: The first entry that calls itself the trailer.
        sums: Of every line before that, the header included.
        end: How many bytes there are.
    """

    lines: list[Line] = field(default_factory=list)
    commits: list[Entry] = field(default_factory=list)
    sealed: Entry | None = None
    sums: LineSums = field(default_factory=LineSums)
    end: int = 0

    def add(self, line: bytes) -> None:
        """Take in the next line; the first one is the header."""
        if self.end:
            self._add_entry(line)
        if self.sealed is None:
            self.sums.add(line)
        self.end += len(line)

    def place(self) -> list[Placed]:
        """Return the entries that stand where their numbers belong.

        Of two signs one is enough: the number goes on from the last one in its place,
        or to the next line. So neither a damaged number, nor lines that are missing or
        broken, put what follows out of place.
        """
        placed: list[Placed] = []
        strays: list[Line] = []
        last = 0
        for line, following in zip_longest(self.lines, self.lines[1:]):
            # A broken line may be two, between which the line feed is damaged.
            goes_on = last < line.number <= last + 1 + 2 * len(strays)
            if goes_on or (following and line.number + 1 == following.number):
                placed.append(Placed(strays, line))
                strays, last = [], line.number
            else:
                strays.append(line)
        return [*placed, Placed(strays, None)]

    def _add_entry(self, line: bytes) -> None:
        is_whole = line.endswith(b"\n")
        try:
            entry = decode_entry(line if is_whole else line[:-1] + b"\n", self.end)
        except TranscriptError as error:
            # A crash leaves an unfinished line, but none behind a trailer.
            if is_whole or self.sealed:
                self._add_broken(line, str(error).partition(": ")[2])
            return
        if is_whole:
            self._add_sound(entry)
        else:  # a crash puts nothing in the place of the line feed
            self._add_broken(line, "it does not end in a line feed")

    def _add_sound(self, entry: Entry) -> None:
        line = Line(entry.number, entry.time_ns, entry.kind, entry.start, entry.end)
        self.lines.append(line)
        if entry.kind in {"take", "withdrawn"}:
            self.commits.append(entry)
        elif entry.kind == "sealed" and self.sealed is None:
            self.sealed = entry

    def _add_broken(self, line: bytes, flaw: str) -> None:
        end = self.end + len(line)
        kind = line_kind(line) or ""
        self.lines.append(Line(_BROKEN, 0, kind, self.end, end, flaw))


def read_lines(path: Path) -> Lines:
    """Return all lines of the transcript at *path*.

    A line that a crash left unfinished at the end is none.

    Raises:
        OSError: It cannot be read.
    """
    lines = Lines()
    with path.open("rb") as file:
        for line in file:
            lines.add(line)
    return lines
