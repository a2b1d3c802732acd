"""The plan: a manifest with nothing left to decide, and what is on record for it.

Pure: it neither reads transcripts nor opens connections. What is on record is handed
in, so that the same function serves a preview, a run and a replay.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NewType

import msgspec

from rimebatch.manifest.load import DEFAULT_OUTPUT, Job, Manifest, Output
from rimebatch.manifest.segments import SegmentText, count_chars, split_text
from rimebatch.manifest.take_checks import DEFAULT_CHECKS, TakeChecks
from rimebatch.ws3.buffer import spoken_text
from rimebatch.ws3.commands import Command, Flush, Text, decode_command, encode_command
from rimebatch.ws3.query import Parameter, Query, make_query
from rimebatch.ws3.takes import BYTES_PER_SAMPLE

SegmentKey = NewType("SegmentKey", str)
"""SHA-256, in hex, of all that decides how a segment sounds."""

KEY_VERSION: Final = 1  # raise it when the meaning of a key changes

CHARS_PER_SECOND: Final = 15.0  # 66 ms a character, measured on English prose

PRICE_PER_1000_CHARS_USD: Final = 0.05  # Rime's starter plan, as published Aug 2026


@dataclass(frozen=True, slots=True)
class Segment:
    """What one flush synthesizes, or one whole script of messages.

    Attributes:
        key: Equal keys sound equal; a repeat within a job has a key of its own.
        text: What is spoken, as far as can be told before the service says it.
        start: Where it begins in the job's text, in code points; 0 for a script.
        end: Where it ends.
        paragraph: Which paragraph of the job it belongs to, from 0.
        context_id: The label it is sent under; "" for a script, which has its own.
        messages: What goes on the wire for it, in order.
        chars: How many characters that bills.
        gaps: Where the job's text has more white space than the one space of *text*:
            where in *text*, and how many characters more.
    """

    key: SegmentKey
    text: str
    start: int
    end: int
    paragraph: int
    context_id: str
    messages: tuple[str, ...]
    chars: int
    gaps: tuple[tuple[int, int], ...] = ()

    def find_source(self, start: int, end: int) -> tuple[int, int]:
        """Return where in the job's text the characters ``text[start:end]`` stand.

        They are at least one, and no space is the first or the last of them.
        """
        first, last = (
            self.start + at + sum(more for space, more in self.gaps if space < at)
            for at in (start, end - 1)
        )
        return first, last + 1


@dataclass(frozen=True, slots=True)
class PlannedJob:
    """One job, ready to record and to render.

    Attributes:
        parameters: Every synthesis argument by Rime's own name.
        query: The same as it goes on the wire.
        segments: All of them, in order.
        skipped: Pieces of the text with nothing speakable in them.
        is_script: Whether its messages are the manifest's own, sent as they stand.
        on_record: Keys that have a take on record.
        checks: What its takes must be like; no part of any key.
        output: What is rendered; no part of any key either.
        track: Its place in the album, from 1; 0 where there is none.
    """

    id: str
    title: str
    parameters: Mapping[str, Parameter]
    query: Query
    segments: tuple[Segment, ...]
    skipped: tuple[SegmentText, ...]
    is_script: bool
    on_record: frozenset[str] = frozenset()
    checks: TakeChecks = DEFAULT_CHECKS
    output: Output = DEFAULT_OUTPUT
    track: int = 0

    @property
    def rate_hz(self) -> int:
        """Frames per second of its takes."""
        return int(dict(self.query)["samplingRate"])

    def measure_s(self, audio_bytes: int) -> float | None:
        """Return how long so much audio of a take is, in seconds.

        ``None`` if it is compressed, and only decoding it would tell.
        """
        sample_bytes = BYTES_PER_SAMPLE.get(dict(self.query)["audioFormat"])
        return audio_bytes / sample_bytes / self.rate_hz if sample_bytes else None

    @property
    def missing(self) -> tuple[Segment, ...]:
        """The segments without a take on record."""
        return tuple(s for s in self.segments if s.key not in self.on_record)

    @property
    def chars(self) -> int:
        """Characters in all segments."""
        return sum(segment.chars for segment in self.segments)

    @property
    def missing_chars(self) -> int:
        """Characters that would be sent."""
        return sum(segment.chars for segment in self.missing)


@dataclass(frozen=True, slots=True)
class Plan:
    """All jobs of a manifest, or of the part of it that was asked for."""

    manifest: Manifest
    jobs: tuple[PlannedJob, ...]

    @property
    def chars(self) -> int:
        """Characters in all jobs."""
        return sum(job.chars for job in self.jobs)

    @property
    def missing_chars(self) -> int:
        """Characters that would be sent."""
        return sum(job.missing_chars for job in self.jobs)


def make_plan(
    manifest: Manifest,
    on_record: Callable[[str], Iterable[str]] = lambda _: (),
    wanted: Callable[[str], bool] = lambda _: True,
) -> Plan:
    """Return the plan of *manifest*.

    Args:
        manifest: What to say.
        on_record: From a job's id to the keys of its takes on record.
        wanted: Which jobs to plan, by id.
    """
    has_tracks = bool(manifest.output.album)
    jobs = [
        replace(
            plan_job(job, manifest.max_chars, manifest.output),
            track=number if has_tracks else 0,
        )
        for number, job in enumerate(manifest.jobs, start=1)
        if wanted(job.id)
    ]
    return Plan(manifest, tuple(mark(job, on_record(job.id)) for job in jobs))


def mark(job: PlannedJob, on_record: Iterable[str]) -> PlannedJob:
    """Return *job* with these keys, and no others, on record."""
    return replace(job, on_record=frozenset(on_record))


def plan_job(job: Job, max_chars: int, output: Output = DEFAULT_OUTPUT) -> PlannedJob:
    """Return the plan of one job, with nothing on record."""
    query = make_query(job.voice.parameters)
    pieces = [] if job.text is None else split_text(job.text, max_chars)
    if job.messages is None:
        segments = _make_segments(job.id, pieces, query)
    else:
        segments = [_make_script(job.messages, query)]
    return PlannedJob(
        id=job.id,
        title=job.title or job.id,
        parameters=job.voice.parameters,
        query=query,
        segments=tuple(segments),
        skipped=tuple(piece for piece in pieces if not piece.speakable),
        is_script=job.messages is not None,
        checks=job.checks,
        output=output,
    )


def make_key(query: Query, spoken: str | Sequence[str], occurrence: int) -> SegmentKey:
    """Return the key of what is *spoken* under *query*.

    Neither the endpoint nor the place in the text is part of it, so that takes
    survive an edit elsewhere and a move to another host.

    Args:
        query: Every parameter of it may shape the sound.
        spoken: The text, or the messages of a script.
        occurrence: How often the same was spoken before in the job: a repeat is a
            take of its own.
    """
    content = msgspec.json.encode([KEY_VERSION, sorted(query), spoken, occurrence])
    return SegmentKey(hashlib.sha256(content).hexdigest())


def _make_segments(
    job_id: str, pieces: Iterable[SegmentText], query: Query
) -> list[Segment]:
    seen: Counter[str] = Counter()
    segments = []
    for piece in pieces:
        if piece.speakable:
            key = make_key(query, piece.text, seen[piece.text])
            seen[piece.text] += 1
            segments.append(_make_segment(job_id, piece, key))
    return segments


def _make_segment(job_id: str, piece: SegmentText, key: SegmentKey) -> Segment:
    # From the key, not from the position: an edit elsewhere does not change what is
    # sent for this segment. 16 hex digits tell 65,000 segments apart with ease.
    context_id = f"{job_id}:{key[:16]}"
    commands: tuple[Command, ...] = (Text(piece.text, context_id), Flush())
    return Segment(
        key=key,
        text=piece.text,
        start=piece.start,
        end=piece.end,
        paragraph=piece.paragraph,
        context_id=context_id,
        messages=tuple(map(encode_command, commands)),
        chars=count_chars(piece.text),
        gaps=piece.gaps,
    )


def _make_script(script: Iterable[Mapping[str, str]], query: Query) -> Segment:
    messages = tuple(msgspec.json.encode(dict(message)).decode() for message in script)
    commands = [decode_command(message) for message in messages]
    texts = [command.text for command in commands if isinstance(command, Text)]
    return Segment(
        key=make_key(query, messages, occurrence=0),
        text=spoken_text(commands, dict(query)["segment"]),
        start=0,
        end=0,
        paragraph=0,
        context_id="",
        messages=messages,
        chars=sum(map(count_chars, texts)),
    )
