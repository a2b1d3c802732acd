"""The audio of a job as its takes have it, one in memory at a time.

Takes and pauses in a row, at the rate of the service; what becomes of that, and in
which files, it does not know.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rimebatch.errors import AudioError, TranscriptError
from rimebatch.manifest.plan import PlannedJob, Segment
from rimebatch.renderer.checks import Finding, check_take
from rimebatch.renderer.decoding import Decoded, decode_audio, most_frames
from rimebatch.renderer.sound import BLOCK_FRAMES
from rimebatch.renderer.takes import Sound, read_sound
from rimebatch.renderer.timeline import PlacedJob, PlacedTake, find_pauses, place
from rimebatch.renderer.trimming import find_kept
from rimebatch.transcript.reader import RecordedTake, read_events


@dataclass(frozen=True, slots=True)
class Doubt:
    """A take that failed its checks.

    Attributes:
        number: Of its segment, from 1.
        segment: What it was to say.
        take: The take.
        findings: What is wrong with it; at least one.
    """

    number: int
    segment: Segment
    take: RecordedTake
    findings: tuple[Finding, ...]


class Mix:
    """The audio of a job, and what is found out about it on the way.

    Args:
        job: What was said.
        takes: The take of each segment, by its key.
    """

    def __init__(self, job: PlannedJob, takes: Mapping[str, RecordedTake]) -> None:
        self._job = job
        self._takes = takes
        self._placed: list[PlacedTake] = []
        self._doubts: list[Doubt] = []
        self._frames = 0

    @property
    def most_frames(self) -> int:
        """How long it is, or longer."""
        job = self._job
        audio_bytes = sum(
            self._takes[segment.key].record.audio_bytes for segment in job.segments
        )
        spoken = most_frames(_audio_format(job), audio_bytes, job.rate_hz)
        return spoken + sum(find_pauses(job))

    @property
    def placed(self) -> PlacedJob:
        """Where everything lies, once it has been read."""
        return PlacedJob(tuple(self._placed), self._frames, self._job.rate_hz)

    @property
    def doubts(self) -> tuple[Doubt, ...]:
        """What there is against takes, once they have been read, in order."""
        return tuple(self._doubts)

    def read(self) -> Iterator[NDArray[np.int16]]:
        """Yield the audio, from its beginning, in blocks of at most `BLOCK_FRAMES`.

        Raises:
            TranscriptError: A take is damaged.
            AudioError: It is not sound of the format that was asked for.
            RemoteProtocolError: It holds a message that is no event.
        """
        self._placed, self._doubts, self._frames = [], [], 0
        for piece in self._read_pieces():
            self._frames += len(piece)
            for start in range(0, len(piece), BLOCK_FRAMES):
                yield piece[start : start + BLOCK_FRAMES]

    def _read_pieces(self) -> Iterator[NDArray[np.int16]]:
        *before, last = find_pauses(self._job)
        for number, pause in enumerate(before, start=1):
            yield np.zeros(pause, np.int16)
            yield self._read_take(number)
        yield np.zeros(last, np.int16)

    def _read_take(self, number: int) -> NDArray[np.int16]:
        job, segment = self._job, self._job.segments[number - 1]
        take = self._takes[segment.key]
        try:
            heard = _hear(take, job)
        except AudioError as error:
            where = f"segment {number} of {len(job.segments)}, {_name_take(take)}"
            raise AudioError(f"{where}: {error}") from error
        if findings := _check(take, job, segment, heard):
            self._doubts.append(Doubt(number, segment, take, findings))
        kept = find_kept(heard.samples, job.output.trim, job.rate_hz)
        self._placed.append(place(heard, segment.text, self._frames, job.rate_hz, kept))
        return heard.samples[kept.start : kept.stop]


def _check(
    take: RecordedTake, job: PlannedJob, segment: Segment, heard: Sound
) -> tuple[Finding, ...]:
    """Return what is wrong with *take*; one that a person picked is right."""
    return () if take.picked else check_take(job, segment, heard)


def _hear(take: RecordedTake, job: PlannedJob) -> Sound:
    def decode(audio: bytes, marks: Sequence[int]) -> Decoded:
        if len(audio) != take.record.audio_bytes:
            raise TranscriptError(
                f"{_name_take(take)} holds {len(audio)} bytes of audio where its "
                f"commit promises {take.record.audio_bytes}"
            )
        return decode_audio(take, audio, marks, _audio_format(job), job.rate_hz)

    return read_sound(read_events(take), decode, is_script=job.is_script)


def _audio_format(job: PlannedJob) -> str:
    return dict(job.query)["audioFormat"]


def _name_take(take: RecordedTake) -> str:
    return f"{take.path}: take {take.record.id[:12]}"
