"""Whether a finished audio file is whole, without reading it all.

Its header, or its last page, has to tell the right length, and its end has to be where
the file ends. That finds every cut. It does not find bytes that were changed in the
middle; nor, in a FLAC file, bytes that were added at the end.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import soundfile

from rimebatch.renderer.sound import mp3, ogg

_HEADER_BYTES: Final = 28  # as far as the lengths of a WAV in it go


def is_whole(path: Path, frames: int) -> bool:
    """Return whether there is audio of so many *frames* at *path*, closed and uncut.

    For any of the formats that are written here; a FLAC without a frame has no length,
    and is not whole.
    """
    try:
        with path.open("rb") as file:
            mark = file.read(4)
        ends_whole = _ENDS.get(mark, mp3.ends_whole)
        return ends_whole(path) and _count_frames(path) == frames
    except (OSError, soundfile.SoundFileError):
        return False


def _count_frames(path: Path) -> int:
    frames: int = soundfile.info(path).frames
    return frames


def _ends_wav_whole(path: Path) -> bool:
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
        size = file.seek(0, os.SEEK_END)
    # Right behind the first mark of a WAV; behind the second one of an RF64.
    return size - 8 in {
        int.from_bytes(field, "little") for field in (header[4:8], header[20:])
    }


def _ends_flac_whole(path: Path) -> bool:
    """Decode the last frame: libFLAC gives none of a block with a wrong checksum."""
    with soundfile.SoundFile(path) as file:
        file.seek(file.frames - 1)
        return len(file.read(1)) == 1


_ENDS: Final[Mapping[bytes, Callable[[Path], bool]]] = {
    b"RIFF": _ends_wav_whole,
    b"RF64": _ends_wav_whole,
    b"fLaC": _ends_flac_whole,
    ogg.MARK: ogg.ends_whole,
}
