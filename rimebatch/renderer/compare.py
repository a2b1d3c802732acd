"""Whether a job's files are, byte for byte, what its takes render to.

It says where they differ, in the terms of a listener; it does not know what is to be
done about it.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, Final

import msgspec

from rimebatch.errors import OutputError
from rimebatch.manifest.plan import PlannedJob
from rimebatch.renderer.job import stage_job
from rimebatch.renderer.job_files import RenderedJob, name_files
from rimebatch.transcript.reader import RecordedTake

_BLOCK_BYTES: Final = 65_536  # compared at memory speed; larger ones gain nothing
# Of mono audio that is not compressed, by how its file's name ends; the longest first.
_FRAME_BYTES: Final = {".ulaw.wav": 1, ".wav": 2}

_KEY: Final = re.compile(rb'\s*"([^"]+)": ')


@dataclass(frozen=True, slots=True)
class Difference:
    """A file that is not what the record renders to.

    Attributes:
        file: Which one.
        what: How it differs, from where on, on one line.
    """

    file: Path
    what: str


class _Segment(msgspec.Struct):
    """Where in the audio a segment lies."""

    start_frame: int
    end_frame: int


class _Layout(msgspec.Struct):
    """The part of a sidecar that says where in the audio each segment lies."""

    segments: list[_Segment]


def compare_files(
    job: PlannedJob, takes: Mapping[str, RecordedTake], folder: Path
) -> list[Difference]:
    """Render *job* anew, out of sight, and compare with its files in *folder*.

    A job whose takes fail their checks has no files, and should have none.

    Args:
        job: What was said.
        takes: The take of each segment, by its key.
        folder: Nothing is written there.

    Returns:
        One for each file that is missing or differs; none if all are the same.

    Raises:
        RimeBatchError: Whatever `stage_job` raises.
        OutputError: There is no room for temporary files.
    """
    with open_scratch() as scratch, stage_job(job, takes, Path(scratch)) as staged:
        are_there = any(file.exists() for file in name_files(job, folder).all)
        if not (staged.passes or are_there):
            return []
        made = staged.publish()
        found = {
            folder / file.name: _compare(file, folder / file.name, made)
            for file in made.files.all
        }
    return [Difference(file, what) for file, what in found.items() if what]


def open_scratch() -> TemporaryDirectory[str]:
    """Return a temporary folder, which is removed at the end of its context.

    Raises:
        OutputError: There is no room for one.
    """
    try:
        return TemporaryDirectory(prefix="rimebatch-")
    except OSError as error:
        what = f"cannot make a temporary folder: {error.strerror}"
        raise OutputError(f"{what}; set TMPDIR to one with room") from error


def _compare(file: Path, kept: Path, made: RenderedJob) -> str | None:
    """Return how *kept* differs from *file*, which is one of those just *made*."""
    try:
        with file.open("rb") as ours, kept.open("rb") as theirs:
            at = _find_difference(ours, theirs)
            size, kept_size = (end.seek(0, os.SEEK_END) for end in (ours, theirs))
    except FileNotFoundError:
        return "missing"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if at is None:
        return None
    if at == size:
        return f"goes on after byte {size}, where it should end"
    is_audio = file in made.files.audio
    where = _find_in_audio(at, file, made) if is_audio else _find_line(at, file)
    return f"{'ends' if at == kept_size else 'differs'} at byte {at} of {size}{where}"


def _find_difference(ours: BinaryIO, theirs: BinaryIO) -> int | None:
    """Return the first byte at which two files differ, or at which only one ends."""
    start = 0
    while (block := ours.read(_BLOCK_BYTES)) == (other := theirs.read(_BLOCK_BYTES)):
        if not block:
            return None
        start += len(block)
    pairs = enumerate(zip(block, other, strict=False))
    shorter = min(len(block), len(other))
    return start + next((at for at, (a, b) in pairs if a != b), shorter)


def _find_in_audio(at: int, file: Path, made: RenderedJob) -> str:
    """Return when byte *at* of *file* is heard, and in or before which segment.

    Of compressed audio nothing is said.
    """
    suffix = next((s for s in _FRAME_BYTES if file.name.endswith(s)), None)
    if suffix is None:
        return ""
    frame_bytes = _FRAME_BYTES[suffix]
    # The samples are the last thing in the file, which has an even length.
    audio_bytes = made.frames * frame_bytes
    samples_start = file.stat().st_size - audio_bytes - audio_bytes % 2
    if at < samples_start:
        return ", in its header"
    frame = (at - samples_start) // frame_bytes
    segments = msgspec.json.decode(made.sidecar.read_bytes(), type=_Layout).segments
    number = 1 + sum(segment.end_frame <= frame for segment in segments)
    when = f", at {frame / made.rate_hz:.3f} s"
    if number > len(segments):
        return f"{when}, after the last segment"
    place = "in" if segments[number - 1].start_frame <= frame else "before"
    return f"{when}, {place} segment {number} of {len(segments)}"


def _find_line(at: int, file: Path) -> str:
    """Return which line of *file* holds byte *at*, and the key that stands there."""
    content = file.read_bytes()
    number = 1 + content.count(b"\n", 0, at)
    key = _KEY.match(content, content.rfind(b"\n", 0, at) + 1)
    return f", in line {number}" + (f', "{key[1].decode()}"' if key else "")
