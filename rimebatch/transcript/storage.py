"""Room on the disk, asked for before the money is spent that fills it.

An answer that was paid for and cannot be stored is lost. Knows nothing of what is
spoken, nor of other runs that fill the same disk.
"""

import math
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from rimebatch.errors import OutputError
from rimebatch.manifest.plan import CHARS_PER_SECOND
from rimebatch.ws3.query import Query
from rimebatch.ws3.takes import BYTES_PER_SAMPLE

# The most that MPEG-2 allows, which is what MP3 is at rates up to 24 kHz. Nobody says
# what the service takes; LAME's variable rate came to 75 kbit/s on speech.
_MP3_BYTES_PER_S: Final = 160_000 // 8

_TRANSCRIPT_PER_AUDIO: Final = 1.36  # base64 in JSON with the word times: measured
_MARGIN: Final = 2  # slow voices, long pauses, and connections beside this one


def estimate_bytes(chars: int, audio_format: str, rate_hz: int) -> int:
    """Return how many bytes should be free before *chars* are sent.

    That is twice what the transcript of that much English prose takes; what is
    rendered from it is not counted, since it can be rendered again.

    Args:
        chars: Characters to be spoken.
        audio_format: ``pcm``, ``mulaw`` or ``mp3``.
        rate_hz: Samples per second.
    """
    if audio_format == "mp3":
        bytes_per_s = _MP3_BYTES_PER_S
    else:
        bytes_per_s = BYTES_PER_SAMPLE[audio_format] * rate_hz
    audio_bytes = chars / CHARS_PER_SECOND * bytes_per_s
    return math.ceil(audio_bytes * _TRANSCRIPT_PER_AUDIO * _MARGIN)


def count_free_bytes(folder: Path) -> int:
    """Return how much this user may still write to the disk of *folder*.

    Quotas are not known here. May wait for a file system on the network.

    Raises:
        OSError: The folder cannot be asked about.
    """
    disk = os.statvfs(folder)
    if not disk.f_blocks:
        return sys.maxsize  # no size at all: a file system that does not tell
    return disk.f_bavail * disk.f_frsize


def check_room(
    folder: Path,
    wanted_bytes: int,
    free_bytes: Callable[[Path], int] = count_free_bytes,
) -> None:
    """Make sure that *wanted_bytes* are free where *folder* is.

    Args:
        folder: Must exist.
        wanted_bytes: As from `estimate_bytes`.
        free_bytes: How much is free there.

    Raises:
        OutputError: There is less, or nobody can tell.
    """
    try:
        free = free_bytes(folder)
    except OSError as error:
        raise OutputError(
            f"{folder}: cannot tell how much room there is: {error.strerror}; "
            "write elsewhere"
        ) from error
    if free < wanted_bytes:
        raise OutputError(
            f"{folder}: {free:,} bytes are free and {wanted_bytes:,} are wanted before "
            "more text is sent; make room there, then run again"
        )


def check_segment_room(
    folder: Path,
    chars: int,
    query: Query,
    free_bytes: Callable[[Path], int] = count_free_bytes,
) -> None:
    """Make sure that the answer to a segment can be stored where *folder* is.

    Args:
        folder: Must exist.
        chars: Characters to be spoken.
        query: What its connection was opened with.
        free_bytes: How much is free there.

    Raises:
        OutputError: There may be too little room, or nobody can tell.
    """
    voice = dict(query)
    rate_hz = int(voice["samplingRate"])
    wanted_bytes = estimate_bytes(chars, voice["audioFormat"], rate_hz)
    check_room(folder, wanted_bytes, free_bytes)
