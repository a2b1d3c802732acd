"""Writing audio files: the same samples make the same bytes, in every format.

Blocks are at most 64 k frames: one large write makes libsndfile's OGG encoder crash
the interpreter, and small ones cost nothing. A WAV of more than 4 GiB is RF64, because
libsndfile writes a plain one without a word and with a wrong length.
"""

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import soundfile

from rimebatch.files import make_folder, staged
from rimebatch.manifest.encoding import WAV, AudioFile, Encoding, complete
from rimebatch.renderer.publish import cannot_write
from rimebatch.renderer.sound import mp3
from rimebatch.renderer.sound.ogg import pin_serial
from rimebatch.renderer.sound.samples import Samples, to_float, to_int16
from rimebatch.renderer.sound.tags import Tags
from rimebatch.renderer.sound.target import Target

BLOCK_FRAMES: Final = 65_536

# As libsndfile names them.
_FORMATS: Final[Mapping[AudioFile, tuple[str, str]]] = {
    "wav": ("WAV", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
    "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
    "ulaw": ("WAV", "ULAW"),
}
_FRAME_BYTES: Final[Mapping[AudioFile, int]] = {"wav": 2, "ulaw": 1}
_WAV_LIMIT_BYTES: Final = 2**32 - 65_536  # of samples; the rest is for the header
_LEAST_QUALITY: Final = 0.01  # libsndfile refuses 0 for an MP3
_OPUS_KBPS: Final = (6, 256)  # what libsndfile spreads its level 1 to 0 over


class _SoundFile(Protocol):
    """What is used of soundfile's class, which has no types."""

    def write(self, data: Samples) -> None: ...
    def close(self) -> None: ...


class SoundWriter:
    """A mono audio file being written.

    Attributes:
        frames: How many have been written: the zero of whatever comes next.
    """

    def __init__(
        self, final: Path, target: Target, file: _SoundFile, encoding: Encoding
    ) -> None:
        self._final = final
        self._target = target
        self._file = file
        self._prepare = _choose_form(encoding)
        self.frames = 0

    def write(self, samples: Samples) -> None:
        """Append *samples*, of 16 bits or floating point.

        Raises:
            OutputError: The disk did not take them.
        """
        for start in range(0, len(samples), BLOCK_FRAMES):
            self._file.write(self._prepare(samples[start : start + BLOCK_FRAMES]))
            self._raise_error()
        self.frames += len(samples)

    def close(self) -> None:
        """Write the rest, and close the file.

        Raises:
            OutputError: The disk did not take all of it.
        """
        self._file.close()
        self._target.close()
        self._raise_error()

    def _raise_error(self) -> None:
        if self._target.error:
            raise cannot_write(self._final, self._target.error)


class SoundWriters:
    """Several files of the same sound, written at once.

    Attributes:
        frames: How many have been written to each.
    """

    def __init__(self, writers: Sequence[SoundWriter]) -> None:
        self._writers = writers
        self.frames = 0

    def write(self, samples: Samples) -> None:
        """Append *samples* to each file.

        Raises:
            OutputError: The disk did not take them.
        """
        for writer in self._writers:
            writer.write(samples)
        self.frames += len(samples)


@contextmanager
def open_sound(
    final: Path,
    rate_hz: int,
    most_frames: int,
    tags: Tags,
    encoding: Encoding = WAV,
) -> Iterator[SoundWriter]:
    """Open the staged file of *final* for writing; leaving the context closes it.

    Args:
        final: The name it will be published under.
        rate_hz: Frames per second.
        most_frames: How many will be written, or more.
        tags: What the file says about itself.
        encoding: How; one in which `find_encoding_flaw` finds no flaw at that rate.

    Raises:
        OutputError: The file cannot be made, or the disk does not take all of it.
    """
    encoding = complete(encoding, rate_hz)
    sound = _create(final, rate_hz, most_frames, tags, encoding)
    try:
        yield sound
    finally:
        sound.close()
    if _FORMATS[encoding.format][0] == "OGG":
        _pin_serial(final)


@contextmanager
def open_sounds(
    finals: Mapping[Path, Encoding], rate_hz: int, most_frames: int, tags: Tags
) -> Iterator[SoundWriters]:
    """Open the staged files of *finals* as `open_sound` does, to write them at once.

    Raises:
        OutputError: One cannot be made, or the disk does not take all of it.
    """
    with ExitStack() as stack:
        yield SoundWriters(
            [
                stack.enter_context(
                    open_sound(final, rate_hz, most_frames, tags, encoding)
                )
                for final, encoding in finals.items()
            ]
        )


def _create(
    final: Path, rate_hz: int, most_frames: int, tags: Tags, encoding: Encoding
) -> SoundWriter:
    container, subtype = _FORMATS[encoding.format]
    if most_frames * _FRAME_BYTES.get(encoding.format, 0) > _WAV_LIMIT_BYTES:
        container = "RF64"
    is_mp3 = encoding.format == "mp3"
    try:
        make_folder(final.parent)
        target = Target(staged(final), mp3.make_id3(tags.present()) if is_mp3 else b"")
    except OSError as error:
        raise cannot_write(final, error) from error
    mode, level = _choose_level(encoding, rate_hz)
    file: _SoundFile = soundfile.SoundFile(
        target,
        "w",
        samplerate=rate_hz,
        channels=1,
        format=container,
        subtype=subtype,
        bitrate_mode=mode,
        compression_level=level,
    )
    if not is_mp3:
        for name, text in tags.present().items():
            setattr(file, name, text)  # before the first write, or it is ignored
    return SoundWriter(final, target, file, encoding)


def _choose_level(encoding: Encoding, rate_hz: int) -> tuple[str | None, float | None]:
    """Return libsndfile's mode and level; LAME heeds neither without the other."""
    kbps, quality = encoding.bitrate_kbps, encoding.quality
    if quality is not None:
        mode = "VARIABLE" if encoding.format == "mp3" else None
        return mode, 1 - max(quality, _LEAST_QUALITY)
    if kbps is None:
        return None, None
    if encoding.format == "mp3":
        return "CONSTANT", mp3.find_level(kbps, rate_hz)
    low, high = _OPUS_KBPS
    return None, (high - kbps) / (high - low)


def _choose_form(encoding: Encoding) -> Callable[[Samples], Samples]:
    """Return what makes of samples those that the encoder is to have."""
    match encoding.format:
        case "mp3":
            return partial(_amplify, gain=mp3.find_gain(encoding.bitrate_kbps))
        case "ogg" | "opus":
            return to_float
        case _:
            return to_int16


def _amplify(samples: Samples, gain: float) -> Samples:
    return to_float(samples) * np.float32(gain)


def _pin_serial(final: Path) -> None:
    """Number the stream after its name, so that those of a folder may be chained."""
    try:
        pin_serial(staged(final), zlib.crc32(final.name.encode()))
    except OSError as error:
        raise cannot_write(final, error) from error
