"""Writing audio: the only module that knows soundfile.

Blocks are at most 64 k frames: one large write makes libsndfile's OGG encoder crash
the interpreter, and small ones cost nothing. A WAV of more than 4 GiB is RF64, because
libsndfile writes a plain one without a word and with a wrong length. The length in the
header is written last of all, on closing, and libsndfile says nothing where the disk
refuses it: the file itself has to be asked.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import soundfile
from numpy.typing import NDArray

from rimebatch.errors import OutputError
from rimebatch.files import make_folder, staged
from rimebatch.renderer.publish import cannot_write

BLOCK_FRAMES: Final = 65_536
_FRAME_BYTES: Final = 2
_WAV_LIMIT_BYTES: Final = 2**32 - 65_536  # of samples; the rest is for the header
_HEADER_BYTES: Final = 28  # as far as the lengths of the file in it go


class _SoundFile(Protocol):
    """What is used of soundfile's class, which has no types."""

    title: str

    def write(self, data: NDArray[np.int16]) -> None: ...
    def close(self) -> None: ...


class SoundWriter:
    """A mono 16-bit audio file being written.

    Attributes:
        frames: How many have been written: the zero of whatever comes next.
    """

    def __init__(self, final: Path, file: _SoundFile) -> None:
        self._final = final
        self._file = file
        self.frames = 0

    def write(self, samples: NDArray[np.int16]) -> None:
        """Append *samples*, shape ``(frames,)``.

        Raises:
            OutputError: The disk did not take them.
        """
        try:
            for start in range(0, len(samples), BLOCK_FRAMES):
                self._file.write(samples[start : start + BLOCK_FRAMES])
        except soundfile.SoundFileError as error:
            raise cannot_write(self._final, error) from error
        self.frames += len(samples)

    def close(self) -> None:
        """Close the file; `is_whole` tells what came of it.

        Raises:
            OutputError: The disk did not take the rest of it.
        """
        try:
            self._file.close()
        except soundfile.SoundFileError as error:
            raise cannot_write(self._final, error) from error


@contextmanager
def open_sound(
    final: Path, rate_hz: int, most_frames: int, title: str
) -> Iterator[SoundWriter]:
    """Open the staged file of *final* for writing; leaving the context closes it.

    Args:
        final: The name it will be published under.
        rate_hz: Frames per second.
        most_frames: How many will be written, or more.
        title: For the file's tags; not empty.

    Raises:
        OutputError: The file cannot be made, or is not whole once it is closed.
    """
    sound = SoundWriter(final, _create(final, rate_hz, most_frames, title))
    try:
        yield sound
    finally:
        sound.close()
    if not is_whole(staged(final), sound.frames):
        raise OutputError(
            f"{final}: the disk did not keep what was written; make room there, or "
            "write elsewhere"
        )


def is_whole(path: Path, frames: int) -> bool:
    """Return whether there is audio of so many *frames* at *path*, closed and uncut."""
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
            size = file.seek(0, os.SEEK_END)
        found: int = soundfile.info(path).frames
    except (OSError, soundfile.SoundFileError):
        return False
    # Right behind the first mark of a WAV; behind the second one of an RF64.
    lengths = {int.from_bytes(field, "little") for field in (header[4:8], header[20:])}
    return found == frames and size - 8 in lengths


def _create(final: Path, rate_hz: int, most_frames: int, title: str) -> _SoundFile:
    big = most_frames * _FRAME_BYTES > _WAV_LIMIT_BYTES
    try:
        make_folder(final.parent)
        staged(final).write_bytes(b"")  # gives a reason, where libsndfile has none
        file: _SoundFile = soundfile.SoundFile(
            staged(final),
            "w",
            samplerate=rate_hz,
            channels=1,
            format="RF64" if big else "WAV",
            subtype="PCM_16",
        )
        file.title = title  # before the first write, or libsndfile ignores it
    except (OSError, soundfile.SoundFileError) as error:
        raise cannot_write(final, error) from error
    return file
