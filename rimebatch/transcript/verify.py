"""What is damaged in a transcript: where, and which take that costs.

Three things tell. The form of the lines tells the entry, the digest of a commit tells
the take, and the trailer's sums tell of any line, and which it is if it is one. Damage
is named as narrowly as these allow. This module repairs nothing and judges no
conversation.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal, TypeAlias

from rimebatch.errors import TranscriptError
from rimebatch.transcript.choices import Choices
from rimebatch.transcript.entries import (
    Checked,
    Entry,
    TakeRecord,
    Trailer,
    decode_checked,
)
from rimebatch.transcript.lines import Line, Lines, read_lines
from rimebatch.transcript.reader import RecordedTake, read_header, read_takes

TakeState: TypeAlias = Literal["sound", "damaged", "withdrawn"]


@dataclass(frozen=True, slots=True)
class KnownTake:
    """A take that a transcript tells of, whether it counts or not."""

    record: TakeRecord
    state: TakeState


@dataclass(frozen=True, slots=True)
class Damage:
    """Something that is not as it was written.

    Attributes:
        what: How that shows.
        first: The entry that it is in, or the first that it may be in; 0 is the header.
        last: The last entry that it may be in.
        byte: Where the first one begins, or should.
        kind: What that one says it is; empty if it does not say, or others may be it.
        take: The number, from 1, of the take that it falls in, if it does in one.
    """

    what: str
    first: int
    last: int
    byte: int
    kind: str = ""
    take: int | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """What a transcript is found to be.

    Attributes:
        path: The transcript.
        entries: How many it holds, the trailer not counted.
        is_sealed: Whether it has a trailer; without one it was left by a crash.
        takes: In the order of the file, so that a take's number is its place.
        damages: What is not as it was written; empty if all is sound.
    """

    path: Path
    entries: int = 0
    is_sealed: bool = False
    takes: tuple[KnownTake, ...] = ()
    damages: tuple[Damage, ...] = ()


@dataclass(frozen=True, slots=True)
class TakeCounts:
    """How many takes a job has, by what they are good for.

    Attributes:
        counting: The sound take of each segment that was picked, or else the newest
            that was not rejected.
        superseded: Sound takes of segments of which another one counts.
        rejected: Sound takes that were rejected.
        withdrawn: Takes that turned out not to be whole.
        damaged: Takes that cannot be read back.
    """

    counting: int
    superseded: int
    rejected: int
    withdrawn: int
    damaged: int


def verify_transcript(path: Path) -> Verified:
    """Return what can be told of the transcript at *path* by reading every byte.

    An unreadable file is damaged, and so is one of a newer version: nothing in it can
    be told. One that was left by a crash is not, down to its unfinished last line.
    """
    try:
        sound = frozenset(take.record for take in read_takes(path, verify=True))
        lines = read_lines(path)
    except (OSError, TranscriptError) as error:
        return Verified(path, damages=(_in_header(path, error),))
    if not lines.end:  # a crash, before anything was written
        return Verified(path)
    return _Examination(path, lines, sound).report()


def count_takes(transcripts: Sequence[Verified], choices: Choices) -> TakeCounts:
    """Return what the takes of a job's *transcripts* are good for, by its *choices*."""
    takes = [(found.path, take) for found in transcripts for take in found.takes]
    states = [take.state for _, take in takes]
    sound = [RecordedTake(p, take.record) for p, take in takes if take.state == "sound"]
    counting = len(choices.choose(sound))
    rejected = sum(choices.why_rejected(take) is not None for take in sound)
    return TakeCounts(
        counting=counting,
        superseded=len(sound) - counting - rejected,
        rejected=rejected,
        withdrawn=states.count("withdrawn"),
        damaged=states.count("damaged"),
    )


