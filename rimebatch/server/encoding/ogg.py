"""Samples as OGG Opus: a whole stream for each synthesis, the same bytes every time.

It must not know ws3.
"""

import io
from collections.abc import Iterator
from typing import Final

import numpy as np
import soundfile
from numpy.typing import NDArray

RATES_HZ: Final = (8000, 12000, 16000, 24000, 48000)
"""The rates that Opus has."""

# One large write crashes libsndfile's OGG encoder, and the interpreter with it.
_BLOCK_FRAMES: Final = 65_536

# Where a page (RFC 3533, section 6) has its fields.
_SERIAL: Final = slice(14, 18)
_CHECKSUM: Final = slice(22, 26)
_COUNT_SEGMENTS: Final = 26
_HEADER_BYTES: Final = 27
_CRC_POLYNOMIAL: Final = 0x04C1_1DB7

_OUR_SERIAL: Final = (1).to_bytes(4, "little")


def opus_rate_hz(rate_hz: int) -> int:
    """Return the rate of Opus that loses nothing of *rate_hz*, or its highest."""
    return next((rate for rate in RATES_HZ if rate >= rate_hz), RATES_HZ[-1])


def encode_ogg(samples: NDArray[np.int16], rate_hz: int) -> bytes:
    """Return *samples*, shape ``(frames,)``, as an OGG file of its own.

    Args:
        samples: Any number of them.
        rate_hz: One of `RATES_HZ`.
    """
    content = io.BytesIO()
    with soundfile.SoundFile(content, "w", rate_hz, 1, "OPUS", format="OGG") as file:
        for start in range(0, len(samples), _BLOCK_FRAMES):
            file.write(samples[start : start + _BLOCK_FRAMES])
    return b"".join(_renumbered(page) for page in _pages(content.getvalue()))


def _pages(content: bytes) -> Iterator[bytearray]:
    start = 0
    while start < len(content):
        table = start + _HEADER_BYTES
        body = table + content[start + _COUNT_SEGMENTS]
        end = body + sum(content[table:body])
        yield bytearray(content[start:end])
        start = end


def _renumbered(page: bytearray) -> bytes:
    """Give *page* the same stream number always; the library draws one by lot."""
    page[_SERIAL] = _OUR_SERIAL
    page[_CHECKSUM] = bytes(4)
    page[_CHECKSUM] = _checksum(page).to_bytes(4, "little")
    return bytes(page)


def _checksum(page: bytearray) -> int:
    crc = 0
    for byte in page:
        crc = (crc << 8 & 0xFFFF_FFFF) ^ _CRC[crc >> 24 ^ byte]
    return crc


def _make_crc_table() -> list[int]:
    table = []
    for byte in range(256):
        crc = byte << 24
        for _ in range(8):
            crc = (crc << 1) ^ (_CRC_POLYNOMIAL if crc & 0x8000_0000 else 0)
        table.append(crc & 0xFFFF_FFFF)
    return table


_CRC: Final = _make_crc_table()
