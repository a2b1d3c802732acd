"""Reading audio files back, in blocks: what was encoded, as a listener's player has it.

Knows the formats that a job can be written in, and nothing of what is done with them.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol, TypeVar, cast

import numpy as np
import soundfile
from numpy.typing import NDArray

from rimebatch.errors import AudioError
from rimebatch.manifest.encoding import AudioFile
from rimebatch.renderer.sound.writer import BLOCK_FRAMES

# From what libsndfile says to what a manifest says: by the samples, or else by the
# file. RF64 is a WAV that may be large.
_OF_SAMPLES: Final[Mapping[str, AudioFile]] = {
    "ULAW": "ulaw",
    "VORBIS": "ogg",
    "OPUS": "opus",
}
_OF_FILES: Final[Mapping[str, AudioFile]] = {
    "WAV": "wav",
    "WAVEX": "wav",
    "RF64": "wav",
    "FLAC": "flac",
    "MP3": "mp3",
}

# Where a place is found to the sample. In the others it is an estimate, or what is
# decoded there depends on what was before.
_EXACT: Final = {"wav", "ulaw", "flac"}

_Scalar = TypeVar("_Scalar", np.int16, np.float32)


class _SoundFile(Protocol):
    """What is used of soundfile's class, which has no types."""

    format: str
    subtype: str
    samplerate: int
    channels: int
    frames: int

    def read(
        self, frames: int, dtype: str, *, always_2d: bool
    ) -> NDArray[np.int16] | NDArray[np.float32]: ...
    def seek(self, frames: int) -> int: ...
    def close(self) -> None: ...


class _OneWay(soundfile.SoundFile):  # type: ignore[misc,no-any-unimported]  # untyped
    """A file that is read from front to back.

    After each block soundfile seeks to where it is already, and an MP3 decoder forgets
    by that what it needs of the frames before.
    """

    def seekable(self) -> bool:
        return False


class AudioReader:
    """An audio file that is open.

    Attributes:
        format: As ``output.format`` of a manifest names it.
        rate_hz: Frames per second.
        channels: How many there are; the first alone is read.
        frames: Its length.
    """

    def __init__(self, path: Path, file: _SoundFile) -> None:
        self._path = path
        self._file = file
        found = _OF_SAMPLES.get(file.subtype) or _OF_FILES.get(file.format)
        self.format: str = found or file.format.lower()
        self.rate_hz = file.samplerate
        self.channels = file.channels
        self.frames = file.frames

    def read(
        self, kind: type[_Scalar], start: int = 0, end: int | None = None
    ) -> Iterator[NDArray[_Scalar]]:
        """Yield frames *start* to *end* in blocks of at most 64 k; once for a reader.

        Args:
            kind: Of number. What is above full scale, as after MP3, float32 keeps.
            start: The first frame.
            end: The frame after the last; that of the file if it is left out.

        Raises:
            AudioError: A block cannot be read.
        """
        end = self.frames if end is None else end
        at = self._file.seek(start) if start and self.format in _EXACT else 0
        while at < end:
            block = self._read_block(kind, min(BLOCK_FRAMES, end - at))
            if not len(block):
                return  # an MP3 may be some frames shorter than it says
            if at + len(block) > start:
                yield block[max(0, start - at) :]
            at += len(block)

    def _read_block(self, kind: type[_Scalar], frames: int) -> NDArray[_Scalar]:
        try:
            channels = self._file.read(frames, kind.__name__, always_2d=True)
        except soundfile.LibsndfileError as error:
            raise _cannot_read(self._path, error.error_string) from error
        # The cast: libsndfile gives the kind of number that it is asked for.
        return cast("NDArray[_Scalar]", channels[:, 0])


@contextmanager
def open_audio(path: Path) -> Iterator[AudioReader]:
    """Open the audio file at *path*; leaving the context closes it.

    Raises:
        AudioError: It cannot be read.
    """
    file = _open(path)
    try:
        yield AudioReader(path, file)
    finally:
        file.close()


def _open(path: Path) -> _SoundFile:
    try:
        path.open("rb").close()  # gives a reason, where libsndfile has none
        file: _SoundFile = _OneWay(path)
    except OSError as error:
        raise _cannot_read(path, str(error.strerror)) from error
    except soundfile.LibsndfileError as error:
        raise _cannot_read(path, error.error_string) from error
    return file


def _cannot_read(path: Path, why: str) -> AudioError:
    what = f"{path}: cannot be read as audio: {why.rstrip('.')}"
    return AudioError(f"{what}; `rimebatch render` makes it again")
