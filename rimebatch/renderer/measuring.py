"""What a finished audio file is, measured on what was encoded; knows no limits.

In constant memory, but for what `loudness` keeps of each tenth of a second.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from rimebatch.renderer.decoding.mp3_frames import (
    Frame,
    read_frame,
    read_stream_header,
    skip_tags,
)
from rimebatch.renderer.loudness import measure
from rimebatch.renderer.profiles import Value
from rimebatch.renderer.sound.reader import open_audio

_HEAD_BYTES: Final = 64  # what tells of an MP3 frame where it ends; of a tag, too
_KBIT_STEP: Final = 8  # all bit rates of MP3 are multiples
_LOSSLESS: Final = {"wav", "flac", "ulaw"}  # of them nobody asks a bit rate


def measure_file(path: Path) -> dict[str, Value]:
    """Return what the audio file at *path* is, by the keys of `profiles.MEASURES`.

    Raises:
        AudioError: It cannot be read.
    """
    with open_audio(path) as audio:
        levels = measure(audio.read(np.float32), audio.rate_hz)
    seconds = levels.frames / audio.rate_hz
    mode: str | None = None
    kbps: float | None = None
    if audio.format == "mp3":
        mode, kbps = _measure_mp3(path)
    elif audio.format not in _LOSSLESS and seconds:
        kbps = path.stat().st_size * 8 / seconds / 1000
    return {
        "format": audio.format,
        "sampling_rate_hz": audio.rate_hz,
        "channels": audio.channels,
        "bit_rate_kbps": kbps,
        "bit_rate_mode": mode,
        "rms_db": levels.rms_db,
        "loudness_lufs": levels.loudness_lufs,
        "peak_db": levels.peak_db,
        "true_peak_db": levels.true_peak_db,
        "noise_floor_db": levels.noise_floor_db,
        "head_s": levels.head_frames / audio.rate_hz,
        "tail_s": levels.tail_frames / audio.rate_hz,
        "length_s": seconds,
    }


def _measure_mp3(path: Path) -> tuple[str, float]:
    """Return whether the bit rate of an MP3 is constant, and how high it is.

    A frame of a constant bit rate may be one byte longer than another, so that the
    rate is met on average; of the next bit rate it would be at least 12 bytes longer.
    """
    count = total = longest = 0
    shortest = _HEAD_BYTES * 1000
    frame: Frame | None = None
    for frame in _read_frames(path):
        size = frame.end - frame.start
        count, total = count + 1, total + size
        shortest, longest = min(shortest, size), max(longest, size)
    if frame is None:  # of layer I or II, which libsndfile reads as well
        return "unknown", 0.0
    kbps_of_byte = 8 * frame.rate_hz / frame.samples / 1000
    if longest - shortest <= 1:
        steps = round(longest * kbps_of_byte / _KBIT_STEP)
        return "constant", float(steps * _KBIT_STEP)
    return "variable", total / count * kbps_of_byte


def _read_frames(path: Path) -> Iterator[Frame]:
    """Yield the frames with sound; each counts its places from its own start."""
    with path.open("rb") as file:
        at = skip_tags(file.read(_HEAD_BYTES), 0)
        is_first = True
        while True:
            file.seek(at)
            frame = read_frame(head := file.read(_HEAD_BYTES), 0)
            if frame is None:
                return
            at += frame.end
            if not (is_first and read_stream_header(head, frame)):
                yield frame
            is_first = False
