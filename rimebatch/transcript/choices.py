"""Which take of a segment counts, where somebody has chosen.

By itself the newest take of a segment counts. A take may be rejected, by a person or by
a check, and one may be picked. Pure: where the choices of a job are kept, and who may
change them, it does not know.

A take is told by its place on record, not by what is heard: a service that speaks alike
each time gives a take of equal content for one that was rejected.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final, Self

import msgspec

from rimebatch.errors import TranscriptError
from rimebatch.transcript.entries import decode_checked, encode_checked
from rimebatch.transcript.reader import RecordedTake

FORMAT_VERSION: Final = 1

RETAKE: Final = "retake"
"""Why a take is rejected: a person asked for another one."""

FRESH: Final = "fresh"
"""Why a take is rejected: a run was to leave aside what was on record."""

BY_PERSON: Final = frozenset({RETAKE, FRESH})
"""The reasons that are a person's; any other is a check's words."""

# As `Choices.encode` writes it.
_HEAD: Final = re.compile(rb'\{"rimebatch_choices":(\d{1,9}),')


class Place(msgspec.Struct, frozen=True):
    """Where a take is on record.

    Attributes:
        transcript: The number of the transcript among those of its job.
        start: The first of its bytes there.
        digest: Of these bytes, should another file ever bear that number.
    """

    transcript: int
    start: int
    digest: str

    @classmethod
    def of(cls, take: RecordedTake) -> Self:
        """Return the place of *take*."""
        return cls(int(take.path.stem), take.record.start, take.record.digest)


class Rejection(msgspec.Struct, frozen=True):
    """A take that does not count, and why: `RETAKE`, `FRESH`, or a check's words."""

    take: Place
    why: str


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """What was chosen among the takes of one job.

    Attributes:
        rimebatch_choices: The version of the format.
        picked: The take that counts, by the key of its segment.
        rejected: The takes that do not, by the key of their segment, in the order in
            which they were rejected.
    """

    rimebatch_choices: int = FORMAT_VERSION
    picked: Mapping[str, Place] = {}
    rejected: Mapping[str, tuple[Rejection, ...]] = {}

    def reject(self, takes: Collection[RecordedTake], why: str) -> "Choices":
        """Return these choices, with *takes* rejected, and nothing picked of theirs.

        A take that was rejected before keeps the reason that it has.
        """
        rejected = dict(self.rejected)
        for take in takes:
            segment, place = take.record.segment, Place.of(take)
            before = rejected.get(segment, ())
            if place not in {rejection.take for rejection in before}:
                rejected[segment] = (*before, Rejection(place, why))
        turned_down = {take.record.segment for take in takes}
        picked = {s: place for s, place in self.picked.items() if s not in turned_down}
        return _make_choices(picked, rejected)

    def pick(self, take: RecordedTake) -> "Choices":
        """Return these choices, with *take* picked, and no longer rejected."""
        segment, place = take.record.segment, Place.of(take)
        others = [r for r in self.rejected.get(segment, ()) if r.take != place]
        return _make_choices(
            {**self.picked, segment: place}, {**self.rejected, segment: tuple(others)}
        )

    def choose(self, takes: Collection[RecordedTake]) -> dict[str, RecordedTake]:
        """Return the take of each segment that counts, by the segment's key.

        That is the one that was picked, if it is among *takes*, and otherwise the
        newest that was not rejected.

        Args:
            takes: Of one job, oldest first.
        """
        newest = {
            take.record.segment: take
            for take in takes
            if self.why_rejected(take) is None
        }
        picked = {
            take.record.segment: replace(take, picked=True)
            for take in takes
            if self.picked.get(take.record.segment) == Place.of(take)
        }
        return newest | picked

    def why_rejected(self, take: RecordedTake) -> str | None:
        """Return why *take* was rejected, or ``None``."""
        place = Place.of(take)
        rejections = self.rejected.get(take.record.segment, ())
        return next((r.why for r in rejections if r.take == place), None)

    def encode(self) -> bytes:
        """Return the file: one line of JSON."""
        return encode_checked(self) + b"\n"


def decode_choices(content: bytes) -> Choices:
    """Return the choices in a file's *content*.

    Raises:
        TranscriptError: It is damaged or something else, or a newer RimeBatch wrote it.
    """
    head = _HEAD.match(content)
    # Before all else: a later version may differ in everything that follows.
    if head and int(head[1]) > FORMAT_VERSION:
        raise TranscriptError(
            f"choices version {int(head[1])}; this RimeBatch reads up to "
            f"{FORMAT_VERSION}; please update it"
        )
    try:
        return decode_checked(content.decode().removesuffix("\n"), Choices)
    except (UnicodeDecodeError, TranscriptError):
        raise TranscriptError(
            "damaged; without it the newest take of each segment counts"
        ) from None


def _make_choices(
    picked: Mapping[str, Place], rejected: Mapping[str, tuple[Rejection, ...]]
) -> Choices:
    """Return choices in one order, so that equal ones are equal files."""
    return Choices(
        picked=dict(sorted(picked.items())),
        rejected={s: takes for s, takes in sorted(rejected.items()) if takes},
    )
