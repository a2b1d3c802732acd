"""One job's files, from its plan and its takes on record."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rimebatch.errors import AudioError, TranscriptError
from rimebatch.files import staged
from rimebatch.manifest.plan import PlannedJob, Segment
from rimebatch.renderer.checks import Finding, check_take
from rimebatch.renderer.decoding import Decoded, decode_audio, most_frames
from rimebatch.renderer.publish import cannot_write, discard, publish
from rimebatch.renderer.sidecar import digest_inputs, make_sidecar, read_stamp
from rimebatch.renderer.sound import is_whole, open_sound
from rimebatch.renderer.takes import Sound, read_sound
from rimebatch.renderer.timeline import PlacedTake, place
from rimebatch.transcript.reader import RecordedTake, read_messages


@dataclass(frozen=True, slots=True)
class RenderedJob:
    """The files of a job.

    Attributes:
        audio: The audio file.
        sidecar: The word times.
        frames: Length of the audio.
        rate_hz: Frames per second.
    """

    audio: Path
    sidecar: Path
    frames: int
    rate_hz: int

    @property
    def seconds(self) -> float:
        """Length of the audio in seconds."""
        return self.frames / self.rate_hz


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


@dataclass(frozen=True, slots=True)
class StagedJob:
    """The files of a job, complete, but not yet under their names.

    Attributes:
        rendered: What they will be once they are published.
        doubts: The takes in them that failed their checks, in order.
        passes: Whether they may be published: there are no doubts, or they are a mere
            warning.
    """

    rendered: RenderedJob
    doubts: tuple[Doubt, ...]
    passes: bool

    def publish(self) -> RenderedJob:
        """Move the files into place, for good.

        Raises:
            OutputError: They cannot be moved.
        """
        publish((self.rendered.audio, self.rendered.sidecar))
        return self.rendered


def is_rendered(
    job: PlannedJob, takes: Mapping[str, RecordedTake], folder: Path
) -> RenderedJob | None:
    """Return the files of *job* if they are whole and made of exactly these takes."""
    if _count_missing(job, takes):
        return None
    audio, sidecar = name_files(job, folder)
    stamp = read_stamp(sidecar)
    if stamp is None or stamp.inputs_sha256 != digest_inputs(job, takes):
        return None
    frames = stamp.audio.frames
    if not is_whole(audio, frames):
        return None
    return RenderedJob(audio, sidecar, frames, _rate_hz(job))


@contextmanager
def stage_job(
    job: PlannedJob, takes: Mapping[str, RecordedTake], folder: Path
) -> Iterator[StagedJob]:
    """Write the files of *job* out of sight; leaving the context removes them.

    Args:
        job: What was said.
        takes: The take of each segment, by its key.
        folder: Where the files will be. Earlier ones stay as they are until the new
            ones are published.

    Raises:
        TranscriptError: A take is missing or damaged.
        AudioError: A take is not sound of the format that was asked for.
        RemoteProtocolError: A take holds a message that is no event.
        OutputError: A file cannot be written.
    """
    if count := _count_missing(job, takes):
        raise TranscriptError(
            f"{job.id}: {count} of {len(job.segments)} segments are not on record"
        )
    audio, sidecar = finals = name_files(job, folder)
    rate_hz = _rate_hz(job)
    try:
        placed, doubts = _write_audio(job, takes, audio)
        _write_file(sidecar, make_sidecar(job, takes, placed, audio.name, rate_hz))
        rendered = RenderedJob(audio, sidecar, placed[-1].end, rate_hz)
        yield StagedJob(rendered, doubts, not doubts or job.checks.on_fail == "warn")
    finally:
        discard(finals)


def render_job(
    job: PlannedJob, takes: Mapping[str, RecordedTake], folder: Path
) -> RenderedJob:
    """Write the files of *job* into *folder*, whatever its takes are like.

    Raises:
        RimeBatchError: Whatever `stage_job` raises.
    """
    with stage_job(job, takes, folder) as staged:
        return staged.publish()


def _count_missing(job: PlannedJob, takes: Mapping[str, RecordedTake]) -> int:
    return sum(segment.key not in takes for segment in job.segments)


def name_files(job: PlannedJob, folder: Path) -> tuple[Path, Path]:
    """Return where the audio and the sidecar of *job* are, or would be."""
    return folder / f"{job.id}.wav", folder / f"{job.id}.words.json"


def _audio_format(job: PlannedJob) -> str:
    return dict(job.query)["audioFormat"]


def _rate_hz(job: PlannedJob) -> int:
    return int(dict(job.query)["samplingRate"])


def _write_audio(
    job: PlannedJob, takes: Mapping[str, RecordedTake], final: Path
) -> tuple[list[PlacedTake], tuple[Doubt, ...]]:
    """Stage the audio, one take in memory at a time.

    Returns:
        Where each take lies, and the doubts there are about them.
    """
    rate_hz = _rate_hz(job)
    audio_bytes = sum(takes[s.key].record.audio_bytes for s in job.segments)
    frames = most_frames(_audio_format(job), audio_bytes, rate_hz)
    placed, doubts = [], []
    with open_sound(final, rate_hz, frames, job.title) as sound:
        for number, segment in enumerate(job.segments, start=1):
            take = takes[segment.key]
            try:
                heard = _read_take(take, job)
            except AudioError as error:
                where = f"segment {number} of {len(job.segments)}, {_name_take(take)}"
                raise AudioError(f"{where}: {error}") from error
            if findings := _check(take, job, segment, heard):
                doubts.append(Doubt(number, segment, take, findings))
            placed.append(place(heard, sound.frames, rate_hz))
            sound.write(heard.samples)
    return placed, tuple(doubts)


def _check(
    take: RecordedTake, job: PlannedJob, segment: Segment, heard: Sound
) -> tuple[Finding, ...]:
    """Return what is wrong with *take*; one that a person picked is right."""
    return () if take.picked else check_take(job, segment, heard)


def _read_take(take: RecordedTake, job: PlannedJob) -> Sound:
    def decode(audio: bytes, marks: Sequence[int]) -> Decoded:
        if len(audio) != take.record.audio_bytes:
            raise TranscriptError(
                f"{_name_take(take)} holds {len(audio)} bytes of audio where its "
                f"commit promises {take.record.audio_bytes}"
            )
        return decode_audio(take, audio, marks, _audio_format(job), _rate_hz(job))

    return read_sound(read_messages(take), decode, is_script=job.is_script)


def _name_take(take: RecordedTake) -> str:
    return f"{take.path}: take {take.record.id[:12]}"


def _write_file(final: Path, content: bytes) -> None:
    try:
        staged(final).write_bytes(content)
    except OSError as error:
        raise cannot_write(final, error) from error
