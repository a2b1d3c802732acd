"""Samples as MP3: a whole stream for each synthesis, or one that goes on and on.

It must not know which of the two the service does; nobody who does says so.
"""

from collections.abc import Mapping
from typing import Final, Protocol

import numpy as np
import soundfile
from numpy.typing import NDArray

RATES_HZ: Final = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
"""The rates that MP3 has."""

_MPEG_1_FROM_HZ: Final = 32_000  # its frames are twice as long
_FRAME_SAMPLES: Final = {True: 1152, False: 576}

# What drives the last sample of a text out of the encoder, which keeps up to 2.4
# frames back, and through a decoder, which is 1,105 samples late and may want one
# frame more before it gives one out: measured, five are too few.
_TAIL_FRAMES: Final = 6

# Without a level the library keeps to a variable bit rate. 0.5 is 80 kbit/s at 24 kHz.
_VARIABLE: Final[Mapping[str, str | float]] = {}
_CONSTANT: Final[Mapping[str, str | float]] = {
    "bitrate_mode": "CONSTANT",
    "compression_level": 0.5,
}


class _SoundFile(Protocol):
    """What is used of soundfile's class, which has no types."""

    def write(self, data: NDArray[np.int16]) -> None: ...
    def close(self) -> None: ...


class _Outlet:
    """A file in memory that is never closed, whatever goes first at the end."""

    def __init__(self) -> None:
        self.content = bytearray()
        self._position = 0

    def write(self, data: bytes) -> int:
        end = self._position + len(data)
        self.content[self._position : end] = data
        self._position = end
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        starts = (0, self._position, len(self.content))
        self._position = starts[whence] + offset
        return self._position

    def tell(self) -> int:
        return self._position


def encode_mp3(samples: NDArray[np.int16], rate_hz: int) -> bytes:
    """Return *samples*, shape ``(frames,)``, as an MP3 file of its own.

    Its header says how long it is, so that exactly the same number comes back.
    """
    outlet = _Outlet()
    file = _open(outlet, rate_hz, _VARIABLE)
    file.write(samples)
    file.close()
    return bytes(outlet.content)


class Mp3Stream:
    """One MP3 stream for all that a connection says, at a constant bit rate.

    It has no header: whoever streams cannot say how long it will be. Each text is
    followed by silence, a tenth of a second or so, which drives its end out of the
    encoder: no text has to wait for the next. What is given out are whole frames.

    Args:
        rate_hz: One of `RATES_HZ`.
    """

    def __init__(self, rate_hz: int) -> None:
        self._outlet = _Outlet()
        self._file = _open(self._outlet, rate_hz, _CONSTANT)
        frame_samples = _FRAME_SAMPLES[rate_hz >= _MPEG_1_FROM_HZ]
        self._tail = np.zeros(_TAIL_FRAMES * frame_samples, np.int16)
        # The library begins with an empty header, to be filled in at the end. It is a
        # frame as long as all the others, but for a byte of padding in some of them.
        self._file.write(self._tail[:1])
        self._frame_bytes = self._taken = len(self._outlet.content)

    def encode(self, samples: NDArray[np.int16]) -> bytes:
        """Return the part of the stream that holds *samples*, shape ``(frames,)``."""
        self._file.write(samples)
        self._file.write(self._tail)
        start, self._taken = self._taken, self._find_end()
        return bytes(self._outlet.content[start : self._taken])

    def _find_end(self) -> int:
        """Return where the last frame ends that the encoder has given out whole.

        What it gives out ends anywhere, since a frame is filled up by those behind it.
        """
        content, end = self._outlet.content, self._taken
        while end + self._frame_bytes < len(content):
            has_padding = content[end + 2] >> 1 & 1
            end += self._frame_bytes + has_padding
        return end


def _open(
    outlet: _Outlet, rate_hz: int, bit_rate: Mapping[str, str | float]
) -> _SoundFile:
    file: _SoundFile = soundfile.SoundFile(
        outlet, "w", rate_hz, 1, "MPEG_LAYER_III", format="MP3", **bit_rate
    )
    return file
