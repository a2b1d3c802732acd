"""The pages of an OGG file (RFC 3533), as far as libsndfile leaves them to be done.

A page is a header, a table of lacing values that add up to the length of its body, and
the body. Knows neither Vorbis nor Opus.
"""

import os
import zlib
from pathlib import Path
from typing import Final

MARK: Final = b"OggS"

_LAST_PAGE: Final = 4  # a flag
_FLAGS_AT: Final = 5
_SERIAL: Final = slice(14, 18)
_CHECKSUM: Final = slice(22, 26)
_COUNT_AT: Final = 26
_HEADER_BYTES: Final = 27
_MOST_BYTES: Final = _HEADER_BYTES + 255 + 255 * 255

_REVERSED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def pin_serial(path: Path, serial: int) -> None:
    """Give the stream at *path* a serial number, in place of libsndfile's random one.

    Args:
        path: A file that has just been written, so that its pages are taken as sound.
        serial: In 32 bits.

    Raises:
        OSError: It cannot be read or written.
    """
    with path.open("r+b") as file:
        while head := file.read(_HEADER_BYTES):
            lacing = file.read(head[_COUNT_AT])
            page = bytearray(head + lacing + file.read(sum(lacing)))
            page[_SERIAL] = serial.to_bytes(4, "little")
            page[_CHECKSUM] = _check(page)
            file.seek(-len(page), os.SEEK_CUR)
            file.write(page)


def ends_whole(path: Path) -> bool:
    """Return whether the file at *path* ends with the last page of its stream, whole.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _MOST_BYTES))
        tail = file.read()
    start = len(tail)
    # The mark may also stand inside the body of a page.
    while (start := tail.rfind(MARK, 0, start)) >= 0:
        page = tail[start:]
        if len(page) > _HEADER_BYTES and _check(page) == page[_CHECKSUM]:
            return bool(page[_FLAGS_AT] & _LAST_PAGE)
    return False


def _check(page: bytes | bytearray) -> bytes:
    """Return the checksum of *page*.

    Theirs takes the bits of a byte from the other end than zlib's, and inverts nothing.
    """
    blank = page[: _CHECKSUM.start] + bytes(4) + page[_CHECKSUM.stop :]
    mirrored = zlib.crc32(blank.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2).to_bytes(4, "little")
