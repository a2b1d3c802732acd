"""A job played again from its transcripts, by the code that recorded it.

Each attempt is played to a session that asks for what was asked then, into a transcript
of its own; the job's files are then made of those, and compared with the files that are
there. Nothing is sent, and nothing outside the scratch folder is written.

Theory of operation. A transcript tells what a session said and heard, and neither what
else it would have said nor why it stopped. So where it broke off, by Ctrl-C, by an
error of its own, or since the line had ended, the session of now is let go on, and
meets the end that is on record. Messages that no plan made, those of a script or of
another client, are said again as they stand, and answered in one take.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import trio

from rimebatch.errors import RemoteProtocolError, RimeBatchError
from rimebatch.manifest.plan import PlannedJob, Segment, SegmentKey
from rimebatch.manifest.segments import count_chars
from rimebatch.recorder.folders import transcripts_of
from rimebatch.recorder.session import Manners, Session, Unwatched
from rimebatch.recorder.transports.clock import start_clock
from rimebatch.recorder.transports.replay import Replay
from rimebatch.renderer import Difference, compare_files
from rimebatch.renderer.job_files import name_files
from rimebatch.replay import (
    Divergence,
    Ended,
    Heard,
    Recording,
    ReplayOptions,
    Sent,
    read_recording,
)
from rimebatch.transcript import (
    JobTranscripts,
    RecordedTake,
    TakeRecord,
    TranscriptWriter,
    read_takes,
)
from rimebatch.transcript.verify import Damage, Verified, verify_transcript
from rimebatch.ws3.commands import Command, Eos, Flush, Text, decode_command
from rimebatch.ws3.takes import BYTES_PER_SAMPLE

_NORMAL: Final = 1000  # with which a session closes when it is through

# A context id as `rimebatch.manifest.plan` makes it: of the job and of the key.
_PLANNED: Final = re.compile(r".+:[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class PlayedAttempt:
    """One transcript, played to its end.

    Attributes:
        transcript: Its path.
        messages: How many are on record, of both sides.
        unplayed: How many of them were not said, or not heard, this time.
        takes: How many came of it.
        seconds: How long it took, in the time of the replay.
        error: How the session failed, if it did; it may have then, too.
        divergences: Where the session left the record.
        changed: How its takes are not those on record, a line for each.
        damages: What is damaged in the transcript.
    """

    transcript: str
    messages: int
    unplayed: int
    takes: int
    seconds: float
    error: str | None
    divergences: tuple[Divergence, ...]
    changed: tuple[str, ...]
    damages: tuple[Damage, ...]

    @property
    def agrees(self) -> bool:
        """Whether it went as recorded, by a record that is sound."""
        return not (self.unplayed or self.divergences or self.changed or self.damages)


@dataclass(frozen=True, slots=True)
class PlayedJob:
    """A job, played from all of its transcripts.

    Attributes:
        attempts: One for each transcript, oldest first.
        missing: How many segments of its plan have no take, so that its files cannot
            be made.
        differences: Between its files and those made of the replay; ``None`` if that
            was not asked.
    """

    attempts: tuple[PlayedAttempt, ...]
    missing: int = 0
    differences: tuple[Difference, ...] | None = None

    @property
    def agrees(self) -> bool:
        """Whether everything went as recorded, and every file is what it makes."""
        return not self.differences and all(a.agrees for a in self.attempts)


async def replay_job(
    recordings: Iterable[tuple[Path, Callable[[], Recording]]],
    scratch: Path,
    options: ReplayOptions,
    plan: PlannedJob | None = None,
    folder: Path | None = None,
) -> PlayedJob:
    """Play every attempt at a job, and compare its files with those in *folder*.

    Files that are there although not all of the plan is on record differ as well.

    Args:
        recordings: The transcripts, oldest first, and how to read each.
        scratch: An empty folder for what is recorded.
        options: How they are played.
        plan: What the files are made by; without it nothing is compared.
        folder: Where they are.

    Raises:
        RimeBatchError: A transcript cannot be read, or a file not be made.
    """
    transcripts = JobTranscripts(scratch)
    attempts = [
        await _replay_attempt(path, read(), transcripts, options)
        for path, read in recordings
    ]
    if plan is None or folder is None:
        return PlayedJob(tuple(attempts))
    kept = transcripts_of(folder, plan.id)
    paths = [Path(attempt.transcript) for attempt in attempts]
    takes = await trio.to_thread.run_sync(_choose_alike, kept, paths, transcripts)
    missing = sum(segment.key not in takes for segment in plan.segments)
    if missing:
        what = f"{missing} of {len(plan.segments)} segments are not on record"
        stale = [file for file in name_files(plan, folder).all if file.exists()]
        differences = [Difference(file, what) for file in stale]
    else:
        differences = await trio.to_thread.run_sync(compare_files, plan, takes, folder)
    return PlayedJob(tuple(attempts), missing, tuple(differences))


def _choose_alike(
    kept: JobTranscripts, recorded: Iterable[Path], played: JobTranscripts
) -> dict[str, RecordedTake]:
    """Return the takes *played* that count by what was chosen among those *kept*.

    Each transcript that was *recorded* is one *played*, in this order, and a session
    asks for a segment once.
    """
    twins: dict[RecordedTake, RecordedTake] = {}
    for then, now in zip(recorded, played.paths(), strict=True):
        on_record = {take.record.segment: take for take in read_takes(then)}
        for take in read_takes(now):
            twins[on_record.get(take.record.segment, take)] = take
    chosen = kept.choices().choose(twins)
    return {
        key: replace(twins[replace(take, picked=False)], picked=take.picked)
        for key, take in chosen.items()
    }


async def _replay_attempt(
    path: Path,
    recording: Recording,
    transcripts: JobTranscripts,
    options: ReplayOptions,
) -> PlayedAttempt:
    verified = await trio.to_thread.run_sync(verify_transcript, path)
    keys = {take.record.context_id: take.record.segment for take in verified.takes}
    segments, is_script = find_segments(recording, keys)
    recording = _free_at_end(recording, is_script=is_script)
    manners = _make_manners(recording, options.pace, is_script=is_script)
    replay = Replay([recording], options)
    start_s = trio.current_time()
    with transcripts.create(
        lambda _: recording.header,
        start_clock(),
    ) as transcript:
        error = await _record(segments, replay, recording, transcript, manners)
    made = await trio.to_thread.run_sync(read_takes, transcript.path)
    again = await trio.to_thread.run_sync(read_recording, transcript.path)
    return PlayedAttempt(
        transcript=str(path),
        messages=_count(recording, Sent, Heard),
        unplayed=_count_unplayed(recording, again),
        takes=len(made),
        seconds=trio.current_time() - start_s,
        error=None if error is None else str(error),
        divergences=tuple(replay.divergences),
        changed=tuple(_find_changed(recording, verified, made)),
        damages=verified.damages,
    )


async def _record(
    segments: Iterable[Segment],
    replay: Replay,
    recording: Recording,
    transcript: TranscriptWriter,
    manners: Manners,
) -> RimeBatchError | None:
    """Have *segments* spoken by *replay* of *recording*; return what went wrong."""
    try:
        async with replay.connect(recording.header.query, transcript) as line:
            await Session(line, transcript, manners, Unwatched()).record(segments)
    except RimeBatchError as error:
        return error
    return None


def find_segments(
    recording: Recording, keys: Mapping[str, str]
) -> tuple[tuple[Segment, ...], bool]:
    """Return what the client asked for in *recording*, and whether it was a script.

    Args:
        recording: What a session said, or another client.
        keys: Of the segments whose takes are known, by context id; another one has
            its context id for a key.
    """
    messages = [step.message for step in recording.steps if isinstance(step, Sent)]
    said = list(map(_decode, messages))
    if said and isinstance(said[-1], Eos):
        said.pop()  # the session says it by itself
    texts = [
        command
        for command in said[::2]
        if isinstance(command, Text) and _PLANNED.fullmatch(command.context_id or "")
    ]
    flushes = [command for command in said[1::2] if isinstance(command, Flush)]
    if len(texts) + len(flushes) < len(said):
        return (_make_segment(Text(""), messages, keys),), True
    pairs = [messages[n : n + 2] for n in range(0, len(said), 2)]
    segments = (
        _make_segment(text, pair, keys) for text, pair in zip(texts, pairs, strict=True)
    )
    return tuple(segments), False


def _decode(message: str) -> Command | None:
    try:
        return decode_command(message)
    except RemoteProtocolError:
        return None


def _make_segment(
    text: Text, messages: Sequence[str], keys: Mapping[str, str]
) -> Segment:
    context_id = text.context_id or ""
    return Segment(
        key=SegmentKey(keys.get(context_id, context_id)),
        text=text.text,
        start=0,
        end=0,
        paragraph=0,
        context_id=context_id,
        messages=tuple(messages),
        chars=count_chars(text.text),
    )


def _free_at_end(recording: Recording, *, is_script: bool) -> Recording:
    """Return *recording* as it is played to a session that nothing keeps from going on.

    One that is through says ``eos``, hears all, and closes; a script is through when
    the server closes. Where it came otherwise, the session is free once it has said
    what is on record, and the end happens to it, whoever made it then.
    """
    free_from, says_eos = 0, False
    for place, step in enumerate(recording.steps):
        if isinstance(step, Sent):
            free_from, says_eos = place + 1, isinstance(_decode(step.message), Eos)
        elif isinstance(step, Ended):
            if step.by == "server":
                is_through = says_eos or is_script
            else:
                is_through = says_eos and step.code == _NORMAL and not is_script
            if is_through:
                break
            steps = (*recording.steps[:place], replace(step, by="server"))
            return replace(recording, steps=steps, faulty_from=free_from)
    return recording


def _make_manners(recording: Recording, pace: float, *, is_script: bool) -> Manners:
    """Return the manners of the session, whose limits stretch with the time."""
    recorded, query = recording.header.manners, dict(recording.header.query)
    usual, stretch = Manners(), max(1.0, pace)
    silence_limit_s = recorded.silence_limit_s if recorded else math.inf
    return Manners(
        done=recorded.done if recorded else usual.done,
        bytes_per_sample=BYTES_PER_SAMPLE.get(query.get("audioFormat", ""), 1),
        silence_limit_s=silence_limit_s * stretch,
        quiet_s=usual.quiet_s * stretch,
        close_s=usual.close_s * stretch,
        is_script=is_script,
    )


def _count(recording: Recording, *kinds: type[Sent | Heard]) -> int:
    return sum(isinstance(step, kinds) for step in recording.steps)


def _count_unplayed(then: Recording, now: Recording) -> int:
    """Return how many messages of *then* are not in *now*.

    A session that fails leaves what came after that unheard. It did so then, if its
    takes are the same; but of another client nobody knows its takes.
    """
    kinds = (Sent,) if then.header.vantage == "client" else (Sent, Heard)
    return max(0, _count(then, *kinds) - _count(now, *kinds))


def _find_changed(
    recording: Recording, verified: Verified, made: Iterable[RecordedTake]
) -> Iterator[str]:
    """Yield how the takes *made* of *recording* are not those of its transcript.

    Nobody commits the takes of another client, nor one that was complete just when the
    recorder broke off.
    """
    now = {take.record.segment: take.record for take in made}
    for take in verified.takes:
        again = now.pop(take.record.segment, None)
        if take.state == "sound" and again is None:
            yield f"{_name(take.record)} did not come again"
        elif take.state == "sound" and again and again.id != take.record.id:
            yield f"{_name(take.record)} came out different"
        elif take.state == "withdrawn" and again:
            yield f"{_name(take.record)} was withdrawn then"
    is_own = recording.header.vantage == "client"
    if is_own and verified.is_sealed and recording.faulty_from is None:
        yield from (f"{_name(take)} is not on record" for take in now.values())


def _name(take: TakeRecord) -> str:
    return f"the take of {take.context_id or 'the script'}"
