"""Why each segment that will be sent is sent, told from the plan that was last run.

Pure: two plans in, reasons out. What is on record is in the plan; what takes sound
like, and where the plan that was last run is kept, it does not know.

Theory of operation. A segment is told by what it says and by how often the job has said
that before, which is its key without the query. One that the last plan has as well is
sent for the sake of the query, or because its take is gone. For any other, the
paragraphs of both plans are aligned: where a paragraph took the place of another, its
text has changed; where it took the place of none, it is new.
"""

from collections import Counter
from collections.abc import Collection, Hashable, Iterator
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import groupby
from typing import Final, TypeAlias

from rimebatch.manifest.plan import PlannedJob, Segment, SegmentKey
from rimebatch.ws3.query import Query

_VOICE: Final = frozenset({"speaker", "modelId", "lang"})

_Saying: TypeAlias = tuple[Hashable, int]
"""What a segment says, and how often the job has said it before."""


class Reason(StrEnum):
    """Why a segment is sent."""

    NEW = "new"  # the last plan had nothing in its place
    TEXT_CHANGED = "text changed"
    VOICE_CHANGED = "voice changed"  # the speaker, the model or the language
    PARAMETER_CHANGED = "parameter changed"
    REJECTED = "previous take rejected"
    FRESH = "fresh"  # nothing changed; a person wants it anew
    NOT_ON_RECORD = "not on record"  # planned before, and not recorded or damaged since


@dataclass(frozen=True, slots=True)
class Why:
    """Why one segment is sent.

    Attributes:
        reason: In a word.
        parameters: Names of the parameters that changed, if they are the reason.
    """

    reason: Reason
    parameters: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.parameters:
            return f"{self.reason}: {', '.join(self.parameters)}"
        return self.reason


def find_reasons(
    job: PlannedJob,
    before: PlannedJob | None,
    rejected: Collection[str] = (),
    fresh: Collection[str] = (),
) -> dict[SegmentKey, Why]:
    """Return why each segment of *job* that is not on record is sent, in their order.

    Args:
        job: As planned now, with what is on record.
        before: As planned when it was last run; ``None`` if it never was.
        rejected: Keys of segments whose takes somebody, or a check, has turned down.
        fresh: Keys of segments whose takes a run was told to leave aside.
    """
    last = before or replace(job, segments=())
    changed = _changed_parameters(job.query, last.query)
    said_before = {saying for saying, _ in _sayings(last)}
    replaced = _replaced_paragraphs(job, last)

    def find(saying: _Saying, segment: Segment) -> Why:
        if segment.key in rejected:
            return Why(Reason.REJECTED)
        if saying in said_before and changed:
            return _blame(changed)
        if saying in said_before:
            return Why(Reason.FRESH if segment.key in fresh else Reason.NOT_ON_RECORD)
        is_replaced = segment.paragraph in replaced
        return Why(Reason.TEXT_CHANGED if is_replaced else Reason.NEW)

    return {
        segment.key: find(saying, segment)
        for saying, segment in _sayings(job)
        if segment.key not in job.on_record
    }


def _sayings(job: PlannedJob) -> Iterator[tuple[_Saying, Segment]]:
    """Yield every segment of *job* with its saying."""
    seen: Counter[Hashable] = Counter()
    for segment in job.segments:
        # A text's messages hold a label made of its key, and that of the query.
        spoken = segment.messages if job.is_script else segment.text
        yield (spoken, seen[spoken]), segment
        seen[spoken] += 1


def _changed_parameters(now: Query, before: Query) -> tuple[str, ...]:
    """Return the names of what is not the same in both, in the order of the wire."""
    names = [name for name, _ in (*now, *before)]
    new, old = dict(now), dict(before)
    return tuple(n for n in dict.fromkeys(names) if new.get(n) != old.get(n))


def _blame(changed: tuple[str, ...]) -> Why:
    """Return the reason that lies in these parameters."""
    is_voice = not _VOICE.isdisjoint(changed)
    return Why(Reason.VOICE_CHANGED if is_voice else Reason.PARAMETER_CHANGED, changed)


def _replaced_paragraphs(job: PlannedJob, before: PlannedJob) -> set[int]:
    """Return which paragraphs of *job* stand where *before* had another."""
    numbers, new = _paragraphs(job)
    _, old = _paragraphs(before)
    return {
        numbers[at]
        for what, i1, i2, j1, j2 in SequenceMatcher(a=old, b=new).get_opcodes()
        if what == "replace"
        for at in range(j1, min(j2, j1 + i2 - i1))  # what is beyond came on top
    }


def _paragraphs(job: PlannedJob) -> tuple[list[int], list[Hashable]]:
    """Return the numbers of the paragraphs of *job*, and what each says."""
    groups = groupby(_sayings(job), key=lambda said: said[1].paragraph)
    found = [(n, tuple(spoken for (spoken, _), _ in said)) for n, said in groups]
    return [number for number, _ in found], [spoken for _, spoken in found]
