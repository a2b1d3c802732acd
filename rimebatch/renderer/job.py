"""One job's files, from its plan and its takes on record."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rimebatch.errors import TranscriptError
from rimebatch.manifest.plan import PlannedJob
from rimebatch.renderer.publish import cannot_write, discard, publish, staged
from rimebatch.renderer.sidecar import digest_inputs, make_sidecar, read_digest
from rimebatch.renderer.sound import is_whole, open_sound
from rimebatch.renderer.takes import SAMPLE_BYTES, Sound, read_sound
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


def is_rendered(
    job: PlannedJob, takes: Mapping[str, RecordedTake], folder: Path
) -> RenderedJob | None:
    """Return the files of *job* if they are whole and made of exactly these takes."""
    if _count_missing(job, takes):
        return None
    rendered = _name_files(job, takes, folder)
    is_current = read_digest(rendered.sidecar) == digest_inputs(job, takes)
    return (
        rendered if is_current and is_whole(rendered.audio, rendered.frames) else None
    )


def render_job(
    job: PlannedJob, takes: Mapping[str, RecordedTake], folder: Path
) -> RenderedJob:
    """Write the audio and the sidecar of *job* into *folder*.

    Args:
        job: What was said.
        takes: The take of each segment, by its key.
        folder: Where the files go. Earlier ones stay as they are until the new ones
            are complete.

    Raises:
        TranscriptError: A take is missing or damaged.
        AudioError: A take does not end with a whole sample.
        RemoteProtocolError: A take holds a message that is no event.
        OutputError: A file cannot be written.
    """
    if count := _count_missing(job, takes):
        raise TranscriptError(
            f"{job.id}: {count} of {len(job.segments)} segments are not on record"
        )
    rendered = _name_files(job, takes, folder)
    finals = (rendered.audio, rendered.sidecar)
    try:
        placed = _write_audio(job, takes, rendered)
        sidecar = make_sidecar(
            job, takes, placed, rendered.audio.name, rendered.rate_hz
        )
        _write_file(rendered.sidecar, sidecar)
        publish(finals)
    finally:
        discard(finals)
    return rendered


def _count_missing(job: PlannedJob, takes: Mapping[str, RecordedTake]) -> int:
    return sum(segment.key not in takes for segment in job.segments)


def _name_files(
    job: PlannedJob, takes: Mapping[str, RecordedTake], folder: Path
) -> RenderedJob:
    audio_bytes = sum(takes[s.key].record.audio_bytes for s in job.segments)
    return RenderedJob(
        audio=folder / f"{job.id}.wav",
        sidecar=folder / f"{job.id}.words.json",
        frames=audio_bytes // SAMPLE_BYTES,
        rate_hz=int(dict(job.query)["samplingRate"]),
    )


def _write_audio(
    job: PlannedJob, takes: Mapping[str, RecordedTake], rendered: RenderedJob
) -> list[PlacedTake]:
    """Stage the audio, one take in memory at a time, and return where each lies."""
    placed = []
    with open_sound(
        rendered.audio, rendered.rate_hz, rendered.frames, job.title
    ) as sound:
        for segment in job.segments:
            heard = _read_take(takes[segment.key], is_script=job.is_script)
            placed.append(place(heard, sound.frames, rendered.rate_hz))
            sound.write(heard.samples)
    return placed


def _read_take(take: RecordedTake, *, is_script: bool) -> Sound:
    heard = read_sound(read_messages(take), is_script=is_script)
    audio_bytes = len(heard.samples) * SAMPLE_BYTES
    if audio_bytes != take.record.audio_bytes:
        raise TranscriptError(
            f"{take.path}: take {take.record.id[:12]} holds {audio_bytes} bytes of "
            f"audio where its commit promises {take.record.audio_bytes}"
        )
    return heard


def _write_file(final: Path, content: bytes) -> None:
    try:
        staged(final).write_bytes(content)
    except OSError as error:
        raise cannot_write(final, error) from error