class _Examination:
    """One transcript under examination.

    Args:
        path: The transcript.
        lines: All that it holds.
        sound: The takes that count in it.
    """

    def __init__(self, path: Path, lines: Lines, sound: frozenset[TakeRecord]) -> None:
        self._path = path
        self._lines = lines
        header_end = lines.lines[0].start if lines.lines else lines.end
        self._header = Line(0, 0, "header", 0, header_end)
        self._trailer = _decode(lines.sealed, Trailer)
        self._commits = {
            entry.start: _decode(entry, TakeRecord) for entry in lines.commits
        }
        self._takes = self._find_takes(sound)
        self._unreadable = self._find_unreadable()
        self._damaged_line = self._find_line()

    def report(self) -> Verified:
        """Return all that is to be told."""
        return Verified(
            path=self._path,
            entries=len(self._lines.lines) - (self._trailer is not None),
            is_sealed=self._trailer is not None,
            takes=self._takes,
            damages=tuple(self._find_damages()),
        )

    def _find_takes(self, sound: frozenset[TakeRecord]) -> tuple[KnownTake, ...]:
        listed = self._trailer.takes if self._trailer else ()
        known = {take for take in (*self._commits.values(), *listed) if take}
        withdrawn = {
            self._commits[entry.start]
            for entry in self._lines.commits
            if entry.kind == "withdrawn"
        }

        def judge(take: TakeRecord) -> TakeState:
            if take in withdrawn:
                return "withdrawn"
            return "sound" if take in sound else "damaged"

        ordered = sorted(known, key=lambda take: take.start)
        return tuple(KnownTake(take, judge(take)) for take in ordered)

    def _find_unreadable(self) -> dict[int, TakeRecord]:
        """Return the takes whose commits are damaged, by where these begin.

        The trailer knows them. Each is taken to be the first damaged line after its
        take, since a commit follows closely.
        """
        damaged = [
            line.start
            for line in self._lines.lines
            if line.flaw or self._commits.get(line.start, ...) is None
        ]
        readable = set(self._commits.values())
        lost = [take.record for take in self._takes if take.record not in readable]
        return {
            min((start for start in damaged if start >= record.end), default=-1): record
            for record in lost
        }

    def _find_line(self) -> Line | None:
        """Return the one line that is damaged, if the trailer's sums tell it."""
        if self._trailer is None:
            return None
        number = self._lines.sums.find_damaged(self._trailer.sums)
        return [self._header, *self._lines.lines][number - 1] if number else None

    def _find_damages(self) -> list[Damage]:
        """Return all damage; what digests or sums tell, only if nothing else does."""
        found = [
            self._narrow(damage)
            for damage in (
                *self._find_in_header(),
                *self._find_in_order(),
                *self._find_in_times(),
                *self._find_in_checks(),
            )
        ]
        for n, take in enumerate(self._takes, start=1):
            if take.state == "damaged" and all(damage.take != n for damage in found):
                found.append(self._narrow(self._in_take(take.record, n)))
        if not found and not self._is_whole():
            last = len(self._lines.lines) - 1
            what = "the sums over the lines are not the trailer's"
            found.append(self._narrow(Damage(what, 0, last, 0)))
        return found

    def _find_in_header(self) -> Iterator[Damage]:
        try:
            read_header(self._path)
        except TranscriptError as error:
            yield _in_header(self._path, error)

    def _find_in_order(self) -> Iterator[Damage]:
        """Yield what is broken, out of order or missing between two sound entries."""
        before = self._header
        for strays, line in self._lines.place():
            first = before.number + 1
            last = line.number - 1 if line else before.number + len(strays)
            what = kind = ""
            if strays:
                what = strays[0].flaw or f"it has number {strays[0].number}"
                kind = strays[0].kind if first >= last else ""
            elif line and first != line.number:
                what = "missing" if first <= last else f"it has number {line.number}"
            if what:
                take = self._find_take(before.end)
                yield Damage(what, first, max(first, last), before.end, kind, take)
            before = line or before

    def _find_in_times(self) -> Iterator[Damage]:
        """Yield where time goes back; which of the two is damaged, it does not tell."""
        entries = [line for _, line in self._lines.place() if line]
        for line, following in pairwise(entries):
            if line.time_ns > following.time_ns:
                what = "time goes back"
                yield Damage(what, line.number, following.number, line.start)

    def _find_in_checks(self) -> Iterator[Damage]:
        """Yield commits and a trailer that are damaged, and what stands behind it."""
        sealed = self._lines.sealed
        records = {**self._commits, **({sealed.start: self._trailer} if sealed else {})}
        for line in self._lines.lines:
            what = ""
            if line.start in records and records[line.start] is None:
                what = "its check sum differs"
            elif sealed and line.start > sealed.start and not line.flaw:
                what = "it stands behind the trailer"
            if what:
                yield self._in_line(what, line)

    def _in_line(self, what: str, line: Line) -> Damage:
        number, take = line.number, self._find_take(line.start)
        return Damage(what, number, number, line.start, line.kind, take)

    def _in_take(self, take: TakeRecord, number: int) -> Damage:
        inside = [
            entry
            for entry, line in enumerate(self._lines.lines, start=1)
            if take.start <= line.start < take.end
        ] or [len(self._lines.lines)]  # so much is missing that it lies behind the end
        what = "the digest of the take differs"
        return Damage(what, min(inside), max(inside), take.start, "", number)

    def _is_whole(self) -> bool:
        """Whether everything is as the trailer says, if there is one."""
        if self._trailer is None:
            return True
        found = len(self._lines.lines) - 1, self._lines.sums.sums
        return found == (self._trailer.entries, self._trailer.sums)

    def _narrow(self, damage: Damage) -> Damage:
        """Return *damage* in the line where the sums have it, if that may be it."""
        line = self._damaged_line
        if line and damage.first <= line.number <= damage.last:
            return self._in_line(damage.what, line)
        return damage

    def _find_take(self, byte: int) -> int | None:
        """Return the number of the take that *byte* is in, or in whose commit it is."""
        committed = self._commits.get(byte) or self._unreadable.get(byte)
        for n, take in enumerate(self._takes, start=1):
            if take.record == committed or take.record.start <= byte < take.record.end:
                return n
        return None


def _in_header(path: Path, error: Exception) -> Damage:
    return Damage(str(error).removeprefix(f"{path}: "), 0, 0, 0, "header")


def _decode(entry: Entry | None, kind: type[Checked]) -> Checked | None:
    """Return the record in *entry*; ``None`` if there is none, or it is damaged."""
    try:
        return decode_checked(entry.value, kind) if entry else None
    except TranscriptError:
        return None
