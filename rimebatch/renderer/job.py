"""One job's files, from its plan and its takes on record."""

import filecmp
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rimebatch.errors import TranscriptError
from rimebatch.files import staged
from rimebatch.manifest.plan import PlannedJob
from rimebatch.renderer.captions import CAPTIONS
from rimebatch.renderer.job_files import RenderedJob, list_names, name_files
from rimebatch.renderer.mastering import find_rate_hz, master
from rimebatch.renderer.mix import Doubt, Mix
from rimebatch.renderer.publish import cannot_write, discard, publish
from rimebatch.renderer.sidecar import digest_inputs, make_sidecar, read_stamp
from rimebatch.renderer.sound import is_whole
from rimebatch.renderer.spoken import SpokenJob
from rimebatch.renderer.timeline import to_spoken
from rimebatch.transcript.reader import RecordedTake


@dataclass(frozen=True, slots=True)
class StagedJob:
    """The files of a job, complete, but not yet under their names.

    Attributes:
        rendered: What they will be once they are published.
        doubts: The takes in them that failed their checks, in order.
        passes: Whether they may be published: there are no doubts, or they are a mere
            warning.
        stale: What the job was rendered to before and is not now, such as an old
            format.
    """

    rendered: RenderedJob
    doubts: tuple[Doubt, ...]
    passes: bool
    stale: tuple[Path, ...]

    def publish(self) -> RenderedJob:
        """Remove what is stale, and move the files into place, for good.

        Where all that is there is the same to the last byte it is left alone.

        Raises:
            OutputError: That cannot be done.
        """
        for path in self.stale:
            _remove(path)
        files = self.rendered.files.all
        if not all(map(_is_published, files)):
            publish(files)
        return self.rendered


def is_rendered(
    job: PlannedJob, takes: Mapping[str, RecordedTake], folder: Path
) -> RenderedJob | None:
    """Return the files of *job* if they are whole and made of exactly these takes."""
    if _count_missing(job, takes):
        return None
    files = name_files(job, folder)
    stamp = read_stamp(files.sidecar)
    if stamp is None or stamp.inputs_sha256 != digest_inputs(job, takes):
        return None
    frames = stamp.audio.frames
    are_whole = all(is_whole(audio, frames) for audio in files.audio)
    if not are_whole or not all(file.is_file() for file in files.captions.values()):
        return None
    return RenderedJob(files, frames, find_rate_hz(job))


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
    files = name_files(job, folder)
    mix = Mix(job, takes)
    try:
        fitted = master(job, mix, files.audio)
        placed = mix.placed.at_rate(find_rate_hz(job))
        if files.captions:
            _write_captions(to_spoken(job, placed), files.captions)
        names = [file.name for file in files.all]
        sidecar = make_sidecar(job, takes, placed, names, mix.doubts, fitted)
        _write_file(files.sidecar, sidecar, b"\n")
        rendered = RenderedJob(files, placed.frames, placed.rate_hz)
        passes = not mix.doubts or job.checks.on_fail == "warn"
        yield StagedJob(rendered, mix.doubts, passes, _find_stale(job, folder))
    finally:
        discard(files.all)


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


def _find_stale(job: PlannedJob, folder: Path) -> tuple[Path, ...]:
    """Return what *job* was rendered to before, by its sidecar, and is not now.

    A sidecar may say anything; only names of the job's own are heeded.
    """
    files = name_files(job, folder)
    before = read_stamp(files.sidecar)
    names = list_names(job).intersection(before.files if before else ())
    return tuple(sorted({folder / name for name in names}.difference(files.all)))


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error


def _is_published(final: Path) -> bool:
    """Return whether *final* is there, and the same as what is staged for it."""
    try:
        return filecmp.cmp(final, staged(final), shallow=False)
    except OSError:
        return False  # moving the staged file there will tell what is wrong


def _write_captions(spoken: SpokenJob, files: Mapping[str, Path]) -> None:
    for name, path in files.items():
        _write_file(path, CAPTIONS[name].write(spoken).encode())


def _write_file(final: Path, *content: bytes) -> None:
    try:
        with staged(final).open("wb") as file:
            file.writelines(content)
    except OSError as error:
        raise cannot_write(final, error) from error
